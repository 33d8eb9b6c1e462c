// The network and the platform fail in the middle of the order form: nothing is lost, nothing is done twice, and the person is told.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../host/host.js'
import { ADDRESS, HOME, city, closed, customer, url, watched } from './watched.js'
import { orderFilled, phoneEntered } from './steps.js'

let host
before(async () => { host = await serve(url) })
after(async () => {
  host.close()
  await closed()
})

/** An answer that refuses. */
const refusal = (status, slug, headers = {}) => route => route.fulfill({ status, contentType: 'application/problem+json', headers, body: JSON.stringify({ type: `https://homehail.cn/problems/${slug}`, title: slug, status, detail: slug }) })

/** It was done, but nobody hears of it. */
const lost = async route => {
  await route.fetch()
  await route.abort()
}

/** By name: what the first requests meet, and what the person is told before trying again, if they have to. */
const FAULTS = [
  ['the answer is lost once', [lost], null],
  ['no answer comes, three times', [lost, lost, lost], '不知道是否已经办成'],
  ['the network is gone', [route => route.abort(), route => route.abort(), route => route.abort()], '不知道是否已经办成'],
  ['503 for a second', [refusal(503, 'unavailable', { 'retry-after': '1' })], null],
  ['503 for a minute', [refusal(503, 'unavailable', { 'retry-after': '60' })], '不知道是否已经办成'],
  ['429 for a second', [refusal(429, 'rate-limited', { 'retry-after': '1' })], null],
  ['429 for a minute', [refusal(429, 'rate-limited', { 'retry-after': '60' })], '操作太频繁，请等 60 秒再试'],
  ['401 in the middle', [refusal(401, 'unauthenticated')], null],
]

/** Has the requests that place an order meet these; what arrives has its key in `keys`. */
async function meeting(page, faults) {
  const left = [...faults]
  const keys = []
  await page.route('**/v1/orders', route => {
    if (route.request().method() !== 'POST') return route.fallback()
    keys.push(route.request().headers()['idempotency-key'])
    const fault = left.shift()
    return fault ? fault(route) : route.fallback()
  })
  return keys
}

const ordersOf = async token => (await city.call('GET', '/v1/orders?limit=50', token)).items.filter(order => order.status === 'open').length

test('On the web, whatever the order form meets', async t => {
  const phone = '13900000011'
  const me = await watched({ refused: true })
  const { page } = me
  let token = ''
  page.on('response', async response => { if (/\/v1\/sessions\/(phone|refresh)$/.test(response.url())) token = (await response.json().catch(() => ({}))).token || token })
  await page.goto(`${url}/order#/me`)
  await page.getByLabel('手机号').fill(phone)
  await phoneEntered(page, phone)
  await page.getByRole('button', { name: '退出登录' }).waitFor()
  for (const [name, faults, told] of FAULTS) {
    await t.test(name, async () => {
      await page.goto(`${url}/order#/new`)
      await orderFilled(page, phone, { name })
      const before = await ordersOf(token)
      const keys = await meeting(page, faults)
      await page.getByRole('button', { name: '发布订单' }).click()
      if (told) {
        await page.getByRole('alert').getByText(told).waitFor()
        assert.equal(await page.getByLabel('称呼').inputValue(), name)
        assert.equal(await page.getByLabel('详细地址').inputValue(), ADDRESS)
        await page.getByRole('button', { name: /再试一次|发布订单/ }).click()
      }
      await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
      assert.equal(new Set(keys).size, 1, 'a repeat has the key of the first time')
      assert.equal(keys.length, faults.length + 1)
      assert.equal(await ordersOf(token), before + 1)
      await page.unrouteAll()
    })
  }

  await t.test('offline when it is sent, and back by itself', async () => {
    await page.goto(`${url}/order#/new`)
    await orderFilled(page, phone)
    const before = await ordersOf(token)
    await me.context.setOffline(true)
    await page.getByText('网络已断开').waitFor()
    await page.getByRole('button', { name: '发布订单' }).click()
    await page.getByRole('alert').getByText('不知道是否已经办成').waitFor()
    await me.context.setOffline(false)
    await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
    assert.equal(await ordersOf(token), before + 1)
    await page.unrouteAll()
  })

  await t.test('logged out by the platform: the form is there again after the login', async () => {
    await page.goto(`${url}/order#/new`)
    await orderFilled(page, phone, { name: '还在' })
    let over = true
    await page.route('**/v1/orders', route => over && route.request().method() === 'POST' ? refusal(401, 'unauthenticated')(route) : route.fallback())
    await page.route('**/v1/sessions/refresh', route => over ? refusal(401, 'unauthenticated')(route) : route.fallback())
    await page.getByRole('button', { name: '发布订单' }).click()
    await page.getByRole('button', { name: '获取验证码' }).waitFor()
    over = false
    if (!await page.getByLabel('手机号').inputValue()) await page.getByLabel('手机号').fill(phone)
    await phoneEntered(page, phone)
    const order = page.getByRole('heading', { name: '正在寻找家政公司' })
    await order.or(page.getByLabel('称呼')).first().waitFor()
    if (!await order.isVisible()) {
      assert.equal(await page.getByLabel('称呼').inputValue(), '还在')
      await page.getByRole('button', { name: '发布订单' }).click()
      await order.waitFor()
    }
    await page.unrouteAll()
  })
  await me.leave()
})

test('In the mini-program, whatever the order form meets', async t => {
  const me = await watched({ refused: true })
  const { page } = me
  await page.addInitScript(given => sessionStorage.setItem('wxAnswers', JSON.stringify(given)), { login: { code: 'demo-customer-12' }, getLocation: { latitude: HOME.lat, longitude: HOME.lon } })
  const token = await customer(12)
  for (const [name, faults, told] of FAULTS) {
    await t.test(name, async () => {
      await page.goto(host.url)
      await page.getByRole('button', { name: '立即预约' }).waitFor()
      await page.evaluate(() => globalThis.mini.open('/pages/new/new'))
      await page.getByRole('button', { name: '用我现在的位置' }).click()
      await page.getByLabel('详细地址').fill(ADDRESS)
      await page.getByLabel('称呼').fill(name)
      await page.getByLabel('手机号').fill('13900000012')
      const before = await ordersOf(token)
      const keys = await meeting(page, faults)
      await page.getByRole('button', { name: '发布订单' }).click()
      if (told) {
        await page.getByText(told).waitFor()
        assert.equal(await page.getByLabel('称呼').inputValue(), name)
        await page.getByRole('button', { name: /再试一次|发布订单/ }).click()
      }
      await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
      assert.equal(new Set(keys).size, 1, 'a repeat has the key of the first time')
      assert.equal(await ordersOf(token), before + 1)
      await page.unrouteAll()
    })
  }
  await me.leave({ mayStore: true })
})
