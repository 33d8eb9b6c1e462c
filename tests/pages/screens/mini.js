// The customer's screens of the mini-program, run by the host.

import { serve } from '../host/host.js'

/** @param {import('../shots.js').Tour} tour */
export default async function ({ page, shot, base, city }) {
  const host = await serve(base)
  await page.addInitScript(code => {
    const isLarge = localStorage.getItem('large') === 'yes'
    const isEnglish = localStorage.getItem('language') === 'en'
    sessionStorage.setItem('wxAnswers', JSON.stringify({
      login: { code: 'demo-customer-14' }, getAppBaseInfo: { language: isEnglish ? 'en' : 'zh_CN', fontSizeSetting: isLarge ? 22 : 16 }, getPhoneNumber: { code },
      chooseLocation: { latitude: 45.759, longitude: 126.648, name: '中央大街', address: '哈尔滨市道里区' },
    }))
  }, city.demo.workers[0].code)
  const to = (/** @type {string} */ url) => page.evaluate(url => /** @type {any} */ (window).mini.open(url), url)
  try {
    await page.goto(host.url)
    await page.waitForSelector('.tile')
    await shot('home')
    await page.click('.go')
    await page.waitForSelector('picker')
    await page.click('.page > .go')
    await shot('new-faults')
    await page.click('.card:nth-child(3) button:nth-of-type(2)')
    await page.waitForSelector('.note.good')
    await page.fill('input >> nth=1', '中央大街 100 号 3 单元 502')
    await page.fill('input >> nth=2', '王女士')
    await page.fill('input >> nth=3', '13912345678')
    await shot('new')
    await page.click('.page > .go')
    await page.waitForSelector('.countdown')
    const id = await page.evaluate(() => /** @type {any} */ (window).mini.stack.at(-1).page.data.order_id)
    await shot('open')
    const { badge } = await city.staff(await city.grab(id), id)
    await page.waitForSelector('image.face')
    await shot('staffed')
    await page.click('.lead .go:visible')
    await page.waitForSelector('textarea')
    await shot('check')
    await page.evaluate(result => { /** @type {any} */ (window).wxAnswers.scanCode = { result } }, badge.url)
    await page.click('.go:visible')
    await page.waitForSelector('.verdict')
    await shot('match')
    await to(`/pages/rate/rate?order_id=${id}`)
    await page.waitForSelector('.star')
    await page.click('.star:nth-child(4)')
    await shot('rate')
    await to(`/pages/complain/complain?order_id=${id}`)
    await page.waitForSelector('.option')
    await shot('complain')
    await to('/pages/complaints/complaints')
    await page.waitForSelector('.title:visible')
    await shot('complaints')
    await page.evaluate(() => /** @type {any} */ (window).wx.switchTab({ url: '/pages/orders/orders' }))
    await page.waitForSelector('.item')
    await shot('orders')
    await page.evaluate(() => /** @type {any} */ (window).wx.switchTab({ url: '/pages/me/me' }))
    await page.waitForSelector('.danger')
    await shot('me')
  } finally {
    host.close()
  }
}
