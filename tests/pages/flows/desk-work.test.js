// A dispatcher's and an owner's work beside the grab hall: papers, stores, customers, calendar, members, complaints.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { city, closed, customer, url, watched } from './watched.js'
import { claimed, decided, deskOf, named, office, registered, session, to, until, visited } from './desks.js'
import { keyEntered } from './steps.js'
import { hired } from '../workers.js'

after(closed)

const agency = city.demo.agencies[0]
const own = await session(agency)
const pdf = () => ({ name: '证照.pdf', mimeType: 'application/pdf', buffer: Buffer.from(`%PDF-1.4\n% ${randomUUID()}\n%%EOF\n`) })

test('A new agency brings its papers, the authority reads them and decides, and the desk opens by itself', async () => {
  const fresh = await registered(named('哈尔滨待审家政有限公司'))
  const me = await watched({ width: 1440 })
  const { page } = me
  await page.goto(`${url}/desk`)
  await keyEntered(page, fresh)
  await page.getByRole('heading', { name: '正在等主管部门审核' }).waitFor()
  await me.screen('agency that waits')
  await page.getByRole('link', { name: '上传证照' }).click()
  const paper = pdf()
  await page.getByLabel('上传 营业执照').setInputFiles(paper)
  await page.getByLabel('换一份 营业执照').waitFor()
  await me.screen('papers')

  const token = await office()
  const { papers: [seen] } = await city.call('GET', `/v1/agencies/${fresh.agency_id}`, token)
  assert.equal(seen.kind, 'business_licence')
  const answer = await fetch(`${url}${seen.path}`, { headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), paper.buffer, 'the authority reads the very file')

  // What is left to do is to wait: nothing asks for papers any more.
  await to(page, '')
  await page.getByRole('link', { name: '证照', exact: true }).waitFor()
  assert.equal(await page.locator('main .button.go').count(), 0)

  // Rejected, with the reason; corrected, it waits again; approved, the hall opens.
  await decided(fresh.agency_id, 'reject', '名称与执照不一致')
  await page.getByText('主管部门的意见：名称与执照不一致').waitFor()
  await me.screen('rejected agency')
  await page.getByRole('link', { name: '修改资料' }).click()
  await page.getByLabel('公司名称').fill(named('哈尔滨已改家政有限公司'))
  await page.getByRole('button', { name: '保存' }).click()
  await page.getByRole('heading', { name: '正在等主管部门审核' }).waitFor()
  await decided(fresh.agency_id, 'approve', '证照齐全')
  await page.getByRole('heading', { name: /可抢 \d+ 单/ }).waitFor()

  // A new paper waits, the old one serves, and both can be read.
  await to(page, 'more/papers')
  const next = pdf()
  await page.getByLabel('换一份 营业执照').setInputFiles(next)
  await page.getByText('新的一份正在审核').waitFor()
  for (const [label, { buffer }] of [['下载现用的', paper], ['下载待审核的', next]]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: label }).click()])
    assert.deepEqual(await readFile(await download.path()), buffer, label)
  }
  await me.screen('papers of which one waits')
  await decided(fresh.agency_id, 'reject', '扫描不清楚')
  await to(page, 'more')
  await until(async () => { await page.reload(); return page.getByText('扫描不清楚').waitFor({ timeout: 3_000 }).then(() => true, () => false) })
  await me.screen('agency whose change was rejected')

  await decided(fresh.agency_id, 'suspend', '投诉较多')
  await page.reload()
  await page.getByRole('link', { name: '抢单' }).click()
  await page.getByRole('heading', { name: '贵公司已被暂停' }).waitFor()
  await page.getByText('投诉较多').waitFor()
  await me.screen('suspended agency')
  await me.leave()
})

test('A store is added, reviewed, changed and closed', async () => {
  const desk = await deskOf(agency)
  const { page } = desk
  const name = named('松北店')
  const detail = page.locator('.split-detail')
  await to(page, 'stores/new')
  await page.getByLabel('门店名称').fill(name)
  await page.getByLabel('门店地址').fill('世茂大道 1 号')
  await page.getByRole('button', { name: '在地图上选' }).click()
  await page.locator('.map-frame [role=img]').click({ position: { x: 150, y: 120 } })
  await page.getByRole('button', { name: '就在这里' }).click()
  await desk.screen('new store')
  await detail.locator('[type=submit]').click()
  await page.waitForURL(/stores\/sto_/)
  await detail.getByText('待审核').waitFor()
  const [, store_id] = /stores\/(sto_\w+)/.exec(page.url())
  await decided(own.agency_id, 'approve', '地址属实', store_id)
  await page.reload()
  await detail.getByText('已批准').waitFor()

  // Hours change at once; services wait for the authority, in sight of everybody.
  await page.getByRole('button', { name: '修改资料' }).click()
  await page.getByLabel('限定时间').check()
  await detail.locator('.option').first().click()
  await desk.screen('store changed')
  await detail.locator('[type=submit]').click()
  await detail.getByText('改动正在审核').waitFor()
  await detail.getByText('周一 08:00–18:00').waitFor()
  await page.locator('.split-list .row.chosen').getByText('改动待审核').waitFor()
  await desk.screen('store whose change waits')
  const store = async () => (await city.call('GET', `/v1/agencies/${own.agency_id}`, own.token)).stores.find(one => one.store_id === store_id)
  const waiting = await store()
  assert.equal(waiting.services, null)
  assert.equal(waiting.pending_changes.services.length, 1)
  await decided(own.agency_id, 'reject', '该店面积不足', store_id)
  await page.reload()
  await detail.getByText('该店面积不足').waitFor()
  assert.equal((await store()).opening_hours.length, 6)

  await page.getByRole('button', { name: '关闭门店' }).click()
  await desk.screen('store to be closed')
  await page.getByRole('dialog').getByRole('button', { name: '关闭门店' }).click()
  await detail.getByText('已关闭').waitFor()
  assert.equal((await store()).status, 'closed')
  await desk.leave()
})

test('A served customer is in the list, with a note of the agency’s own; and the list is a file', async () => {
  const token = await customer(16)
  const order_id = await visited(own, token, { duration_min: 30, contact: { name: '赵秀兰', phone: '13998761234' } })
  await city.call('POST', `/v1/orders/${order_id}/rating`, token, { stars: 5, comment: '<b>很好</b>' })
  const { complaint_id } = await city.call('POST', `/v1/orders/${order_id}/complaints`, token, { about: 'price', detail: '<b>多收了</b> 30 元' })
  await until(async () => (await city.call('GET', '/v1/customers', own.token)).items.some(one => one.name === '赵秀兰'))
  const desk = await deskOf(agency)
  const { page } = desk
  await to(page, 'customers')
  await page.getByRole('link', { name: /赵秀兰/ }).click()
  await page.getByLabel('贵公司的备注').fill('门铃坏了，请打电话 <script>')
  await page.locator('.split-detail [type=submit]').click()
  await page.getByText('备注已保存').waitFor()
  await page.reload()
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('[name=notes]'))?.value === '门铃坏了，请打电话 <script>')
  await desk.screen('customer')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出表格' }).click()])
  const csv = await readFile(await download.path(), 'utf8')
  assert.match(csv, /赵秀兰/)
  assert.doesNotMatch(csv, /13998761234/, 'phones are masked')

  // The order shows its rating and its complaint, which is answered once.
  await page.locator('.split-detail .row').first().click()
  await page.getByText('<b>很好</b>').waitFor()
  await desk.screen('order that was rated')
  await page.getByRole('link', { name: '收费' }).click()
  await page.getByText('<b>多收了</b> 30 元').waitFor()
  await page.locator('[type=submit]').click()
  await page.locator('.fault', { hasText: '请写下答复' }).waitFor()
  await page.getByLabel('贵公司的答复').fill('临时加了擦窗，愿意退回。')
  await desk.screen('complaint')
  await page.locator('[type=submit]').click()
  await page.locator('.said', { hasText: '临时加了擦窗' }).waitFor()
  assert.equal(await page.getByLabel('贵公司的答复').count(), 0)
  const complaint = (await city.call('GET', '/v1/complaints?limit=100', own.token)).items.find(one => one.complaint_id === complaint_id)
  assert.equal(complaint.status, 'answered')
  await desk.leave()
})

test('The calendar has the day’s visits by worker, those without one first, and who is free', async () => {
  const token = await customer(17)
  // A day that no other test has visits on.
  const day = new Date(Date.now() + (25 + Math.floor(Math.random() * 20)) * 86_400_000).toISOString().slice(0, 10)
  const at = hour => `${day}T${hour}:00:00+08:00`
  const order_id = await claimed(own, token, { start_at: at('10') })
  const { worker } = await city.staff(own, order_id)
  await claimed(own, token, { start_at: at('14') })
  // Two of one name are two.
  for (const hour of ['15', '18']) await city.call('POST', `/v1/orders/${await claimed(own, token, { start_at: at(hour) })}/staff`, own.token, { worker_id: (await hired(city, own, '高同名')).worker_id })
  const desk = await deskOf(agency)
  const { page } = desk
  await to(page, 'calendar')
  await page.getByLabel('哪一天').fill(day)
  const lines = page.locator('svg.day .name')
  await lines.nth(3).waitFor()
  assert.deepEqual(await lines.allTextContents(), ['还没派人', worker.name, '高同名', '高同名'])
  await desk.screen('calendar')
  const free = page.locator('.card', { hasText: '全天有空的服务员' }).getByRole('link')
  await free.first().waitFor()
  assert.ok(!(await free.allTextContents()).includes(worker.name), 'who has a visit is not free all day')
  await page.locator('a.visit').filter({ hasText: worker.name }).click()
  await page.waitForURL(new RegExp(`orders/${order_id}`))
  await page.getByText('已派人，等待上门').waitFor()
  await desk.leave()
})

test('A worker is found by name who is not on the first page', async () => {
  const name = named('远')
  await hired(city, own, name)
  const desk = await deskOf(agency)
  const { page } = desk
  await page.route('**/v1/workers?*', async (route, request) => route.continue({ url: request.url().replace('limit=50', 'limit=2') }))
  await to(page, 'workers')
  await page.getByRole('button', { name: '再看一些' }).waitFor()
  await page.getByLabel('姓名').fill(name)
  await page.getByRole('link', { name }).waitFor()
  await page.getByLabel('姓名').fill(`${name}霞`)
  await page.getByText('没有符合条件的服务员').waitFor()
  assert.equal(await page.getByRole('button', { name: '再看一些' }).count(), 0)
  await desk.leave()
})

test('An order that is being given back cannot be kept any more', async () => {
  const order_id = await claimed(own, await customer(17))
  const desk = await deskOf(agency)
  const { page } = desk
  const dialog = page.getByRole('dialog')
  /** Lets the answer come. */
  let answer = () => {}
  await page.route('**/release', route => new Promise(resolve => { answer = () => resolve(route.continue()) }))
  await to(page, `claims/${order_id}`)
  await page.getByRole('button', { name: '退单' }).click()
  await dialog.getByLabel('离门店太远').check({ force: true })
  await dialog.getByRole('button', { name: '退单' }).click()
  await dialog.locator('[aria-busy=true]').waitFor()
  await dialog.getByRole('button', { name: '先不' }).click({ force: true })
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: '关闭' }).click()
  assert.ok(await dialog.isVisible())
  answer()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText('已退单').waitFor()
  await desk.leave()
})

test('A dispatcher is added and logs in; a viewer has no button that would be refused', async () => {
  const desk = await deskOf(agency)
  const { page } = desk
  const given = {}
  for (const [role, label] of [['dispatcher', '调度员'], ['viewer', '查看']]) {
    const name = named('周')
    await to(page, 'more/members')
    await page.getByRole('button', { name: '添加成员' }).click()
    await page.getByRole('dialog').getByLabel('姓名').fill(name)
    await page.getByRole('dialog').getByLabel(`${label}：`).check()
    await page.getByRole('dialog').locator('[type=submit]').click()
    await page.locator('.credentials code').nth(1).waitFor()
    const [access_key, secret] = await page.locator('.credentials code').allInnerTexts()
    given[role] = { access_key, secret, name }
    await page.getByRole('button', { name: '记好了' }).click()
    await page.locator('.people li', { hasText: name }).getByText(label, { exact: true }).waitFor()
  }
  await desk.leave()

  const order_id = await claimed(own, await customer(18), { start_at: new Date(Date.now() + 50 * 86_400_000).toISOString() })
  const hers = await deskOf(given.dispatcher)
  await to(hers.page, `claims/${order_id}`)
  await hers.page.locator('.candidate .button.go').waitFor()
  await to(hers.page, 'more')
  await hers.page.getByText('调度员').waitFor()
  assert.equal(await hers.page.getByRole('link', { name: /成员|操作记录|修改公司资料/ }).count(), 0)
  await hers.leave()

  // Whatever a viewer can press changes nothing.
  const theirs = await deskOf(given.viewer)
  const { page: screen } = theirs
  await screen.getByText('您的账号只能查看').waitFor()
  const worker = (await city.call('GET', '/v1/workers?limit=50', own.token)).items.at(-1)
  const { stores: [store] } = await city.call('GET', `/v1/agencies/${own.agency_id}`, own.token)
  const changes = /抢单|派她去|退单|换人|登记服务员|上传|换照片|修改|办一张卡|暂停|吊销|恢复|办理离职|体温|添加|关闭门店|保存|提交|导出|换一份/
  for (const address of ['', `claims/${order_id}`, `orders/${order_id}`, 'calendar', 'workers', `workers/${worker.worker_id}`, 'stores', `stores/${store.store_id}`, 'customers', 'complaints', 'more', 'more/papers', 'more/members', 'more/change', 'more/audit']) {
    await to(screen, address)
    const pressable = await screen.locator('main').locator('button, label.button, a.button').allInnerTexts()
    assert.deepEqual(pressable.filter(label => changes.test(label)), [], address)
    await theirs.screen(`viewer at ${address}`)
  }
  const { token } = await session(given.viewer)
  await assert.rejects(city.call('POST', `/v1/orders/${order_id}/release`, token, { reason: '试试' }), /403/, 'and the platform holds to it')
  await theirs.leave()
})

test('A late answer leads nobody away from what was chosen since', async () => {
  const token = await customer(13)
  const in3days = hours => new Date(Date.now() + (72 + hours) * 3_600_000).toISOString()
  const [first, second] = [await claimed(own, token, { start_at: in3days(0) }), await claimed(own, token, { start_at: in3days(6) })]
  const desk = await deskOf(agency)
  const { page } = desk
  await to(page, `claims/${first}`)
  let release
  const held = new Promise(resolve => { release = resolve })
  await page.route('**/staff', async route => { await held; await route.fallback() })
  await page.locator('.candidate').getByRole('button', { name: /^派/ }).first().click()
  await to(page, `claims/${second}`)
  release()
  await page.getByText('地址已打开').waitFor()
  assert.match(page.url(), new RegExp(`claims/${second}$`))
  await page.getByRole('button', { name: '退单' }).click()
  await page.getByRole('dialog').waitFor()
  await desk.leave()
})
