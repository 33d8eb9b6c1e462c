// Steps that several flows of the pages have.

import assert from 'node:assert/strict'
import { hired } from '../workers.js'
import { ADDRESS, city, codeOf, url } from './watched.js'

/** Fills in the order form for a visit where the browser is. */
export async function orderFilled(page, phone, { address = ADDRESS, name = '王小明' } = {}) {
  await page.getByRole('button', { name: '用我现在的位置' }).click()
  await page.getByText('已使用您现在的位置').waitFor()
  await page.getByLabel('详细地址').fill(address)
  await page.getByLabel('称呼').fill(name)
  await page.getByLabel('手机号').fill(phone)
}

/** Logs a customer in whom WeChat has named by this code, without a form. */
export async function loggedIn(page, code) {
  await page.context().request.post(`${url}/v1/sessions/customer`, { data: { code, cookie: true } })
  await page.addInitScript(() => localStorage.setItem('loggedIn.customer', 'yes'))
}

/** The desk names another worker for an order that is looked at, whose photo is then asked for. */
export async function replaced(page, desk, order_id) {
  const other = await hired(city, desk, '欧阳桂兰')
  const asked = page.waitForRequest('**/worker/photo')
  await city.call('POST', `/v1/orders/${order_id}/staff`, desk.token, { worker_id: other.worker_id })
  await page.getByText('欧*', { exact: true }).waitFor()
  await asked
}

/** Logs in by the code that is sent to the phone, which is filled in already. */
export async function phoneEntered(page, phone, seen = async () => {}) {
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByText('验证码已发到').waitFor()
  await seen()
  await page.getByLabel('验证码').fill(await codeOf(phone))
  await page.getByRole('button', { name: '登录', exact: true }).click()
}

/** Logs a desk in by a member's key. */
export async function keyEntered(page, { access_key, secret }) {
  await page.getByLabel('账号').fill(access_key)
  await page.getByLabel('密钥').fill(secret)
  await page.getByRole('button', { name: '登录', exact: true }).click()
}

/** Presses Tab until what is focused is called so, as the keyboard alone gets there. */
export async function tabbed(page, name, most = 80) {
  for (let pressed = 0; pressed < most; pressed++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const at = document.activeElement
      const label = at.labels?.[0]?.innerText || ''
      return at.getAttribute('aria-label') || label || at.innerText || ''
    })
    if (focused.trim().startsWith(name)) return
  }
  throw new Error(`Tab does not lead to ${name}`)
}

/** What a screen reader reads has these one after the other. */
export async function readInOrder(page, steps) {
  const read = await page.locator('body').ariaSnapshot()
  let at = -1
  for (const step of steps) {
    const found = read.indexOf(step, at + 1)
    assert.ok(found > at, `${step} does not come next in\n${read}`)
    at = found
  }
}
