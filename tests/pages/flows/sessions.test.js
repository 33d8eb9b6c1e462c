// Whose session it is: when another comes, or somebody leaves, nothing of the former stays on the screen or is sent.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { city, closed, placed, url, watched } from './watched.js'
import { keyEntered, orderFilled } from './steps.js'

after(closed)

const [first, second] = city.demo.agencies
const atHome = '已经退出的客户的家 301'

/** A desk that shows an order with the customer's address. */
async function deskAtOrder() {
  const token = (await city.call('POST', '/v1/sessions/customer', null, { code: 'demo-customer-14' })).token
  const { order_id } = await placed(token, { address: atHome })
  const desk = city.desks.find(({ name }) => name === first.name)
  await city.grab(order_id, [desk])
  await city.staff(desk, order_id)
  const me = await watched({ width: 1440, refused: true })
  await me.page.clock.install()
  await me.page.goto(`${url}/desk#/orders/${order_id}`)
  await keyEntered(me.page, first)
  await me.page.getByText(atHome).first().waitFor()
  return me
}

const loginShown = page => page.getByLabel('密钥').waitFor()

/** Ends this browser's session, which the page has not heard of. */
const endedElsewhere = page => page.evaluate(() => fetch('/v1/sessions', { method: 'DELETE', headers: { 'content-type': 'application/json', 'x-requested-with': 'homehail' }, body: '{"as":"agency"}' }))

test('Whoever logs in after another sees nothing of what that one saw', async () => {
  const { page, leave } = await deskAtOrder()
  await endedElsewhere(page)
  await page.clock.fastForward(16 * 60_000)
  await loginShown(page)
  await keyEntered(page, second)
  await page.getByText('现在登录的是另一个账号').waitFor()
  await page.getByRole('heading', { name: '抢单大厅', level: 1 }).waitFor()
  assert.equal(await page.getByText(atHome).count(), 0)
  await leave()
})

test('The same person goes on where the session had ended', async () => {
  const { page, leave } = await deskAtOrder()
  await endedElsewhere(page)
  await page.clock.fastForward(16 * 60_000)
  await loginShown(page)
  await keyEntered(page, first)
  await page.getByText(atHome).first().waitFor()
  await leave()
})

test('Logging out takes everything off the screen at once, in every tab, and says when it has failed', async () => {
  const { page, context, leave } = await deskAtOrder()
  const other = await context.newPage()
  await other.goto(`${url}/desk#/more`)
  const logOut = other.getByRole('button', { name: '退出登录' })
  await logOut.waitFor()
  const refused = route => route.request().method() === 'DELETE' ? route.fulfill({ status: 503, contentType: 'application/problem+json', headers: { 'retry-after': '60' }, body: '{"type":"/problems/unavailable"}' }) : route.fallback()
  await other.route('**/v1/sessions', refused)
  await logOut.click()
  await other.getByText('您还没有退出登录').waitFor()
  await logOut.waitFor()
  await other.unroute('**/v1/sessions', refused)
  /** @type {() => void} */
  let answer = () => {}
  const held = new Promise(resolve => { answer = () => resolve(undefined) })
  await other.route('**/v1/sessions', async route => { await held; await route.fallback() })
  await logOut.click()
  await logOut.waitFor({ state: 'detached' })
  // The desk's reads go on by the second, and none of them keeps the session.
  await other.waitForRequest('**/v1/offers/open')
  answer()
  await loginShown(other)
  await loginShown(page)
  assert.equal(await page.getByText(atHome).count(), 0)
  assert.deepEqual((await context.cookies(`${url}/v1/sessions`)).map(({ name }) => name), [])
  await leave()
})

test('What one customer has filled in is not ordered in the name of another', async () => {
  const me = await watched({ refused: true })
  const { page, context } = me
  const [one, two] = ['demo-customer-15', 'demo-customer-16']
  const entered = code => context.request.post(`${url}/v1/sessions/customer`, { data: { code, cookie: true } })
  const orders = async code => (await city.call('GET', '/v1/orders?limit=50', (await city.call('POST', '/v1/sessions/customer', null, { code })).token)).items.length
  const before = [await orders(one), await orders(two)]
  await entered(one)
  await page.addInitScript(() => localStorage.setItem('loggedIn.customer', 'yes'))
  await page.clock.install()
  await page.goto(`${url}/order#/me`)
  await page.getByRole('button', { name: '退出登录' }).waitFor()
  await page.evaluate(() => { location.hash = '#/new' })
  await orderFilled(page, '13900012345', { address: '一号客户的家' })
  await entered(two)
  await page.clock.fastForward(16 * 60_000)
  await page.getByRole('button', { name: '发布订单' }).click()
  await page.getByText('现在登录的是另一个账号').waitFor()
  assert.deepEqual([await orders(one), await orders(two)], before)
  await me.leave()
})

test('An address that nobody can have meant leads to the start', async () => {
  const me = await watched()
  await me.page.goto(`${url}/order#/orders/%E0%A4%A`)
  await me.page.getByRole('link', { name: '立即预约' }).waitFor()
  await me.leave()
})
