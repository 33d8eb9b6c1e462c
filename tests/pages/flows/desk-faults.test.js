// The network and the platform fail in the middle of what a dispatcher does: nothing is lost, nothing is done twice, and the
// dispatcher is told.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { city, closed, customer, url, watched } from './watched.js'
import { refusal, busy, tooMany, loggedOut, lost, UNKNOWN, WAIT } from './mishaps.js'
import { claimed, decided, deskOf, named, registered, session, to, until, visited } from './desks.js'
import { creditCode, idNumber } from '../numbers.js'

const agency = city.demo.agencies[2]
const DAY = 86_400_000
const PHOTO = readFileSync(new URL('../../end_to_end/photo.jpg', import.meta.url))

let desk, own, token, workers, workersUsed = 0, days = 1 + Math.floor(Math.random() * 30)

before(async () => {
  desk = await session(agency)
  own = await registered(named('哈尔滨试办家政服务有限公司'))
  await decided(own.agency_id, 'approve', '证照齐全')
  token = await customer(14)
  workers = (await city.call('GET', '/v1/workers?limit=50', desk.token)).items.filter(worker => worker.status === 'approved')
})
after(closed)

/** Each claim is for another day, so that somebody is free. */
const claim = async () => ({ order_id: await claimed(desk, token, { start_at: new Date(Date.now() + ++days * DAY).toISOString() }) })
/** A worker that no other form has changed. */
const worker = async () => ({ worker_id: workers[workersUsed++ % workers.length].worker_id })
const badge = async () => {
  const { worker_id } = await worker()
  return { worker_id, badge_id: (await city.call('POST', `/v1/workers/${worker_id}/badges`, desk.token, {})).badge_id }
}
const store = async () => ({ store_id: (await city.call('POST', `/v1/agencies/${desk.agency_id}/stores`, desk.token, { name: named('分店'), address: '和兴路 7 号', location: agencyAt })).store_id })
const agencyAt = { lat: 45.75, lon: 126.63, datum: 'wgs84' }
const read = path => city.call('GET', path, desk.token)
const storesOf = async () => (await read(`/v1/agencies/${desk.agency_id}`)).stores
const lines = async (order_id, what) => (await city.call('GET', `/v1/orders/${order_id}`, token)).timeline.filter(line => line.what === what).length

const inDetail = page => page.locator('.split-detail [type=submit]').click()
const inDialog = page => page.locator('dialog [type=submit]').click()
const file = (label, content) => page => page.getByLabel(label).setInputFiles(content)
const PDF = { name: '证照.pdf', mimeType: 'application/pdf', buffer: Buffer.from(`%PDF-1.4\n% ${randomUUID()}\n%%EOF\n`) }

/**
 * What a dispatcher sends. `made` is what it is about, `opened` shows it filled in, `pressed` sends it, `kept` looks whether what was
 * typed is still there, `done` is what the dispatcher sees at last, and `count` how often it was done. `keyed`: the API tells repeats
 * by a key. `single`: a button without fields, which is pressed again when the network is back.
 */
const FORMS = [
  {
    name: 'the login', request: ['POST', '/v1/sessions/agency'], outside: true, unkept: true,
    opened: async page => {
      await page.goto(`${url}/`)
      await page.goto(`${url}/desk`)
      await page.getByLabel('账号').fill(own.access_key)
      await page.getByLabel('密钥').fill(own.secret)
    },
    pressed: page => page.locator('main [type=submit]').click(),
    kept: async page => assert.equal(await page.getByLabel('密钥').inputValue(), own.secret),
    done: page => page.getByRole('heading', { name: /可抢 \d+ 单/ }).waitFor(),
  },
  {
    name: 'a registration', request: ['POST', '/v1/agencies'], outside: true, keyed: true,
    made: async () => ({ name: named('哈尔滨新办家政有限公司'), uscc: creditCode() }),
    opened: async (page, { name, uscc }) => {
      await page.goto(`${url}/`)
      await page.goto(`${url}/desk#/register`)
      await page.getByLabel('公司名称').fill(name)
      await page.getByLabel('统一社会信用代码').fill(uscc)
      await page.getByLabel('负责人姓名').fill('李雷')
      await page.getByLabel('负责人手机号').fill('13845678902')
      await page.getByLabel('日常保洁').check()
      await page.getByLabel('门店名称').fill('一店')
      await page.getByLabel('门店地址').fill('中央大街 100 号')
      await picked(page)
    },
    pressed: page => page.locator('main [type=submit]').click(),
    kept: async (page, { uscc }) => assert.equal(await page.getByLabel('统一社会信用代码').inputValue(), uscc),
    done: async page => {
      await page.getByRole('heading', { name: '已提交，请记下账号' }).waitFor()
      const [access_key, secret] = await page.locator('.credentials code').allInnerTexts()
      await session({ access_key, secret })
    },
    count: async ({ name }) => {
      const { items } = await city.call('GET', '/v1/reviews?kind=agency&limit=100', await officeToken())
      return items.filter(item => JSON.stringify(item).includes(name)).length
    },
  },
  {
    name: 'naming a worker', request: ['POST', '/v1/orders/*/staff'], single: true, made: claim,
    opened: async (page, { order_id }) => {
      await to(page, `claims/${order_id}`)
      await page.locator('.candidate .button.go').waitFor()
    },
    pressed: page => page.locator('.candidate .button.go').click(),
    done: (page, { order_id }) => page.waitForURL(new RegExp(`orders/${order_id}`)),
    count: ({ order_id }) => lines(order_id, 'staffed'),
  },
  {
    name: 'giving an order back', request: ['POST', '/v1/orders/*/release'], made: claim,
    opened: async (page, { order_id }) => {
      await to(page, `claims/${order_id}`)
      await page.getByRole('button', { name: '退单' }).click()
      await page.getByLabel('没有合适的服务员').check()
    },
    pressed: inDialog,
    kept: async page => assert.ok(await page.getByLabel('没有合适的服务员').isChecked()),
    done: page => page.waitForURL(/claims$/),
    count: ({ order_id }) => lines(order_id, 'released'),
  },
  {
    name: 'a new worker', request: ['POST', '/v1/workers'], keyed: true, made: async () => ({ name: named('吴新工'), id: idNumber() }),
    opened: async (page, { name, id }) => {
      await to(page, 'workers/new')
      const form = page.locator('.split-detail form')
      await form.getByLabel('姓名').fill(name)
      await form.getByLabel('手机号').fill(`139${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`)
      await form.locator('.option').first().click()
      await form.getByLabel('身份证号').fill(id)
      await form.getByLabel('她已读过并签署').check()
    },
    pressed: inDetail,
    kept: async (page, { id }) => assert.equal(await page.getByLabel('身份证号').inputValue(), id),
    done: page => page.waitForURL(/workers\/wkr_/),
    count: async ({ name }) => (await read('/v1/workers?limit=100')).items.filter(one => one.name === name).length,
  },
  {
    name: 'a worker changed', request: ['PATCH', '/v1/workers/*'], made: async () => ({ ...await worker(), name: named('郑改名') }),
    opened: async (page, { worker_id, name }) => {
      await to(page, `workers/${worker_id}`)
      await page.getByRole('button', { name: '修改资料' }).click()
      await page.locator('.split-detail').getByLabel('姓名').fill(name)
    },
    pressed: inDetail,
    kept: async (page, { name }) => assert.equal(await page.locator('.split-detail').getByLabel('姓名').inputValue(), name),
    done: (page, { name }) => page.locator('.card', { hasText: '等待审核的修改' }).getByText(name).waitFor(),
    count: async ({ worker_id, name }) => Number((await read(`/v1/workers/${worker_id}`)).pending_changes?.name === name),
  },
  {
    name: 'when a worker works', request: ['PUT', '/v1/workers/*/availability'],
    made: async () => {
      const { worker_id } = await worker()
      return { worker_id, before: await leaveOf(worker_id) }
    },
    opened: async (page, { worker_id }) => {
      await to(page, `workers/${worker_id}`)
      await page.locator('.card', { hasText: '上班时间和请假' }).getByRole('button', { name: '修改' }).click()
      await page.getByRole('button', { name: '加一次请假' }).click()
    },
    pressed: inDetail,
    kept: async page => assert.equal(await page.getByLabel('从哪一天').count(), 1),
    done: page => page.locator('.card', { hasText: '上班时间和请假' }).getByRole('button', { name: '修改' }).waitFor(),
    count: async ({ worker_id, before }) => await leaveOf(worker_id) - before,
  },
  {
    name: 'a worker who leaves', request: ['POST', '/v1/workers/*/leave'], made: employed,
    opened: async (page, { worker_id }) => {
      await to(page, `workers/${worker_id}`)
      await page.getByRole('button', { name: '办理离职' }).click()
      await page.getByLabel('合同到期').check()
    },
    pressed: inDialog,
    kept: async page => assert.ok(await page.getByLabel('合同到期').isChecked()),
    done: page => page.waitForURL(/workers$/),
    count: async ({ name }) => Number(!(await read('/v1/workers?limit=100')).items.some(one => one.name === name)),
  },
  {
    name: 'a photo', request: ['PUT', '/v1/workers/*/photo'], single: true, made: worker,
    opened: (page, { worker_id }) => to(page, `workers/${worker_id}`),
    pressed: file('换照片', { name: '照片.jpg', mimeType: 'image/jpeg', buffer: PHOTO }),
    done: page => page.getByText('新照片', { exact: true }).first().waitFor(),
    count: async ({ worker_id }) => Number(!!(await read(`/v1/workers/${worker_id}`)).pending_changes?.photo),
  },
  {
    name: 'a badge', request: ['POST', '/v1/workers/*/badges'], single: true, keyed: true,
    made: async () => {
      const { worker_id } = await worker()
      return { worker_id, before: await badgesOf(worker_id) }
    },
    opened: (page, { worker_id }) => to(page, `workers/${worker_id}`),
    pressed: page => page.getByRole('button', { name: '办一张卡' }).click(),
    done: (page, { before }) => page.locator('.badges > li').nth(before).waitFor(),
    count: async ({ worker_id, before }) => await badgesOf(worker_id) - before,
  },
  ...[['suspended', 'suspend', '暂停使用', '正在核实情况', 'suspended'], ['revoked', 'revoke', '吊销', '换新卡', 'revoked']].map(([what, path, button, why, status]) => ({
    name: `a badge ${what}`, request: ['POST', `/v1/badges/*/${path}`], made: badge,
    opened: async (page, { worker_id }) => {
      await to(page, `workers/${worker_id}`)
      await page.locator('.badges > li').first().getByRole('button', { name: button }).click()
      await page.getByLabel(why).check()
    },
    pressed: inDialog,
    kept: async page => assert.ok(await page.getByLabel(why).isChecked()),
    done: page => page.getByRole('dialog').waitFor({ state: 'detached' }),
    count: async ({ worker_id, badge_id }) => (await read(`/v1/workers/${worker_id}/badges`)).items.filter(one => one.badge_id === badge_id && one.status === status).length,
  })),
  {
    name: 'a new store', request: ['POST', '/v1/agencies/*/stores'], keyed: true, made: async () => ({ name: named('新店') }),
    opened: async (page, { name }) => {
      await to(page, 'stores/new')
      await page.getByLabel('门店名称').fill(name)
      await page.getByLabel('门店地址').fill('和兴路 9 号')
      await picked(page)
    },
    pressed: inDetail,
    kept: async (page, { name }) => assert.equal(await page.getByLabel('门店名称').inputValue(), name),
    done: page => page.waitForURL(/stores\/sto_/),
    count: async ({ name }) => (await storesOf()).filter(one => one.name === name).length,
  },
  {
    name: 'a store and its hours changed', request: ['PATCH', '/v1/agencies/*/stores/*'], made: async () => ({ ...await store(), name: named('改店') }),
    opened: async (page, { store_id, name }) => {
      await to(page, `stores/${store_id}`)
      await page.reload()
      await page.getByRole('button', { name: '修改资料' }).click()
      await page.getByLabel('门店名称').fill(name)
      await page.getByLabel('限定时间').check()
    },
    pressed: inDetail,
    kept: async (page, { name }) => {
      assert.equal(await page.getByLabel('门店名称').inputValue(), name)
      assert.equal(await page.locator('.span').count(), 6)
    },
    done: (page, { name }) => page.locator('.split-detail').getByRole('heading', { name }).waitFor(),
    count: async ({ store_id, name }) => (await storesOf()).filter(one => one.store_id === store_id && one.name === name && one.opening_hours.length === 6).length,
  },
  {
    name: 'a store closed', request: ['POST', '/v1/agencies/*/stores/*/close'], made: store,
    opened: async (page, { store_id }) => {
      await to(page, `stores/${store_id}`)
      await page.reload()
      await page.getByRole('button', { name: '关闭门店' }).click()
    },
    pressed: inDialog,
    done: page => page.locator('.split-detail').getByText('已关闭').waitFor(),
    count: async ({ store_id }) => (await storesOf()).filter(one => one.store_id === store_id && one.status === 'closed').length,
  },
  {
    name: 'a paper', request: ['PUT', '/v1/papers/labour_dispatch_permit'], single: true,
    made: async () => ({ content: { ...PDF, buffer: Buffer.from(`%PDF-1.4\n% ${randomUUID()}\n%%EOF\n`) } }),
    opened: page => to(page, 'more/papers'),
    pressed: (page, { content }) => page.getByLabel(/劳务派遣经营许可证/).setInputFiles(content),
    done: page => page.locator('.card', { hasText: '劳务派遣经营许可证' }).getByText('待审核').first().waitFor(),
    count: async ({ content }) => (await read(`/v1/agencies/${desk.agency_id}`)).pending_changes?.papers?.filter(paper => paper.bytes === content.buffer.length).length || 0,
  },
  {
    name: 'a note of a customer', request: ['PATCH', '/v1/customers/*'], made: async () => ({ ...await served(), notes: named('门铃坏了') }),
    opened: async (page, { customer_id, notes }) => {
      await to(page, `customers/${customer_id}`)
      await page.getByLabel('贵公司的备注').fill(notes)
    },
    pressed: inDetail,
    kept: async (page, { notes }) => assert.equal(await page.getByLabel('贵公司的备注').inputValue(), notes),
    done: page => page.getByText('备注已保存').waitFor(),
    count: async ({ customer_id, notes }) => Number((await read(`/v1/customers/${customer_id}`)).notes === notes),
  },
  {
    name: 'the answer to a complaint', request: ['POST', '/v1/complaints/*/answer'],
    made: async () => {
      const order_id = await visited(desk, token, { duration_min: 30 })
      const { complaint_id } = await city.call('POST', `/v1/orders/${order_id}/complaints`, token, { about: 'price', detail: '多收了钱' })
      return { complaint_id, text: named('已退还') }
    },
    opened: async (page, { complaint_id, text }) => {
      await to(page, `complaints/${complaint_id}`)
      await page.getByLabel('贵公司的答复').fill(text)
    },
    pressed: inDetail,
    kept: async (page, { text }) => assert.equal(await page.getByLabel('贵公司的答复').inputValue(), text),
    done: (page, { text }) => page.locator('.said', { hasText: text }).waitFor(),
    count: async ({ complaint_id, text }) => (await read('/v1/complaints?limit=100')).items.filter(one => one.complaint_id === complaint_id && one.answer?.text === text).length,
  },
  {
    name: 'a new member', request: ['POST', '/v1/members'], keyed: true, made: async () => ({ name: named('钱调度') }),
    opened: async (page, { name }) => {
      await toMembers(page)
      await page.getByRole('button', { name: '添加成员' }).click()
      await page.getByRole('dialog').getByLabel('姓名').fill(name)
    },
    pressed: inDialog,
    kept: async (page, { name }) => assert.equal(await page.getByRole('dialog').getByLabel('姓名').inputValue(), name),
    done: handedOver,
    count: async ({ name }) => (await read('/v1/members?limit=50')).items.filter(one => one.name === name).length,
  },
  {
    name: 'a key withdrawn', request: ['DELETE', '/v1/members/*/credentials/*'],
    made: async () => {
      const name = named('钱退钥')
      return { name, ...await city.call('POST', '/v1/members', desk.token, { name, role: 'viewer' }) }
    },
    opened: async (page, { name }) => {
      await toMembers(page)
      await page.locator('.people li', { hasText: name }).getByRole('button', { name: '作废' }).click()
    },
    pressed: inDialog,
    done: page => page.getByRole('dialog').waitFor({ state: 'detached' }),
    count: async ({ member_id }) => 1 - (await read('/v1/members?limit=50')).items.find(one => one.member_id === member_id).credentials.length,
  },
  {
    name: 'a key for a member', request: ['POST', '/v1/members/*/credentials'], single: true, keyed: true,
    made: async () => {
      const name = named('孙钥匙')
      return { name, member_id: (await city.call('POST', '/v1/members', desk.token, { name, role: 'viewer' })).member_id }
    },
    opened: toMembers,
    pressed: (page, { name }) => page.locator('.people li', { hasText: name }).getByRole('button', { name: '发新账号' }).click(),
    done: handedOver,
    count: async ({ member_id }) => (await read('/v1/members?limit=50')).items.find(one => one.member_id === member_id).credentials.length - 1,
  },
]

/** From elsewhere, so that the list has who was added since. */
async function toMembers(page) {
  await to(page, 'more')
  await to(page, 'more/members')
}

/** A secret that was shown once opens a session, however often the answer was lost. */
async function handedOver(page) {
  const shown = page.getByRole('dialog').locator('.credentials code')
  await shown.nth(1).waitFor()
  const [access_key, secret] = await shown.allInnerTexts()
  await session({ access_key, secret })
  await page.getByRole('button', { name: '记好了' }).click()
}

/** Picks a place on the map. */
async function picked(page) {
  await page.getByRole('button', { name: '在地图上选' }).click()
  await page.locator('.map-frame [role=img]').click({ position: { x: 150, y: 120 } })
  await page.getByRole('button', { name: '就在这里' }).click()
}

/** A worker of the agency's, whom the authority has approved. */
async function employed() {
  const name = named('周离职')
  const { worker_id, version } = await city.call('POST', '/v1/workers', desk.token, {
    name, id_number: idNumber(), phone: `138${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`, skills: ['cleaning'], consent: { text_version: '2026-01', given_at: new Date(Date.now() - 60_000).toISOString() },
  })
  await city.call('POST', `/v1/workers/${worker_id}/reviews`, await officeToken(), { decision: 'approve', version: version || 1, reason: '资料属实' })
  return { worker_id, name }
}

let someone = null
/** A customer who was served. */
async function served() {
  someone ||= visited(desk, token, { duration_min: 30 })
  await someone
  let found = null
  await until(async () => { [found] = (await read('/v1/customers')).items; return found })
  return { customer_id: found.customer_id }
}

let officeSession = null
const officeToken = async () => (await (officeSession ||= session(city.demo.authority, 'authority'))).token
const leaveOf = async worker_id => (await read(`/v1/workers/${worker_id}/calendar?from=${new Date().toISOString()}&until=${new Date(Date.now() + 7 * DAY).toISOString()}`)).leave.filter(one => one.by === 'agency').length
const badgesOf = async worker_id => (await read(`/v1/workers/${worker_id}/badges?limit=100`)).items.filter(one => one.agency_id === desk.agency_id).length

/** What the requests of each try meet, and what is said then. */
const TRIES = [
  [[busy], UNKNOWN],
  [[tooMany], WAIT],
  [[loggedOut, refusal(503, 'unavailable', { 'retry-after': '1' }), lost], UNKNOWN],
]
/** Opening a session needs none, and is not sent again by itself. */
const TRIES_OUTSIDE = [TRIES[0], TRIES[1], [[lost], UNKNOWN]]
const TRIES_REGISTERING = [TRIES[0], TRIES[1], [[refusal(503, 'unavailable', { 'retry-after': '1' }), lost, lost], UNKNOWN]]

test('Whatever a form of the desk meets', async t => {
  const inside = await deskOf(agency)
  for (const form of FORMS) {
    const { name, request: [method, path], outside, keyed, single, made = async () => ({}), opened, pressed, kept = async () => {}, done, count } = form
    const me = outside ? await watched({ width: 1440, refused: true }) : inside
    const { page } = me
    const told = words => page.getByRole('alert').getByText(words).first().waitFor()

    await t.test(name, async () => {
      const about = await made()
      await opened(page, about)
      let meets = []
      const keys = []
      await page.route(url => new URL(url).pathname.match(new RegExp(`^${path.replaceAll('*', '[^/]+')}$`)), route => {
        if (route.request().method() !== method) return route.fallback()
        keys.push(route.request().headers()['idempotency-key'])
        const fault = meets.shift()
        return fault ? fault(route) : route.fallback()
      })
      for (const [faults, words] of outside ? keyed ? TRIES_REGISTERING : TRIES_OUTSIDE : TRIES) {
        meets = [...faults]
        await pressed(page, about)
        await told(words)
        assert.deepEqual(meets, [], 'all of it was met')
        await kept(page, about)
      }
      await pressed(page, about)
      await done(page, about)
      if (count) assert.equal(await count(about), 1, 'it was done once')
      if (keyed) assert.equal(new Set(keys).size, 1, `a repeat has the key of the first time: ${keys}`)
      await page.unrouteAll()
    })

    await t.test(`${name}, offline when it is sent`, async () => {
      const about = await made()
      if (outside) await page.context().clearCookies()
      await opened(page, about)
      await me.context.setOffline(true)
      await page.getByText('网络已断开').waitFor()
      await pressed(page, about)
      await told(UNKNOWN)
      await kept(page, about)
      await me.context.setOffline(false)
      if (single) {
        await page.getByText('网络已断开').waitFor({ state: 'detached' })
        await pressed(page, about)
      }
      await done(page, about)
      if (count) assert.equal(await count(about), 1, 'it was done once')
    })
    if (outside) await me.leave()
  }
  await inside.leave()
})
