// The network and the platform fail in the middle of each of a customer's forms: nothing is lost, nothing is done twice, and the
// person is told.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../host/host.js'
import { ADDRESS, HOME, city, closed, codeOf, customer, placed, url, watched } from './watched.js'
import { refusal, busy, tooMany, loggedOut, lost, gone, UNKNOWN, WAIT } from './mishaps.js'
import { orderFilled, phoneEntered } from './steps.js'

let host
before(async () => { host = await serve(url) })
after(async () => {
  host.close()
  await closed()
})

/** Whose data nobody has asked to be erased, on a platform that has seen these tests before too. */
const newPhone = number => `139${String(Date.now()).slice(-8, -2)}${10 + number}`

/** By name: what the first requests meet, and what the person is told before trying again, if they have to. */
const FAULTS = [
  ['the answer is lost once', [lost], null],
  ['no answer comes, three times', [lost, lost, lost], UNKNOWN],
  ['the network is gone', [gone, gone, gone], UNKNOWN],
  ['503 for a second', [refusal(503, 'unavailable', { 'retry-after': '1' })], null],
  ['503 for a minute', [busy], UNKNOWN],
  ['429 for a second', [refusal(429, 'rate-limited', { 'retry-after': '1' })], null],
  ['429 for a minute', [tooMany], WAIT],
  ['401 in the middle', [loggedOut], null],
  ['offline when it is sent, and back', 'offline', UNKNOWN],
  ['logged out by the platform', 'over', null],
]

const openOrders = async token => (await city.call('GET', '/v1/orders?limit=50', token)).items.filter(order => order.status === 'open').length
const lines = what => async ({ token, id }) => (await city.call('GET', `/v1/orders/${id}`, token)).timeline.filter(line => line.what === what).length

/** The forms in the order in which a visit has them. `at` is where, `fill` fills it in, `kept` is what then stays in it, `send` is the
 * button, `to` the request, `done` what is seen at last, and `times` how often the platform has done it. */
const WEB = {
  'the order form': {
    at: () => 'new', fill: (page, { phone }) => orderFilled(page, phone), kept: [['称呼', '王小明'], ['详细地址', ADDRESS]], send: '发布订单', to: '**/v1/orders', done: page => page.getByRole('heading', { name: '正在寻找家政公司' }),
    times: async ({ token, before }) => await openOrders(token) - before, goesOn: true,
  },
  'cancelling': {
    at: ({ other }) => `orders/${other}`, fill: async page => { await page.getByRole('button', { name: '取消订单' }).click(); await page.getByLabel('不需要了').check({ force: true }) },
    send: page => page.getByRole('dialog').getByRole('button', { name: '取消订单' }), to: '**/cancel', done: page => page.getByRole('heading', { name: '订单已取消' }), times: ({ token, other }) => lines('cancelled')({ token, id: other }),
  },
  'the badge check': { at: ({ id }) => `orders/${id}/check`, fill: (page, { badge }) => page.getByLabel('数字或链接').fill(badge.token), send: '核验', to: '**/badge-check', done: page => page.getByText('服务已开始。'), times: lines('started') },
  'completing': {
    at: ({ id }) => `orders/${id}`, fill: page => page.getByRole('button', { name: '确认服务完成' }).click(), send: page => page.getByRole('dialog').getByRole('button', { name: '确认服务完成' }), to: '**/complete',
    done: page => page.getByText('这次服务怎么样'), times: lines('completed'),
  },
  'the rating': {
    at: ({ id }) => `orders/${id}/rate`, fill: async page => { await page.getByLabel('5 星').check({ force: true }); await page.getByLabel('说说您的感受').fill('很细心') }, kept: [['说说您的感受', '很细心']],
    send: '评价这次服务', to: '**/rating', done: page => page.getByRole('heading', { name: '谢谢您的评价' }), times: lines('rated'),
  },
  'the complaint': {
    at: ({ id }) => `orders/${id}/complain`, fill: page => page.getByLabel('发生了什么').fill('多收了二十元'), kept: [['发生了什么', '多收了二十元']], send: '提交投诉', to: '**/v1/orders/*/complaints', done: page => page.getByRole('heading', { name: /^投诉 · / }).first(),
    times: async ({ token, id }) => (await city.call('GET', '/v1/complaints', token)).items.filter(one => one.order_id === id).length,
  },
  'erasing': {
    at: () => 'me', fill: page => page.getByRole('button', { name: '删除我的资料' }).click(), send: '申请删除', to: '**/v1/me/erase', done: page => page.getByText(/您的资料将在.+删除/),
    times: async ({ token }) => (await city.call('GET', '/v1/me/erase', token)).erasure ? 1 : 0,
  },
}

/** The same in the mini-program, as far as it sends anything by itself; `at` is a page of it. */
const MINI = {
  'the order form': {
    ...WEB['the order form'], at: () => 'new/new',
    async fill(page, { phone }) {
      await page.getByRole('button', { name: '用我现在的位置' }).click()
      await page.getByLabel('详细地址').fill(ADDRESS)
      await page.getByLabel('称呼').fill('王小明')
      await page.getByLabel('手机号').fill(phone)
    },
  },
  'cancelling': { ...WEB.cancelling, at: ({ other }) => `order/order?order_id=${other}`, fill: null, send: '取消订单' },
  'the badge check': { ...WEB['the badge check'], at: ({ id }) => `check/check?order_id=${id}` },
  'completing': { ...WEB.completing, at: ({ id }) => `order/order?order_id=${id}`, fill: null, send: '确认服务完成' },
  'the rating': { ...WEB['the rating'], at: ({ id }) => `rate/rate?order_id=${id}`, fill: async page => { await page.getByRole('button', { name: '5 星' }).click(); await page.getByLabel('说说您的感受').fill('很细心') }, done: page => page.getByRole('button', { name: '立即预约' }) },
  'the complaint': { ...WEB['the complaint'], at: ({ id }) => `complain/complain?order_id=${id}` },
}

/** An order that a worker is named for, and another that waits; of a customer whose token this is. */
async function visits(token) {
  const { order_id: id } = await placed(token)
  const { badge } = await city.staff(await city.grab(id), id)
  const { order_id: other } = await placed(token)
  return { token, id, other, badge, before: await openOrders(token) }
}

/** Has the requests to this address that change something meet the faults; answers the keys of all that come. */
async function meeting(page, to, faults) {
  const left = [...faults]
  const keys = []
  await page.route(to, route => {
    if (route.request().method() === 'GET') return route.fallback()
    keys.push(route.request().headers()['idempotency-key'])
    const fault = left.shift()
    return fault ? fault(route) : route.fallback()
  })
  return keys
}

/** Sends a form that is filled in and meets a fault, again if the person is told to, until it is done: once. `entered` logs in again. */
async function sent(me, form, [, faults, told], visit, entered) {
  const { page, context } = me
  const button = typeof form.send === 'string' ? page.getByRole('button', { name: form.send, exact: true }) : form.send(page)
  let isOver = faults === 'over'
  const keys = await meeting(page, form.to, Array.isArray(faults) ? faults : isOver ? [loggedOut] : [])
  await page.route('**/v1/sessions/refresh', route => isOver ? loggedOut(route) : route.fallback())
  await page.route('**/v1/sessions/customer', route => { isOver = false; return route.fallback() })
  const stays = async () => { for (const [label, value] of form.kept || []) assert.equal(await page.getByLabel(label).inputValue(), value, label) }
  // What it shows has been read by then.
  await button.waitFor()
  await context.setOffline(faults === 'offline')
  await button.click()
  if (told) {
    await page.getByRole('alert').getByText(told).waitFor()
    await stays()
    if (faults === 'offline') await context.setOffline(false)
    else await page.getByRole('button', { name: '再试一次' }).or(button).first().click()
  } else if (isOver && entered) {
    await page.getByRole('button', { name: '获取验证码' }).waitFor()
    isOver = false
    await entered(page)
    // The order form goes on by itself: nobody has to be logged in to fill it in.
    if (!form.goesOn) {
      await button.waitFor()
      await stays()
      await button.click()
    }
  }
  await form.done(page).waitFor()
  assert.ok(new Set(keys).size === 1 || faults === 'over', 'a repeat has the key of the first time')
  if (told || Array.isArray(faults)) assert.ok(keys.length > 1 || faults === 'offline', 'the fault was met')
  assert.equal(await form.times(visit), 1)
  await page.unrouteAll()
}

/** What the client does by itself is the same in all forms: the first will do, or three where one has to send again. */
const tried = (forms, [name]) => Object.entries(forms).slice(0, name.endsWith('for a second') ? 1 : /for a minute$|three times$/.test(name) ? 3 : undefined)

for (const [number, fault] of FAULTS.entries()) {
  test(`On the web: ${fault[0]}`, async t => {
    const phone = newPhone(number)
    const me = await watched({ refused: true })
    const { page, context } = me
    await city.call('POST', '/v1/sessions/phone-code', null, { phone })
    const session = await context.request.post(`${url}/v1/sessions/phone`, { data: { phone, code: await codeOf(phone), as: 'customer', cookie: true } })
    await page.addInitScript(() => localStorage.setItem('loggedIn.customer', 'yes'))
    const visit = { ...await visits((await session.json()).token), phone }
    const entered = async page => {
      await page.getByLabel('手机号').fill(phone)
      await phoneEntered(page, phone)
    }
    for (const [name, form] of tried(WEB, fault)) {
      await t.test(name, async () => {
        await page.goto(`${url}/order#/${form.at(visit)}`)
        await form.fill(page, visit)
        await sent(me, form, fault, visit, entered)
      })
    }
    await me.leave()
  })

  test(`In the mini-program: ${fault[0]}`, async t => {
    const me = await watched({ refused: true })
    const { page } = me
    await page.addInitScript(given => sessionStorage.setItem('wxAnswers', JSON.stringify(given)), { login: { code: 'demo-customer-12' }, getLocation: { latitude: HOME.lat, longitude: HOME.lon }, showActionSheet: { tapIndex: 1 } })
    const visit = { ...await visits(await customer(12)), phone: '13900000012' }
    for (const [name, form] of tried(MINI, fault)) {
      await t.test(name, async () => {
        await page.goto(host.url)
        await page.getByRole('button', { name: '立即预约' }).waitFor()
        await page.evaluate(to => globalThis.mini.open(`/pages/${to}`), form.at(visit))
        await form.fill?.(page, visit)
        await sent(me, form, fault, visit)
      })
    }
    await me.leave({ mayStore: true })
  })
}
