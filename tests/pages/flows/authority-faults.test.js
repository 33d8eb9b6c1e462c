// The network and the platform fail in the middle of each of the authority's forms: what was filled in stays, nothing is done twice,
// and the member is told.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { officials } from '../officials.js'
import { city, closed, url, watched } from './watched.js'
import { busy, tooMany, loggedOut, lost, UNKNOWN, WAIT } from './mishaps.js'
import { keyEntered } from './steps.js'

/** @type {Awaited<ReturnType<typeof officials>>} */
let they
let supervisor
let auditor
let worn
before(async () => {
  they = await officials(city)
  supervisor = await they.member('supervisor')
  auditor = await they.member('auditor')
  worn = await they.worn(city.desks[0].token)
})
after(closed)

const { call } = city

/** By name: what the first requests meet, and what the member is told before they try again, if they have to. */
const FAULTS = [
  ['the answer is lost once', [lost], null],
  ['no answer comes, three times', [lost, lost, lost], UNKNOWN],
  ['503', [busy], UNKNOWN],
  ['429', [tooMany], WAIT],
  ['401 in the middle', [loggedOut], null],
  ['offline, and back by itself', 'offline', UNKNOWN],
]
/** Each form meets what could lose or double something. What the client does for all of them alike is tried on the first three. */
const ON_EACH = ['the answer is lost once', 'offline, and back by itself']
const MEET_ALL = 3

/** What only reads is not said to be done, and logging in is not sent again by itself. */
const READ = { 'no answer comes, three times': '网络不通', 503: '系统正忙', 'offline, and back by itself': '网络不通' }
const ALONE = { 'the answer is lost once': UNKNOWN }

const look = async (page, worker_id) => {
  await page.goto(`${url}/authority#/workers/${worker_id}`)
  const purpose = page.getByLabel('目的')
  await purpose.or(page.getByText('查看目的')).first().waitFor()
  if (await purpose.isVisible()) {
    await purpose.fill('核实情况')
    await page.getByRole('button', { name: '查看档案' }).click()
  }
  await page.getByText('查看目的').waitFor()
}

/** Fills in the reason in the dialog that the button opens. */
const reasoned = async (page, open) => {
  await page.getByRole('button', { name: open }).first().click()
  await page.getByRole('dialog').getByLabel('理由').fill('按规定办理')
}
const reason = page => [page.getByRole('dialog').getByLabel('理由'), '按规定办理']
const decisions = async (agency_id, store) => {
  const found = await call('GET', `/v1/agencies/${agency_id}`, they.office)
  return (store ? found.stores[0] : found).reviews.length
}

/**
 * By name: how its subject is made, how the form is opened and filled in, its request, its button, a field with what it keeps, what
 * is there once it is done, and how often it was done by then, which has to be once more than before.
 */
const FORMS = [
  ['logging in', {
    told: ALONE, loggedOut: true, request: ['POST', '**/v1/sessions/authority'], button: '登录',
    fill: async page => {
      await page.goto(`${url}/authority#/team`)
      await page.getByLabel('账号').fill(supervisor.access_key)
      await page.getByLabel('密钥').fill(supervisor.secret)
    },
    keeps: page => [page.getByLabel('账号'), supervisor.access_key], done: page => page.getByRole('button', { name: '添加成员' }),
  }],
  ['a decision on an agency', {
    make: () => they.agency(), request: ['POST', '**/v1/agencies/*/reviews'], button: '批准',
    fill: async (page, { agency_id }) => {
      await page.goto(`${url}/authority#/agencies/${agency_id}`)
      await reasoned(page, '批准')
    },
    keeps: reason, done: page => page.getByText('已批准').last(), times: ({ agency_id }) => decisions(agency_id, false),
  }],
  ['a decision on a store', {
    make: () => they.agency(), request: ['POST', '**/v1/agencies/*/stores/*/reviews'], button: '不予通过',
    fill: async (page, { agency_id, stores }) => {
      await page.goto(`${url}/authority#/agencies/${agency_id}/stores/${stores[0].store_id}`)
      await reasoned(page, '不予通过')
    },
    keeps: reason, done: page => page.getByText('未通过'), times: ({ agency_id }) => decisions(agency_id, true),
  }],
  ['a decision on a worker', {
    make: () => they.worker(city.desks[0].token), request: ['POST', '**/v1/workers/*/reviews'], button: '批准',
    fill: async (page, { worker_id }) => {
      await look(page, worker_id)
      await reasoned(page, '批准')
    },
    keeps: reason, done: page => page.getByText('已批准').last(), times: async ({ worker_id }) => (await they.events(worker_id, 'reviewed')).length,
  }],
  ['why one looks at a worker', {
    make: () => they.worker(city.desks[0].token), told: READ, request: ['GET', '**/v1/workers/*?purpose=*'], button: '查看档案',
    fill: async (page, { worker_id }) => {
      await page.goto(`${url}/authority#/workers/${worker_id}`)
      await page.getByLabel('目的').fill('核实情况')
    },
    done: page => page.getByText('查看目的：核实情况'),
  }],
  ['the answer to an objection', {
    make: async () => {
      const [her] = city.demo.workers
      const session = await they.session('worker', { code: her.code })
      const { objection_id } = await call('POST', '/v1/me/objections', session, { about: 'identity', text: `名字写错了 ${Date.now()}` })
      return { objection_id, worker_id: (await call('GET', '/v1/me/record', session)).worker.worker_id }
    },
    request: ['POST', '**/v1/workers/*/objections/*/answer'], button: '答复异议',
    fill: async (page, { worker_id, objection_id }) => {
      await page.goto(`${url}/authority#/workers/${worker_id}/objections/${objection_id}`)
      await page.getByLabel('异议不成立').check({ force: true })
      await page.getByLabel('理由').fill('按规定办理')
    },
    keeps: page => [page.getByLabel('理由'), '按规定办理'], done: page => page.getByText('已答复'), times: async ({ worker_id }) => (await they.events(worker_id, 'reviewed')).length,
  }],
  ['a decision on a complaint', {
    make: () => they.complaint(), request: ['POST', '**/v1/complaints/*/decision'], button: '作决定',
    fill: async (page, { detail }) => {
      await page.goto(`${url}/authority#/complaints`)
      await page.locator('.card', { hasText: detail }).getByRole('button', { name: '作决定' }).click()
      await page.getByLabel('投诉不成立').check({ force: true })
      await page.getByRole('dialog').getByLabel('理由').fill('按规定办理')
    },
    keeps: reason, done: page => page.getByText('已决定'), times: async ({ complaint_id }) => (await call('GET', '/v1/complaints?status=dismissed&limit=100', they.office)).items.filter(item => item.complaint_id === complaint_id).length,
  }],
  ['a section by hand', {
    make: async () => worn, request: ['POST', '**/v1/workers/*/sections'], button: '登记一项',
    fill: async (page, { worker_id }) => {
      await look(page, worker_id)
      await page.getByRole('button', { name: '登记一项' }).click()
      await page.getByLabel('项目').selectOption('background_check')
      await page.getByLabel('正常').check({ force: true })
      await page.getByLabel('证件号或保单号').fill('BJ-17')
    },
    keeps: page => [page.getByLabel('证件号或保单号'), 'BJ-17'], done: page => page.getByText('已记入档案'), times: async ({ worker_id }) => (await they.events(worker_id, 'section_result')).length,
  }],
  ['a complaint by hand', {
    make: async () => worn, request: ['POST', '**/v1/workers/*/complaints'], button: '记一次投诉',
    fill: async (page, { worker_id }) => {
      await look(page, worker_id)
      await reasoned(page, '记一次投诉')
    },
    keeps: reason, done: page => page.getByText('已记入档案'), times: async ({ worker_id }) => (await they.events(worker_id, 'complaint')).length,
  }],
  ['a badge that is suspended', {
    make: async () => {
      const { items } = await call('GET', `/v1/workers/${worn.worker_id}/badges`, they.office)
      for (const badge of items.filter(one => one.suspended_by)) await call('POST', `/v1/badges/${badge.badge_id}/reinstate`, they.office, { reason: '已核实' })
      return worn
    },
    request: ['POST', '**/v1/badges/*/suspend'], button: '暂停',
    fill: async (page, { worker_id }) => {
      await look(page, worker_id)
      await page.locator('.said').getByRole('button', { name: '暂停' }).first().click()
      await page.getByRole('dialog').getByLabel('理由').fill('按规定办理')
    },
    keeps: reason, done: page => page.getByText('由主管部门暂停').first(), times: async ({ worker_id }) => (await they.events(worker_id, 'badge_suspended')).length,
  }],
  ['a new member', {
    make: async () => ({ name: `韩新${Date.now()}` }), request: ['POST', '**/v1/members'], button: '添加',
    fill: async (page, { name }) => {
      await page.goto(`${url}/authority#/team`)
      await page.getByRole('button', { name: '添加成员' }).click()
      await page.getByRole('dialog').getByLabel('姓名').fill(name)
    },
    keeps: (page, { name }) => [page.getByRole('dialog').getByLabel('姓名'), name], done: page => page.getByText('只显示这一次'), opens: 'authority',
    times: async ({ name }) => (await call('GET', '/v1/members?limit=100', they.office)).items.filter(item => item.name === name).length,
  }],
  ['a new credential', {
    make: async () => auditor, request: ['POST', '**/v1/members/*/credentials'], button: '添加',
    fill: async (page, { name }) => {
      await page.goto(`${url}/authority#/team`)
      await page.locator('.card', { hasText: name }).getByRole('button', { name: '添加账号' }).click()
      await page.getByRole('dialog').getByLabel('账号用途').fill('值班电脑')
    },
    keeps: page => [page.getByRole('dialog').getByLabel('账号用途'), '值班电脑'], done: page => page.getByText('只显示这一次'), opens: 'authority',
    times: async ({ member_id }) => (await call('GET', '/v1/members?limit=100', they.office)).items.find(item => item.member_id === member_id).credentials.length,
  }],
  ['a credential for an owner', {
    make: () => they.agency(), request: ['POST', '**/v1/agencies/*/credentials'], button: '添加',
    fill: async (page, { agency_id }) => {
      await page.goto(`${url}/authority#/agencies/${agency_id}`)
      await page.getByRole('button', { name: '给公司负责人发新账号' }).click()
      await page.getByRole('dialog').getByLabel('账号用途').fill('补发')
    },
    keeps: page => [page.getByRole('dialog').getByLabel('账号用途'), '补发'], done: page => page.getByText('只显示这一次'), opens: 'agency',
    times: async ({ agency_id }) => (await call('GET', `/v1/agencies/${agency_id}/credentials`, they.office)).items.length - 1,
  }],
]

for (const [number, [form, { make = async () => ({}), told: words = {}, request: [method, address], button, fill, keeps, done, times, opens, loggedOut }]] of FORMS.entries()) {
  test(`Whatever ${form} meets`, async t => {
    const me = await watched({ width: 1440, refused: true })
    const { page, context } = me
    if (!loggedOut) {
      await page.goto(`${url}/authority`)
      await keyEntered(page, supervisor)
      await page.getByRole('button', { name: '服务员' }).waitFor()
    }
    for (const [name, meets, usually] of FAULTS) {
      if (number >= MEET_ALL && !ON_EACH.includes(name)) continue
      // Without a session there is none that ends, and nothing is sent again by itself.
      if (loggedOut && (name.startsWith('401') || name.endsWith('three times'))) continue
      await t.test(name, async () => {
        const subject = await make()
        const before = times && await times(subject)
        await page.unrouteAll()
        if (loggedOut) await context.clearCookies()
        await page.reload()
        await fill(page, subject)
        const left = Array.isArray(meets) ? [...meets] : []
        const keys = []
        await page.route(address, route => {
          if (route.request().method() !== method) return route.fallback()
          keys.push(route.request().headers()['idempotency-key'])
          const fault = left.shift()
          return fault ? fault(route) : route.fallback()
        })
        if (meets === 'offline') {
          await context.setOffline(true)
          await page.getByText('网络已断开').waitFor()
        }
        const press = label => page.locator('dialog, main').last().getByRole('button', { name: label, exact: true }).last().click()
        await press(button)
        const told = name in words ? words[name] : usually
        if (told) {
          await page.getByRole('alert').getByText(told).waitFor()
          if (keeps) {
            const [field, value] = keeps(page, subject)
            assert.equal(await field.inputValue(), value)
          }
          if (meets === 'offline') await context.setOffline(false)
          else await press(await page.getByRole('button', { name: '再试一次' }).isVisible() ? '再试一次' : button)
        }
        await done(page).waitFor()
        assert.equal(left.length, 0, 'it met all of this')
        assert.equal(new Set(keys).size, 1, 'a repeat has the key of the first time')
        if (times) assert.equal(await times(subject), before + 1, 'it was done once')
        if (opens) {
          const [access_key, secret] = await page.getByRole('dialog').locator('code').allInnerTexts()
          await they.session(opens, { access_key, secret })
        }
      })
    }
    await me.leave()
  })
}
