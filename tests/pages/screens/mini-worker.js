// The worker's screens of the mini-program, run by the host.

import { serve } from '../host/host.js'
import { busy, hired, wanted } from '../workers.js'

/** @param {import('../shots.js').Tour} tour */
export default async function ({ page, shot, base, city }) {
  const host = await serve(base)
  const [desk, other] = city.desks
  const to = (/** @type {string} */ url) => page.evaluate(url => /** @type {any} */ (window).mini.open(`/pages/${url}`), url)
  await page.addInitScript(() => {
    const isLarge = localStorage.getItem('large') === 'yes'
    const isEnglish = localStorage.getItem('language') === 'en'
    sessionStorage.setItem('wxAnswers', JSON.stringify({ login: { code: 'demo-customer-14' }, getAppBaseInfo: { language: isEnglish ? 'en' : 'zh_CN', fontSizeSetting: isLarge ? 22 : 16 } }))
  })
  const logIn = async (/** @type {{ code: string }} */ her) => {
    await page.evaluate(code => { /** @type {any} */ (window).wxAnswers.getPhoneNumber = { code } }, her.code)
    await page.click('.go:visible')
    await page.waitForSelector('.quiet:visible')
  }
  /** Presses it, as who means it. @param {RegExp} button @param {string} seen */
  const decided = async (button, seen) => {
    await page.getByRole('button', { name: button }).click()
    await page.waitForSelector(`${seen}:visible`)
  }
  try {
    const idle = await hired(city, desk, '吴桂芳')
    await page.goto(host.url)
    await page.waitForSelector('.tile')
    await to('worker/worker')
    await page.waitForSelector('.go:visible')
    await shot('login')
    await page.click('.go:visible')
    await page.waitForSelector('.note.bad:visible')
    await shot('login-refused')
    await logIn(idle)
    await shot('visits-none')
    await to('worker-record/worker-record')
    await page.waitForSelector('.verdict:visible')
    await page.click('.go:visible')
    await page.waitForSelector('.fault:visible')
    await shot('record-none')
    await to('worker-leave/worker-leave')
    await page.waitForSelector('picker:visible')
    await page.selectOption('picker:visible select >> nth=1', '07:00')
    await page.click('.go:visible')
    await page.waitForSelector('.fault:visible')
    await shot('leave-none')
    await wanted(city, other, idle)
    await to('worker-data/worker-data')
    await page.waitForSelector('.facts:visible')
    await shot('data')
    await decided(/同意转过去|Agree to move/, '.note.good')
    await shot('data-agreed')
    await decided(/删除我的个人信息|Erase my data/, '.note.warn')
    await shot('data-erasure')
    await decided(/撤回授权|Withdraw/, '.card .note.warn')
    await page.getByRole('button', { name: /离开现在的公司|Leave my agency/ }).click()
    await page.getByText(/现在不属于任何公司|You work for no agency now/).waitFor()
    await shot('data-left')
    await to('code/code')
    await page.waitForSelector('.note.warn:visible')
    await shot('code-no-badge')
    await page.evaluate(() => localStorage.clear())
    await page.goto(host.url)
    await page.waitForSelector('.tile')
    await to('worker/worker')
    await page.waitForSelector('.go:visible')
    await logIn(await busy(city, desk))
    await page.waitForSelector('.facts:visible')
    await shot('visits')
    await to('code/code')
    await page.waitForSelector('.qr')
    await shot('code')
    await to('worker-record/worker-record')
    await page.waitForSelector('.verdict:visible')
    await shot('record')
    await to('worker-leave/worker-leave')
    await page.waitForSelector('picker:visible')
    await shot('leave')
  } finally {
    host.close()
  }
}
