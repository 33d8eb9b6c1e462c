// Forms and dialogs: where the focus goes, and that what is left does nothing any more.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../host/host.js'
import { creditCode } from '../numbers.js'
import { ADDRESS, HOME, city, closed, placed, url, watched } from './watched.js'
import { orderFilled, phoneEntered } from './steps.js'

let host
before(async () => { host = await serve(url) })
after(async () => {
  host.close()
  await closed()
})

const send = page => page.getByRole('button', { name: '发布订单' })
const focused = page => page.evaluate(() => document.activeElement.getAttribute('name') || document.activeElement.innerText.trim())
const tokenOf = async code => (await city.call('POST', '/v1/sessions/customer', null, { code })).token
const ordersOf = async code => (await city.call('GET', '/v1/orders?limit=50', await tokenOf(code))).items.length

/** A browser in which a customer is logged in. */
async function loggedIn(code) {
  const me = await watched({ refused: true })
  await me.context.request.post(`${url}/v1/sessions/customer`, { data: { code, cookie: true } })
  await me.page.addInitScript(() => localStorage.setItem('loggedIn.customer', 'yes'))
  return me
}

/** Holds requests to this address back. @returns {Promise<() => void>} Lets them go. */
async function heldBack(page, to) {
  /** @type {() => void} */
  let go = () => {}
  const held = new Promise(resolve => { go = () => resolve(undefined) })
  await page.route(to, async route => { await held; await route.fallback() })
  return go
}

test('The first press leads to the fault', async () => {
  const me = await watched()
  const { page } = me
  await page.goto(`${url}/order#/new`)
  await orderFilled(page, '1')
  await send(page).click()
  await page.waitForFunction(() => document.activeElement.getAttribute('name') === 'phone')
  await me.leave()
})

test('A dialog gives the focus back to what opened it', async () => {
  const code = 'demo-customer-17'
  const { order_id } = await placed(await tokenOf(code))
  const me = await loggedIn(code)
  const { page } = me
  await page.goto(`${url}/order#/orders/${order_id}`)
  await page.getByRole('button', { name: '取消订单' }).press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal(await focused(page), '取消订单')
  await me.leave()
})

test('A late answer does not lead away from another form', async () => {
  const me = await loggedIn('demo-customer-17')
  const { page } = me
  const answer = await heldBack(page, '**/v1/orders')
  await page.goto(`${url}/order`)
  await page.getByRole('link', { name: '立即预约' }).click()
  await orderFilled(page, '13900000017')
  await send(page).click()
  await page.getByRole('link', { name: '返回' }).click()
  await page.getByRole('link', { name: '立即预约' }).click()
  await page.getByLabel('详细地址').fill('另一个地方 2 号')
  answer()
  await page.getByText('订单已发布').waitFor()
  assert.equal(await page.getByLabel('详细地址').inputValue(), '另一个地方 2 号')
  await me.leave()
})

test('Back leads from the login to the form as it was, and a login after that sends it', async () => {
  const me = await watched({ refused: true })
  const { page } = me
  const phone = `137${String(Date.now()).slice(-8)}`
  await page.goto(`${url}/order`)
  await page.getByRole('link', { name: '立即预约' }).click()
  await orderFilled(page, phone)
  await send(page).click()
  await page.getByRole('button', { name: '获取验证码' }).waitFor()
  await page.goBack()
  await send(page).waitFor()
  assert.equal(await page.getByLabel('详细地址').inputValue(), ADDRESS)
  await send(page).click()
  await phoneEntered(page, phone)
  await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
  await page.goBack()
  await page.getByRole('link', { name: '立即预约' }).waitFor()
  await me.leave()
})

test('A form that is made anew, when it is not known whether the order was placed, says so until one looks', async () => {
  const me = await loggedIn('demo-customer-17')
  const { page } = me
  await page.goto(`${url}/order#/new`)
  await orderFilled(page, '13900000017')
  const lost = async route => {
    await route.fetch()
    await route.abort()
  }
  await page.route('**/v1/orders', lost)
  await send(page).click()
  await page.getByText('不知道是否已经办成').waitFor()
  const said = page.getByText('刚才的订单可能已经发布')
  assert.equal(await said.count(), 0, 'the form itself can be sent again')
  await page.unroute('**/v1/orders', lost)
  await page.reload()
  await said.waitFor()
  await page.getByRole('main').getByRole('button', { name: '订单', exact: true }).click()
  await page.getByRole('heading', { name: '订单', level: 1, exact: true }).waitFor()
  await page.goBack()
  await send(page).waitFor()
  assert.equal(await said.count(), 0)
  await me.leave()
})

test('What is shown only once stays until somebody says that it is kept', async () => {
  const me = await watched({ width: 1440, refused: true })
  const { page } = me
  const secret = 'shown-once'
  await page.route('**/v1/agencies', route => route.fulfill({ status: 201, json: { agency_id: 'agy_1', access_key: 'key', secret } }))
  await page.goto(`${url}/desk`)
  await page.locator('a[href="#/register"]').click()
  await page.getByLabel('公司名称').fill('哈尔滨新办家政有限公司')
  await page.getByLabel('统一社会信用代码').fill(creditCode())
  await page.getByLabel('负责人姓名').fill('李雷')
  await page.getByLabel('负责人手机号').fill('13845678902')
  await page.getByLabel('日常保洁').check()
  await page.getByLabel('门店名称').fill('一店')
  await page.getByLabel('门店地址').fill('中央大街 100 号')
  await page.getByRole('button', { name: '在地图上选' }).click()
  await page.locator('.map-frame [role=img]').click({ position: { x: 150, y: 120 } })
  await page.getByRole('button', { name: '就在这里' }).click()
  await page.locator('main [type=submit]').click()
  await page.getByText(secret, { exact: true }).waitFor()
  await page.goBack()
  await page.waitForURL(/register$/)
  await page.getByText(secret, { exact: true }).waitFor()
  await page.getByRole('button', { name: '记好了' }).click()
  await page.getByLabel('密钥').waitFor()
  assert.doesNotMatch(page.url(), /register/)
  await me.leave()
})

test('In the mini-program a form that was left sends nothing when the network is back', async () => {
  const code = 'demo-customer-18'
  const before = await ordersOf(code)
  const me = await watched({ refused: true })
  const { page, context } = me
  await page.addInitScript(given => sessionStorage.setItem('wxAnswers', JSON.stringify(given)), { login: { code }, getLocation: { latitude: HOME.lat, longitude: HOME.lon } })
  await page.goto(host.url)
  await page.getByRole('button', { name: '立即预约' }).click()
  await page.getByRole('button', { name: '用我现在的位置' }).click()
  await page.getByLabel('详细地址').fill(ADDRESS)
  await page.getByLabel('称呼').fill('王小明')
  await page.getByLabel('手机号').fill('13900000018')
  await context.setOffline(true)
  await send(page).click()
  await page.getByText('不知道是否已经办成').waitFor()
  await page.getByRole('button', { name: '返回' }).click()
  let sent = 0
  page.on('request', request => { if (request.method() === 'POST' && request.url().endsWith('/v1/orders')) sent++ })
  await context.setOffline(false)
  // What is read after that is answered: whatever had waited for the network was sent before.
  await page.getByRole('button', { name: '我的', exact: true }).click()
  await page.getByRole('button', { name: '删除我的资料' }).waitFor()
  assert.equal(sent, 0)
  assert.equal(await ordersOf(code), before)
  await me.leave({ mayStore: true })
})
