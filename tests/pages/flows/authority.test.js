// What the authority's members do beside reviewing workers, and what one who only reads is shown.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { creditCode } from '../numbers.js'
import { officials } from '../officials.js'
import { city, closed, url, watched } from './watched.js'
import { keyEntered, tabbed } from './steps.js'

/** @type {Awaited<ReturnType<typeof officials>>} */
let they
before(async () => { they = await officials(city) })
after(closed)

const { call } = city

/** Somebody of the authority who has logged in. */
async function at(role, address = '', how = {}) {
  const me = await watched({ width: 1440, ...how })
  await me.page.goto(`${url}/authority#/${address}`)
  await keyEntered(me.page, await they.member(role))
  return me
}

/** What the keyboard alone does. */
function keyboard(page) {
  const press = async (name, key = 'Enter') => {
    await tabbed(page, name)
    await page.keyboard.press(key)
  }
  return {
    press,
    /** Opens the dialog by its key, gives a reason unless one is there, and goes on. */
    async decide(key, button, reason) {
      await page.keyboard.press(key)
      await page.waitForFunction(() => document.activeElement?.matches('dialog [name=reason]'))
      if (reason) await page.keyboard.type(reason)
      await press(button)
    },
  }
}

test('The keyboard alone decides on an agency with its licence, and on a store that moves', async () => {
  const agency = await they.agency()
  const me = await at('reviewer')
  const { page } = me
  const { press, decide } = keyboard(page)
  await page.getByRole('link', { name: agency.name }).waitFor()
  await press(agency.name)
  await page.getByText('营业执照').waitFor()
  await me.screen('agency with a licence', { english: true })
  const [download] = await Promise.all([page.waitForEvent('download'), press('下载')])
  assert.equal(download.suggestedFilename(), `${agency.name} 营业执照.pdf`)
  assert.match(String(await readFile(await download.path())), /^%PDF/)
  await decide('a', '批准')
  await page.getByText('已批准').waitFor()
  const [{ store_id, address }] = agency.stores
  const store = `/v1/agencies/${agency.agency_id}/stores/${store_id}`
  const stands = async () => (await call('GET', `/v1/agencies/${agency.agency_id}`, they.office)).stores[0]
  await call('POST', `${store}/reviews`, they.office, { decision: 'approve', reason: '看过', version: agency.stores[0].version })

  for (const [key, button, reason, status] of [['r', '不予通过', '新地址没有房产证明', 'approved'], ['s', '暂停', '搬迁期间无人', 'suspended']]) {
    await call('PATCH', store, agency.token, { address: '建设街 55 号', location: { lat: 45.766, lon: 126.648, datum: 'wgs84' } })
    await page.keyboard.press('b')
    await page.getByRole('button', { name: '门店' }).waitFor()
    await page.keyboard.press('2')
    await page.getByRole('link', { name: agency.stores[0].name }).waitFor()
    await press(agency.stores[0].name)
    const row = page.getByRole('row', { name: /地址/ })
    await row.getByText('建设街 55 号').waitFor()
    await row.getByText(address).waitFor()
    await me.screen('store that moves')
    await decide(key, button, reason)
    await page.getByText(`已${button}`).waitFor()
    assert.equal((await stands()).status, status)
    assert.equal((await stands()).address, address)
  }
  await me.leave()
})

test('The keyboard alone answers an objection and decides on a complaint', async () => {
  const [her] = city.demo.workers
  const session = await they.session('worker', { code: her.code })
  const text = `健康证已经换新的了 ${Date.now()}`
  await call('POST', '/v1/me/objections', session, { about: 'health_certificate', text })
  const { complaint_id, detail } = await they.complaint()
  const me = await at('reviewer')
  const { page } = me
  const { press } = keyboard(page)
  await page.getByRole('button', { name: '异议' }).waitFor()
  await page.keyboard.press('4')
  const waiting = page.getByRole('link', { name: text })
  await waiting.waitFor()
  await me.screen('objections')
  await waiting.focus()
  await page.keyboard.press('Enter')
  await page.locator('.asking').getByText(text).waitFor()
  await me.screen('objection')
  await press('异议成立', 'Space')
  await press('理由', 'End')
  await page.keyboard.type('发证机构确认')
  await press('答复异议')
  await page.getByText('已答复').waitFor()
  const { objections } = await call('GET', '/v1/me/record', session)
  assert.deepEqual(objections.find(one => one.text === text).answer.reason, '发证机构确认')

  await press('投诉')
  const card = page.locator('.card', { hasText: detail })
  await card.getByText('公司答复').waitFor()
  await me.screen('complaints')
  await card.getByRole('button', { name: '作决定' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await me.screen('complaint to decide')
  await press('作决定')
  await page.getByRole('dialog').getByText('请选择').waitFor()
  await press('投诉成立', 'Space')
  await press('理由', 'End')
  await page.keyboard.type('双方都承认')
  await press('作决定')
  await card.waitFor({ state: 'detached' })
  const { items } = await call('GET', '/v1/complaints?status=upheld&limit=100', they.office)
  assert.equal(items.find(item => item.complaint_id === complaint_id).decision.reason, '双方都承认')
  await me.leave()
})

test('A reviewer records a section and a complaint by hand, and takes a badge out of use', async () => {
  const [{ token }] = city.desks
  const { worker_id, badge } = await they.worn(token)
  const me = await at('reviewer', `workers/${worker_id}`)
  const { page } = me
  const dialog = page.getByRole('dialog')
  const open = name => page.getByRole('button', { name }).first().click()
  const close = name => dialog.getByRole('button', { name, exact: true }).click()
  await page.getByLabel('目的').fill('核实年检')
  await page.getByRole('button', { name: '查看档案' }).click()
  await page.getByText('核实年检').waitFor()
  await me.screen('worker')

  await open('登记一项')
  await me.screen('section by hand')
  await dialog.getByLabel('项目').selectOption('health_certificate')
  await dialog.getByLabel('正常').check({ force: true })
  await close('登记一项')
  await dialog.locator('.field', { hasText: '有效期到' }).locator('.fault').waitFor()
  await me.screen('section by hand, with a fault')
  const until = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10)
  await dialog.getByLabel('有效期到').fill(until)
  await dialog.getByLabel('证件号或保单号').fill('J-2026-0017')
  await close('登记一项')
  await page.getByText(/主管部门.*J-2026-0017/).waitFor()
  const { sections } = await call('GET', `/v1/workers/${worker_id}?purpose=${encodeURIComponent('测试')}`, they.office)
  const { state, source, valid_until } = sections.find(one => one.section === 'health_certificate')
  assert.deepEqual([state, source, valid_until], ['clear', 'harbin-commerce-bureau', new Date(Date.parse(`${until}T00:00:00+08:00`) + 86_400_000).toISOString()])

  await open('记一次投诉')
  await dialog.getByLabel('理由').fill('来电反映她把钥匙交给了别人')
  await close('记一次投诉')
  await dialog.waitFor({ state: 'detached' })
  assert.equal((await they.events(worker_id, 'complaint')).at(-1).payload.reason, '来电反映她把钥匙交给了别人')

  const status = async () => (await call('GET', `/v1/badges/${badge.badge_id}`, token)).status
  for (const [deed, reason, leads] of [['暂停', '有人冒用', 'suspended'], ['恢复', '已经查清', 'valid'], ['作废', '卡已丢失', 'revoked']]) {
    await page.locator('.said').getByRole('button', { name: deed }).first().click()
    await dialog.getByLabel('理由').fill(reason)
    await me.screen(`badge: ${deed}`)
    await close(deed)
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await status(), leads)
    if (leads === 'suspended') await page.getByText('有人冒用').waitFor()
  }
  await me.leave()
})

/** By name: what comes between a decision's dialog and its button, and how it ends. */
const MEANWHILE = [
  ['another reviewer decides', 'decided', async ({ agency_id, version }) => call('POST', `/v1/agencies/${agency_id}/reviews`, they.office, { decision: 'approve', reason: '材料齐全', version })],
  ['the agency changes, and the network comes back', 'closed', async ({ agency_id, token }, { context, page }) => {
    await call('PATCH', `/v1/agencies/${agency_id}`, token, { responsible_person: '张三' })
    await context.setOffline(true)
    await page.getByText('网络已断开').waitFor()
    await context.setOffline(false)
  }],
]

for (const [name, ends, comes] of MEANWHILE) {
  test(`Nobody decides on what they were not shown: ${name}`, async () => {
    const agency = await they.agency()
    const me = await at('reviewer', `agencies/${agency.agency_id}`, { refused: true })
    const { page } = me
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: '不予通过' }).click()
    await dialog.getByLabel('理由').fill('照片看不清')
    await comes(agency, me)
    if (ends === 'decided') await dialog.getByRole('button', { name: '不予通过' }).click()
    await page.getByText('已换成最新的').waitFor()
    await dialog.waitFor({ state: 'detached' })
    await page.getByText(ends === 'decided' ? '已批准' : '张三').first().waitFor()
    const { reviews } = await call('GET', `/v1/agencies/${agency.agency_id}`, they.office)
    assert.equal(reviews.filter(review => review.decision === 'reject').length, 0)
    me.faults.length = 0
    await me.leave()
  })
}

test('Nobody approves a photo that is not shown, and one that came since is shown first', async () => {
  const [desk] = city.desks
  const { worker_id } = await they.worker(desk.token)
  const put = photo => they.send(`/v1/workers/${worker_id}/photo`, desk.token, 'image/jpeg', photo)
  await put(await readFile(new URL('../../end_to_end/photo.jpg', import.meta.url)))
  const me = await at('reviewer', `workers/${worker_id}`, { refused: true })
  const { page } = me
  await page.route('**/photo?*', route => route.abort())
  await page.getByLabel('目的').fill('审核新人')
  await page.getByRole('button', { name: '查看档案' }).click()
  const again = page.locator('.photos').getByRole('button', { name: '再试一次' })
  await again.waitFor()
  assert.equal(await page.getByRole('button', { name: '批准' }).getAttribute('aria-disabled'), 'true')
  await page.keyboard.press('a')
  assert.equal(await page.getByRole('dialog').count(), 0)
  await page.unroute('**/photo?*')
  await again.click()
  const portrait = () => page.locator('img.portrait').evaluate(async image => {
    await image.decode()
    const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 16 })
    canvas.getContext('2d').drawImage(image, 0, 0, 16, 16)
    return canvas.toDataURL()
  })
  const first = [await portrait(), await page.locator('img.portrait').getAttribute('src')]
  const { worker } = await call('GET', '/v1/me/record', await they.session('worker', { code: city.demo.workers[0].code }))
  const another = await fetch(`${city.base}/v1/workers/${worker.worker_id}/photo?purpose=x`, { headers: { authorization: `Bearer ${they.office}` } })
  await put(await another.arrayBuffer())
  await page.getByRole('button', { name: '批准' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '批准' }).click()
  await page.getByText('已换成最新的').waitFor()
  await page.locator(`img.portrait:not([src="${first[1]}"])`).waitFor()
  assert.notEqual(await portrait(), first[0])
  // Each look at her is a line in her record: the other language needs none.
  const looks = []
  page.on('request', request => { if (request.url().includes('/v1/workers/')) looks.push(request.url()) })
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'Worker', exact: true }).waitFor()
  await page.waitForLoadState('networkidle')
  assert.deepEqual(looks, [])
  me.faults.length = 0
  await me.leave()
})

test('Nobody looks at a worker for what somebody else has said', async () => {
  const { worker_id } = await they.worker(city.desks[0].token)
  const me = await at('supervisor', `workers/${worker_id}`)
  const { page } = me
  await page.getByLabel('目的').fill('核实年检')
  await page.getByRole('button', { name: '查看档案' }).click()
  await page.getByText('查看目的：核实年检').waitFor()
  await page.getByRole('link', { name: '成员' }).click()
  await page.getByRole('button', { name: '退出登录' }).click()
  await keyEntered(page, await they.member('reviewer'))
  await page.getByRole('button', { name: '服务员' }).waitFor()
  await page.evaluate(id => { location.hash = `#/workers/${id}` }, worker_id)
  await page.getByText('为什么要看她的档案').waitFor()
  assert.equal(await page.getByLabel('目的').inputValue(), '')
  await me.leave()
})

test('An agency is found by its credit code, and a batch in the list of its source', async () => {
  const agency = await call('GET', `/v1/agencies/${city.demo.workers[0].agency_id || (await call('GET', '/v1/me/record', await they.session('worker', { code: city.demo.workers[0].code }))).employer.agency_id}`, they.office)
  const me = await at('auditor', 'lookup')
  const { page } = me
  const find = async number => {
    await page.getByLabel('信用代码或编号').fill(number)
    await page.getByRole('button', { name: '查找' }).click()
  }
  await find('912')
  await page.getByText('代码或编号不对').waitFor()
  await find(creditCode())
  await page.getByText('没有找到，请核对').waitFor()
  await me.screen('nothing found')
  await find(`${agency.uscc.slice(0, 8).toLowerCase()} ${agency.uscc.slice(8)}`)
  await page.getByRole('heading', { name: agency.name }).waitFor()
  await page.goto(`${url}/authority#/lookup`)
  await page.getByRole('link', { name: '诚信信息来源' }).click()
  await page.getByRole('heading', { name: '演示诚信平台' }).waitFor()
  await me.screen('sources', { english: true })
  await page.locator('.card .row').first().click()
  await page.getByText('总行数').waitFor()
  await me.screen('batch', { english: true })
  await me.leave()
})

test('A supervisor gives an owner who has lost theirs a new credential', async () => {
  const { agency_id, name } = await they.agency()
  const me = await at('supervisor', `agencies/${agency_id}`)
  const { page } = me
  await page.getByRole('heading', { name }).waitFor()
  await page.getByRole('button', { name: '给公司负责人发新账号' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('账号用途').fill('补发')
  await dialog.getByRole('button', { name: '添加' }).click()
  await dialog.getByText('只显示这一次').waitFor()
  // Whoever presses twice has not seen it yet, and nothing but its button closes it.
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await page.evaluate(() => { location.hash = '#/team' })
  await page.getByRole('heading', { name: '成员', level: 1 }).waitFor()
  await dialog.getByText(`${name}的新账号`).waitFor()
  await me.screen('a credential is handed over', { english: true })
  const [access_key, secret] = await dialog.locator('code').allInnerTexts()
  assert.equal((await call('POST', '/v1/sessions/agency', null, { access_key, secret })).member.role, 'owner')
  await dialog.getByRole('button', { name: '已经交给本人' }).click()
  assert.equal(await page.getByText(secret).count(), 0)
  await me.leave()
})

test('A log that does not hold is told', async () => {
  const me = await watched({ width: 1440 })
  const { page } = me
  // What was seen before had another root.
  await page.addInitScript(() => localStorage.setItem('checkpoint', JSON.stringify({ size: 5, root: 'ab'.repeat(32), at: '2026-11-01T00:00:00.000Z' })))
  await page.goto(`${url}/authority#/log`)
  await keyEntered(page, await they.member('auditor'))
  await page.getByRole('button', { name: '核对日志只增不改' }).click()
  await page.getByText('对不上！日志可能被改动过').waitFor()
  await page.getByLabel('位置').fill('3')
  await page.getByRole('button', { name: '核对', exact: true }).click()
  await page.getByText('核对无误：第 3 位的记录在日志里').waitFor()
  await page.route('**/v1/log/proof/inclusion*', async route => {
    const answer = await route.fetch()
    const proof = await answer.json()
    await route.fulfill({ response: answer, json: { ...proof, leaf_hash: 'cd'.repeat(32) } })
  })
  await page.getByRole('button', { name: '核对', exact: true }).click()
  await page.getByText('对不上！这条记录算出的根').waitFor()
  await me.screen('a log that does not hold', { english: true })
  await me.leave()
})

/** What only reads. */
const READS = ['公司', '门店', '服务员', '异议', '删除申请', '关闭', '下一个', '下载', '待决定', '投诉成立', '投诉不成立', '查找', '核对日志只增不改', '核对', '复制', '退出登录', '查看档案', '再看一些']

test('Whoever only reads is shown no button that would be refused, and nothing they ask for is', async () => {
  const agency = await they.agency()
  const { worker_id } = await they.worn(city.desks[0].token)
  const { order_id, detail } = await they.complaint()
  const [her] = city.demo.workers
  await call('POST', '/v1/me/objections', await they.session('worker', { code: her.code }), { about: 'identity', text: '名字写错了一个字' })
  const { items: [objection] } = await call('GET', '/v1/reviews?kind=objection', they.office)
  const me = await at('auditor')
  const { page } = me
  await page.getByRole('button', { name: '服务员' }).waitFor()
  const changed = []
  page.on('request', request => { if (request.method() !== 'GET') changed.push(`${request.method()} ${request.url()}`) })
  const kinds = ['公司', '门店', '服务员', '异议', '删除申请']
  for (const [address, shown, key] of [
    ...kinds.map((kind, number) => ['', () => page.getByRole('button', { name: kind, pressed: true }), String(number + 1)]),
    [`agencies/${agency.agency_id}`, () => page.getByText('营业执照')],
    [`agencies/${agency.agency_id}/stores/${agency.stores[0].store_id}`, () => page.getByText('地址')],
    [`workers/${worker_id}`, () => page.getByText('诚信服务卡')],
    [`workers/${worker_id}/trace`, () => page.getByText('看指纹')],
    [`workers/${objection.worker_id}/objections/${objection.objection_id}`, () => page.locator('.asking .words')],
    [`orders/${order_id}`, () => page.getByText('经过')],
    ['complaints', () => page.getByText(detail)],
    ['lookup', () => page.getByText('诚信信息来源')],
    ['feeds', () => page.getByText('演示诚信平台')],
    ['log', () => page.getByText('签名的检查点')],
    ['team', () => page.getByText('成员由主管管理')],
    ['team/audit', () => page.getByText('成员由主管管理')],
  ]) {
    await page.goto(`${url}/authority#/${address}`)
    if (key) {
      await page.getByRole('button', { name: kinds[0] }).waitFor()
      await page.keyboard.press(key)
    }
    const purpose = page.getByLabel('目的')
    await shown().or(purpose).first().waitFor()
    if (await purpose.isVisible()) {
      await purpose.fill('抽查')
      await page.getByRole('button', { name: '查看档案' }).click()
    }
    await shown().first().waitFor()
    await page.waitForLoadState('networkidle')
    const buttons = (await page.locator('main button').allInnerTexts()).map(text => text.trim())
    assert.deepEqual(buttons.filter(text => !READS.includes(text)), [], address)
  }
  assert.deepEqual(changed.filter(request => !request.includes('/v1/sessions/')), [])
  await me.leave()
})
