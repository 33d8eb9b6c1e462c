// A worker on the web and in the mini-program: where to go, the code at the door, her record, and what is hers to decide.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../host/host.js'
import { hired, wanted } from '../workers.js'
import { ADDRESS, agencyFirst, city, closed, codeOf, customer, placed, url, watched } from './watched.js'
import { tabbed } from './steps.js'

agencyFirst(3)
let host
before(async () => { host = await serve(url) })
after(async () => {
  host.close()
  await closed()
})

/** A worker of whichever desk grabs an order of this customer, named for it. */
async function named(number, name) {
  const token = await customer(number)
  const { order_id } = await placed(token, { notes: '家里有猫，请轻声' })
  const desk = await city.grab(order_id)
  const her = await hired(city, desk, name)
  await city.call('POST', `/v1/orders/${order_id}/staff`, desk.token, { worker_id: her.worker_id })
  const order = path => `/v1/orders/${order_id}/${path}`
  return {
    her, desk, order_id,
    check: digits => city.call('POST', order('badge-check'), token, { token: digits }),
    complete: () => city.call('POST', order('complete'), token),
    rate: (stars, comment) => city.call('POST', order('rating'), token, { stars, comment }),
  }
}

/** A worker who has nothing to do. */
const idle = name => hired(city, city.desks[0], name)

const digitsOf = async page => (await page.locator('.digits').innerText()).replace(/\s/g, '').match(/\d{70}/)?.[0]

/** Logs her in by the code that is sent to her phone. */
async function entered(page, { phone }) {
  await page.getByLabel('手机号').fill(phone)
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByText('验证码已发到').waitFor()
  await page.getByLabel('验证码').fill(await codeOf(phone))
  await page.getByRole('button', { name: '登录', exact: true }).click()
}

/** Her pages, where she is logged in. */
async function atWork(her, how) {
  const me = await watched(how)
  await me.page.goto(`${url}/worker`)
  await entered(me.page, her)
  await me.page.getByRole('link', { name: '动态码', exact: true }).waitFor()
  return me
}

/** The mini-program, opened from its first page as far as her part of it. */
async function inMini(her, how) {
  const me = await watched(how)
  await me.page.addInitScript(given => sessionStorage.setItem('wxAnswers', JSON.stringify(given)), { getPhoneNumber: { code: her.code } })
  me.page.on('console', message => { if (message.type() === 'warning') me.faults.push(message.text()) })
  await me.page.goto(host.url)
  await me.page.getByRole('button', { name: '我的' }).click()
  await me.page.getByRole('button', { name: '我是服务员' }).click()
  await me.page.getByRole('button', { name: '用微信手机号登录' }).click()
  await me.page.getByRole('button', { name: '出示动态码' }).waitFor()
  return me
}

const title = (page, words) => page.waitForFunction(words => document.title.startsWith(words), words)

test('A worker goes to a visit: its place and notes, a code that matches this order, and what she was rated', async () => {
  const { her, desk, order_id, check, complete, rate } = await named(15, '陈玉兰')
  const me = await watched()
  const { page } = me
  await page.goto(`${url}/worker`)
  await page.getByLabel('手机号').waitFor()
  await me.screen('worker login')
  await entered(page, her)

  const visit = page.locator('.card', { hasText: ADDRESS })
  await visit.waitFor()
  for (const words of ['日常保洁', '家里有猫，请轻声', '王小明', desk.name, '2 小时']) await visit.getByText(words).first().waitFor()
  assert.equal(await visit.getByRole('link', { name: /打电话/ }).getAttribute('href'), 'tel:13912345678')
  assert.match(await visit.getByRole('heading').first().innerText(), /^(今天|明天) \d\d:\d\d–\u2060\d\d:\d\d$/)
  await visit.getByRole('img', { name: /示意图/ }).waitFor()
  await me.screen('worker visits')

  await page.getByRole('link', { name: '出示动态码' }).or(page.getByRole('link', { name: '动态码', exact: true })).first().click()
  await page.getByRole('img', { name: '动态二维码' }).waitFor()
  await me.screen('worker code')
  const digits = await digitsOf(page)
  const anybody = await (await fetch(`${url}/p/${digits}`, { headers: { accept: 'application/json' } })).json()
  assert.equal(anybody.result, 'genuine')
  // The next one comes while the first still counts, and is as good.
  await page.waitForFunction(before => !document.querySelector('.digits').innerText.replace(/\s/g, '').includes(before), digits, { timeout: 40_000 })
  const next = await digitsOf(page)
  assert.notEqual(next, digits)
  assert.equal((await check(digits)).result, 'match')
  assert.equal((await check(next)).result, 'match')
  // It is hers alone: for another's order it is a mismatch.
  const other = await named(16, '周敏')
  assert.equal((await other.check(next)).result, 'mismatch')

  await page.getByRole('link', { name: '返回' }).click()
  await page.getByText('服务中').waitFor()
  await complete()
  await rate(4, '擦得很干净')
  await page.getByRole('button', { name: '去过的' }).click()
  await page.reload()
  await page.getByRole('button', { name: '去过的' }).click()
  await page.getByText('擦得很干净').waitFor()
  await page.getByText('客户评 4 星').waitFor()
  assert.equal(await page.getByText(ADDRESS).count(), 0, 'the address is gone with the visit')
  await me.screen('worker past visits')
  assert.ok(order_id)
  await me.leave()
})

test('A worker goes to a visit with the mini-program', async () => {
  const { her, desk, check, complete, rate } = await named(17, '何秀英')
  const me = await inMini(her)
  const { page } = me
  for (const words of [ADDRESS, '家里有猫，请轻声', '王小明', desk.name, '日常保洁 · 2 小时']) await page.getByText(words).waitFor()
  await me.screen('mini visits')
  await page.getByRole('button', { name: /打电话/ }).click()
  assert.equal(await page.evaluate(() => globalThis.wxCalls.find(([name]) => name === 'makePhoneCall')[1].phoneNumber), '13912345678')
  await page.getByRole('button', { name: '查看路线' }).click()
  const shown = await page.evaluate(() => globalThis.wxCalls.find(([name]) => name === 'openLocation')[1])
  assert.equal(shown.address, ADDRESS)
  // WeChat's map is GCJ-02.
  assert.ok(Math.abs(shown.longitude - 126.648) < 0.002, `${shown.longitude}`)

  await page.getByRole('button', { name: '出示动态码' }).click()
  await page.getByRole('img', { name: '动态二维码' }).waitFor()
  await me.screen('mini code')
  const digits = await digitsOf(page)
  await page.waitForFunction(before => !document.querySelector('.digits').innerText.replace(/\s/g, '').includes(before), digits, { timeout: 40_000 })
  assert.equal((await check(digits)).result, 'match')
  assert.equal((await check(await digitsOf(page))).result, 'match')
  const calls = await page.evaluate(() => globalThis.wxCalls.filter(([name]) => name.startsWith('set')))
  assert.deepEqual(calls.map(([, given]) => given), [{ keepScreenOn: true }, { visualEffect: 'hidden' }])

  await complete()
  await rate(5, '很细心')
  await page.getByRole('button', { name: '返回' }).click()
  await page.getByText('客户评 5 星').waitFor()
  await page.getByText('很细心').waitFor()
  assert.equal(await page.getByText(ADDRESS).count(), 0)
  await me.screen('mini past visits')
  await me.leave({ mayStore: true })
})

test('Codes go on without a network for ten minutes, whatever the phone’s clock says, and come back with it', async () => {
  const her = await idle('蒋春梅')
  for (const wrong of [-10, 60]) {
    const me = await watched({ refused: true })
    const { page } = me
    const began = Date.now()
    await page.clock.install({ time: began + wrong * 60_000 })
    await page.goto(`${url}/worker`)
    await entered(page, her)
    await page.getByRole('link', { name: '动态码', exact: true }).click()
    await page.getByRole('img', { name: '动态二维码' }).waitFor()
    const good = async () => (await (await fetch(`${url}/p/${await digitsOf(page)}`, { headers: { accept: 'application/json' } })).json()).result
    assert.equal(await good(), 'genuine', `${wrong} minutes`)
    const first = await digitsOf(page)

    // More are asked for long before the last, however far off the clock is.
    const asked = page.waitForRequest('**/v1/me/codes')
    await page.clock.runFor(5 * 60_000)
    await asked

    await me.context.setOffline(true)
    await page.getByText('网络已断开').waitFor()
    await page.clock.runFor(60_000)
    await page.getByText(/没有网络也能用，还可以用 \d 分钟/).waitFor()
    assert.notEqual(await digitsOf(page), first)
    // She looks at something else that needs no network, and comes back.
    await page.getByRole('link', { name: '返回' }).click()
    await page.getByRole('link', { name: '动态码', exact: true }).click()
    await page.getByRole('img', { name: '动态二维码' }).waitFor()
    await me.screen('worker code offline')
    await page.clock.runFor(11 * 60_000)
    await page.getByRole('heading', { name: '动态码已用完' }).waitFor()
    await me.screen('worker codes over')
    await me.context.setOffline(false)
    await page.clock.runFor(20_000)
    await page.getByRole('img', { name: '动态二维码' }).waitFor()
    assert.equal(await good(), 'genuine')
    await me.leave()
  }
})

test('Whoever has no badge is told why, and sees the code once she has one', async () => {
  const her = await idle('吴桂芳')
  await city.call('POST', `/v1/badges/${her.badge.badge_id}/revoke`, city.desks[0].token, { reason: '换卡' })
  const me = await watched({ refused: true })
  const { page } = me
  await page.clock.install()
  await page.goto(`${url}/worker`)
  await entered(page, her)
  await page.getByText('还没有安排').waitFor()
  await me.screen('worker no visits')
  await page.getByRole('link', { name: '动态码', exact: true }).click()
  await page.getByRole('heading', { name: '现在没有可用的服务卡' }).waitFor()
  await me.screen('worker without badge')
  await city.call('POST', `/v1/workers/${her.worker_id}/badges`, city.desks[0].token, {})
  await page.clock.runFor(10_000)
  await page.getByRole('img', { name: '动态二维码' }).waitFor()
  // Once it is known that her session has ended, no code is left to be seen.
  await page.route('**/v1/**', route => route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify({ type: '/problems/unauthenticated', status: 401 }) }))
  await page.clock.runFor(5 * 60_000)
  await page.getByLabel('手机号').waitFor()
  assert.equal(await page.locator('.qr').count(), 0)
  await me.leave()
})

test('A worker objects to her record, and reads the answer and who looked', async () => {
  const her = await idle('郑小燕')
  const me = await atWork(her)
  const { page } = me
  await page.getByRole('link', { name: '诚信' }).click()
  await page.getByText('身份核验').first().waitFor()
  await page.getByText('没有提过异议').waitFor()
  await me.screen('worker record')
  await page.getByRole('link', { name: /提出异议/ }).click()
  await page.getByRole('button', { name: '提交异议' }).click()
  await page.getByText('请填写').waitFor()
  await me.screen('worker objecting')
  await page.getByLabel('哪一项不对').selectOption({ label: '健康证' })
  await page.getByLabel('哪里不对').fill('健康证九月已经换新的了。<b>')
  await page.getByRole('button', { name: '提交异议' }).click()
  await page.getByText('等待答复').waitFor()
  await me.screen('worker objection')

  const [{ objection_id }] = (await city.call('GET', '/v1/me/record', await her.token())).objections
  await city.call('POST', `/v1/workers/${her.worker_id}/objections/${objection_id}/answer`, her.office, { outcome: 'upheld', reason: '已更新，谢谢您告诉我们。' })
  await fetch(her.badge.url.replace(/^https?:\/\/[^/]+/, url), { headers: { accept: 'application/json' } })

  // In the mini-program she reads it too, and objects to something else.
  const mini = await inMini(her)
  await mini.page.getByRole('button', { name: '诚信信息' }).click()
  await mini.page.getByText('健康证九月已经换新的了。<b>').waitFor()
  await mini.page.getByText('成立', { exact: true }).waitFor()
  await mini.page.getByText('已更新，谢谢您告诉我们。').waitFor()
  await mini.page.getByText('主管部门看了您的档案').first().waitFor()
  await mini.page.getByText('目的：登记健康证').waitFor()
  await mini.page.getByRole('button', { name: '提交异议' }).click()
  await mini.page.getByText('请填写').waitFor()
  await mini.page.getByLabel('哪一项不对').selectOption({ label: '失信名单' })
  await mini.page.getByLabel('哪里不对').fill('同名同姓，不是我。')
  await mini.screen('mini record', { english: false })
  await mini.page.getByRole('button', { name: '提交异议' }).click()
  await mini.page.getByText('同名同姓，不是我。').waitFor()
  assert.equal(await mini.page.getByLabel('哪里不对').inputValue(), '')
  await mini.leave({ mayStore: true })

  await page.reload()
  await page.getByText('同名同姓，不是我。').waitFor()
  await page.getByText('已更新，谢谢您告诉我们。').waitFor()
  await me.screen('worker objections')
  await page.getByRole('link', { name: /谁看过我的信息/ }).click()
  await page.getByText('有人扫了您的卡').waitFor()
  await me.screen('worker views')
  await page.getByRole('link', { name: '返回' }).click()
  await page.getByRole('link', { name: /全部经过/ }).click()
  await page.getByText('异议（健康证）').waitFor()
  await page.locator('summary').first().click()
  await me.screen('worker history', { english: true })
  await page.getByRole('link', { name: '有错误？提出异议' }).first().click()
  await page.getByLabel('哪里不对').fill('这一条记错了。')
  await page.getByRole('button', { name: '提交异议' }).click()
  await page.getByText('这一条记错了。').waitFor()
  await me.leave()
})

test('A worker enters leave and takes it back, whatever her agency changes meanwhile', async () => {
  const her = await idle('孙丽萍')
  const desk = city.desks[0].token
  const agencySays = async body => city.call('PUT', `/v1/workers/${her.worker_id}/availability`, desk, { version: (await availability()).version, ...body })
  const availability = async () => city.call('GET', '/v1/me/availability', await her.token())
  const own = async () => (await availability()).leave.filter(one => one.by === 'worker').length
  const me = await atWork(her, { refused: true })
  const { page } = me
  await page.goto(`${url}/worker#/me/leave`)
  await page.getByText('没有请假').waitFor()
  await me.screen('worker leave')
  await page.getByLabel('到几点').selectOption('07:00')
  await page.getByRole('button', { name: '登记请假' }).click()
  await page.getByText('结束要晚于开始').waitFor()
  await me.screen('worker leave fault')
  await page.getByLabel('到几点').selectOption('18:00')
  // Her agency sets her hours in the same moment.
  await agencySays({ leave: [], hours: [{ day: 'monday', from: '08:00', until: '12:00' }, { day: 'monday', from: '13:00', until: '18:00' }] })
  await page.getByRole('button', { name: '登记请假' }).click()
  await page.getByText('已登记，不用写原因').waitFor()
  await page.getByText('自己登记').waitFor()
  await page.getByText('08:00–\u206012:00、13:00–\u206018:00').first().waitFor()
  await page.getByText('休息').first().waitFor()
  await me.screen('worker leave entered')
  // The same again is no second one.
  const sent = page.waitForResponse(response => response.request().method() === 'PUT')
  await page.getByRole('button', { name: '登记请假' }).click()
  await sent
  assert.equal(await own(), 1)

  const mini = await inMini(her, { refused: true })
  await mini.page.getByRole('button', { name: '请假和工作时间' }).click()
  await mini.page.getByText('08:00–\u206012:00、13:00–\u206018:00').first().waitFor()
  await mini.screen('mini leave')
  await agencySays({ leave: [], hours: null })
  await mini.page.getByRole('button', { name: '撤回' }).click()
  await mini.page.getByText('没有请假').waitFor()
  assert.equal(await own(), 0)
  await mini.page.getByLabel('到几点').selectOption('07:00')
  await mini.page.getByRole('button', { name: '登记请假' }).click()
  await mini.page.getByText('结束要晚于开始').waitFor()
  await mini.screen('mini leave fault')
  await mini.page.getByLabel('到几点').selectOption('19:30')
  await mini.page.getByRole('button', { name: '登记请假' }).click()
  await mini.page.getByText('自己登记').waitFor()
  assert.equal(await own(), 1)
  await mini.leave({ mayStore: true })

  await page.reload()
  await page.getByRole('button', { name: '撤回' }).click()
  await page.getByText('没有请假').waitFor()
  assert.equal(await own(), 0)
  await me.leave()
})

test('What is hers to decide: consent, moving, leaving, erasing, each asked once more', async () => {
  const her = await idle('刘凤霞')
  const me = await atWork(her, { refused: true })
  const { page } = me
  const again = () => page.getByRole('dialog')
  await page.getByRole('link', { name: '我的', exact: true }).click()
  await page.getByText(city.desks[0].name).waitFor()
  await me.screen('worker data')

  await page.getByRole('button', { name: '删除我的个人信息' }).click()
  await again().getByLabel('原因').fill('回老家了')
  await me.screen('worker erasing')
  await again().getByRole('button', { name: '确定删除' }).click()
  await page.getByText(/您的个人信息将在.+删除/).waitFor()
  await me.screen('worker erasure asked')
  await page.getByRole('button', { name: '不删了' }).click()
  await page.getByText('已撤回，您的信息保留').waitFor()

  // Another agency wants her; she agrees, and the authority lets her go there.
  const other = city.desks[1]
  await wanted(city, other, her)
  await page.reload()
  await page.getByRole('heading', { name: `${other.name}想请您去工作` }).waitFor()
  await me.screen('worker asked to move')
  await page.getByRole('button', { name: '同意转过去' }).click()
  await me.screen('worker moving')
  await again().getByRole('button', { name: '同意转过去' }).click()
  await page.locator('.card').getByText('您已同意，等主管部门批准').waitFor()
  await me.screen('worker has agreed')
  const { worker } = await city.call('GET', '/v1/me/record', await her.token())
  await her.review({ decision: 'approve', proposal_id: worker.proposals[0].proposal_id, version: worker.proposals[0].version })
  await page.reload()
  await page.locator('.facts').getByText(other.name).waitFor()

  await page.getByRole('button', { name: '撤回授权' }).click()
  await me.screen('worker withdrawing')
  await again().getByRole('button', { name: '撤回授权' }).click()
  await page.getByText('您已撤回授权，现在不能接单').waitFor()
  await page.getByText('已暂停').first().waitFor()
  await me.screen('worker has withdrawn')
  await page.getByRole('button', { name: '同意授权' }).click()
  await me.screen('worker consenting')
  await again().getByRole('button', { name: '同意授权' }).click()
  await page.getByText(/今天同意/).waitFor()

  await page.getByRole('button', { name: '离开现在的公司' }).click()
  await me.screen('worker leaving')
  await again().getByRole('button', { name: '确定离开' }).click()
  await page.getByText('现在不属于任何公司').waitFor()
  await me.screen('worker without agency')
  await me.leave()
})

test('In the mini-program a worker decides the same', async () => {
  const her = await idle('谢红')
  const me = await inMini(her, { refused: true })
  const { page } = me
  const other = city.desks[1]
  await wanted(city, other, her)
  await page.getByRole('button', { name: '我的资料和授权' }).click()
  await page.getByRole('heading', { name: `${other.name}想请您去工作` }).waitFor()
  await me.screen('mini data')
  const asked = async () => (await page.evaluate(() => globalThis.wxCalls.filter(([name]) => name === 'showModal').pop()[1])).title
  await page.getByRole('button', { name: '同意转过去' }).click()
  await page.getByText('✓ 您已同意，等主管部门批准').waitFor()
  assert.equal(await asked(), `${other.name}想请您去工作`)
  await page.getByRole('button', { name: '删除我的个人信息' }).click()
  await page.getByText(/您的个人信息将在.+删除/).waitFor()
  await me.screen('mini erasure asked')
  await page.getByRole('button', { name: '不删了' }).click()
  await page.getByRole('button', { name: '删除我的个人信息' }).waitFor()
  await page.getByRole('button', { name: '离开现在的公司' }).click()
  await page.getByText('现在不属于任何公司').waitFor()
  assert.equal(await asked(), `离开${city.desks[0].name}？`)
  await page.getByRole('button', { name: '撤回授权' }).click()
  await page.getByText('您已撤回授权，现在不能接单').waitFor()
  await me.screen('mini withdrawn')
  await page.getByRole('button', { name: '同意授权' }).click()
  await page.getByText(/今天同意/).waitFor()
  // Whoever says no has decided nothing.
  await page.evaluate(() => { globalThis.wxAnswers.showModal = { confirm: false, cancel: true } })
  await page.getByRole('button', { name: '撤回授权' }).click()
  assert.equal((await city.call('GET', '/v1/me/record', await her.token())).worker.consent.withdrawn_at, null)
  await me.leave({ mayStore: true })
})

test('On a local run a worker of the demo city logs in by her name', async () => {
  const me = await watched()
  const { page } = me
  await page.goto(`${url}/worker`)
  await page.getByRole('button', { name: city.demo.workers[0].name }).click()
  await page.getByRole('link', { name: '动态码', exact: true }).click()
  await page.getByRole('img', { name: '动态二维码' }).waitFor()
  await me.leave()
})

test('The keyboard alone shows the code, and objects', async () => {
  const her = await idle('许珍')
  const me = await watched()
  const { page } = me
  const press = async (name, key = 'Enter') => {
    await tabbed(page, name)
    await page.keyboard.press(key)
  }
  await page.goto(`${url}/worker`)
  await page.getByLabel('手机号').waitFor()
  await tabbed(page, '手机号')
  await page.keyboard.type(her.phone)
  await press('获取验证码')
  await page.getByText('验证码已发到').waitFor()
  await tabbed(page, '验证码')
  await page.keyboard.type(await codeOf(her.phone))
  await press('登录')
  await page.getByText('还没有安排').waitFor()
  await press('动态码')
  await page.getByRole('img', { name: '动态二维码' }).waitFor()
  await press('返回')
  await press('诚信')
  await page.getByText('身份核验').first().waitFor()
  await press('有错误？提出异议')
  await title(page, '提出异议')
  await tabbed(page, '哪里不对')
  await page.keyboard.type('记错了')
  await press('提交异议')
  await page.getByText('等待答复').waitFor()
  await press('我的')
  await page.getByRole('button', { name: '撤回授权' }).waitFor()
  await press('撤回授权')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await me.leave()
})
