// The customer's screens of the mini-program, run by the host.

import { serve } from '../host/host.js'

/** @param {import('../shots.js').Tour} tour */
export default async function ({ page, shot, base, city, answering }) {
  const host = await serve(base)
  let token = ''
  page.on('response', async answer => { if (/\/v1\/sessions\/(customer|refresh)$/.test(answer.url()) && answer.ok()) token = (await answer.json()).token })
  await page.addInitScript(code => {
    const isLarge = localStorage.getItem('large') === 'yes'
    const isEnglish = localStorage.getItem('language') === 'en'
    sessionStorage.setItem('wxAnswers', JSON.stringify({
      login: { code: `demo-customer-${14 + (isLarge ? 1 : 0) + (isEnglish ? 2 : 0)}` }, getAppBaseInfo: { language: isEnglish ? 'en' : 'zh_CN', fontSizeSetting: isLarge ? 22 : 16 }, getPhoneNumber: { code },
      chooseLocation: { latitude: 45.759, longitude: 126.648, name: '中央大街', address: '哈尔滨市道里区' },
    }))
  }, city.demo.workers[0].code)
  const to = (/** @type {string} */ to) => page.evaluate(to => /** @type {any} */ (window).mini.open(`/pages/${to}`), to)
  const tab = (/** @type {string} */ to) => page.evaluate(to => /** @type {any} */ (window).wx.switchTab({ url: `/pages/${to}/${to}` }), to)
  try {
    await page.goto(host.url)
    await page.waitForSelector('.tile')
    await shot('home')
    await tab('orders')
    await page.waitForSelector('.title:visible, .item:visible')
    await shot('orders-empty')
    await to('complaints/complaints')
    await page.waitForSelector('.title:visible')
    await shot('complaints-empty')
    await to('new/new')
    await page.waitForSelector('picker')
    await page.click('.page > .go:visible')
    await shot('new-faults')
    await page.click('.card:nth-child(3) button:nth-of-type(2)')
    await page.waitForSelector('.note.good')
    await page.fill('input >> nth=1', '中央大街 100 号 3 单元 502')
    await page.fill('input >> nth=2', '王女士')
    await page.fill('input >> nth=3', '13912345678')
    await shot('new')
    await page.click('.page > .go:visible')
    await page.waitForSelector('.countdown')
    const id = await page.evaluate(() => /** @type {any} */ (window).mini.stack.at(-1).page.data.order_id)
    await shot('open')
    const shown = async (/** @type {string} */ name, /** @type {object} */ change) => {
      await answering(`**/v1/orders/${id}`, order => ({ ...order, ...change }))
      await to(`order/order?order_id=${id}`)
      await page.waitForSelector('.title:visible')
      await shot(name)
      await answering(`**/v1/orders/${id}`, null)
    }
    await shown('unfilled', { status: 'unfilled' })
    await answering(`**/v1/orders/${id}`, 503)
    await to(`order/order?order_id=${id}`)
    await page.waitForSelector('.note.warn:visible')
    await shot('failed')
    await answering(`**/v1/orders/${id}`, null)
    const desk = await city.grab(id)
    await to(`order/order?order_id=${id}`)
    await page.waitForSelector(`text=${desk.name} >> visible=true`)
    await shot('claimed')
    await city.staff(desk, id)
    await to(`order/order?order_id=${id}`)
    await page.waitForSelector('image.face:visible')
    await shot('staffed')
    await to(`check/check?order_id=${id}`)
    await page.waitForSelector('textarea:visible')
    await page.click('.card:nth-child(2) button:visible')
    await shot('check')
    const scan = async (/** @type {string} */ result) => {
      await page.evaluate(result => { /** @type {any} */ (window).wxAnswers.scanCode = { result } }, result)
      await page.click('.go:visible')
      await page.waitForSelector('.verdict:visible')
    }
    for (const result of ['mismatch', 'no_worker_yet', 'invalid']) {
      await answering('**/badge-check', () => ({ result, badge: null }))
      await scan('1')
      await shot(`check-${result.replace(/_/g, '-')}`)
      await page.click('.go:visible')
    }
    await answering('**/badge-check', null)

    // A visit of today, to its end.
    const { order_id: now } = await city.call('POST', '/v1/orders', token, {
      service: 'cleaning', start_at: new Date(Date.now() + 3_600_000).toISOString(), duration_min: 120, address: '中央大街 100 号 3 单元 502', location: { lat: 45.757, lon: 126.642, datum: 'wgs84' }, contact: { name: '王女士', phone: '13912345678' },
      wishes: [], notes: '家里有猫，请轻声',
    })
    const other = await city.grab(now)
    const { badge } = await city.staff(other, now)
    await to(`check/check?order_id=${now}`)
    await scan(badge.url)
    await shot('match')
    await to(`order/order?order_id=${now}`)
    await page.waitForSelector('image.face:visible')
    await shot('in-service')
    await page.click('.go:visible')
    await page.waitForSelector('.star:visible')
    await page.click('.star:nth-child(4):visible')
    await shot('rate')
    await page.click('.go:visible')
    await page.waitForSelector('.title:visible')
    await shot('rated')
    await to(`complain/complain?order_id=${now}`)
    await page.waitForSelector('.option:visible')
    await page.click('.go:visible')
    await shot('complain')
    await page.fill('textarea:visible', '窗户没有擦干净，还提前半小时走了。')
    await page.click('.go:visible')
    await page.waitForSelector('.tag.warn:visible')
    await shot('complaints')
    const { items: [{ complaint_id }] } = await city.call('GET', '/v1/complaints', token)
    await city.call('POST', `/v1/complaints/${complaint_id}/answer`, other.token, { text: '对不起，我们安排她明天免费再去一次。' })
    await to(`order/order?order_id=${now}`)
    await page.waitForSelector('.tag.warn:visible')
    await shot('complained')
    await to(`order/order?order_id=${id}`)
    await page.waitForSelector('.title:visible')
    await page.click('.page > .quiet:visible')
    await page.waitForSelector('.card:not(.lead) .title:visible')
    await shot('cancelled')
    await to(`new/new?order_id=${now}`)
    await page.waitForSelector('picker:visible')
    await shot('again')
    await tab('home')
    await page.waitForSelector('.tile:visible')
    await shot('home-known')
    await tab('orders')
    await page.waitForSelector('.item:visible')
    await shot('orders')
    await tab('me')
    await page.waitForSelector('.danger:visible')
    await shot('me')
    await answering('**/v1/me/erase', () => ({ erasure: { due_at: new Date(Date.now() + 72 * 3_600_000).toISOString() } }))
    await tab('me')
    await page.waitForSelector('.note.warn:visible')
    await shot('erasing-asked')
    await answering('**/v1/me/erase', null)
  } finally {
    host.close()
  }
}
