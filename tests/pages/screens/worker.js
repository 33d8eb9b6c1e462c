// The worker's screens, from logging in to leaving.

import { around } from '../officials.js'

/** @param {import('../shots.js').Tour} tour */
export default async function ({ page, shot, base, city }) {
  const { her } = await around(city)
  const to = (/** @type {string} */ address) => page.goto(`${base}/worker#/${address}`)
  /** Opens what the button asks, and closes it again. @param {string | RegExp} button @param {string} name */
  const asked = async (button, name) => {
    await page.getByRole('button', { name: button }).click()
    await page.waitForSelector('dialog')
    await shot(name)
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  }
  await to('')
  await page.waitForSelector('.demo')
  await shot('login')
  await page.getByRole('button', { name: her.name }).click()
  await page.waitForSelector('.map')
  await shot('visits')
  await page.locator('.switcher button').nth(1).click()
  await page.waitForSelector('q')
  await shot('visits-past')
  await to('code')
  await page.waitForSelector('.qr path')
  await shot('code')
  await to('record')
  await page.waitForSelector('.sections')
  await shot('record')
  await to('record/views')
  await page.waitForSelector('.rows')
  await shot('views')
  await to('record/history')
  await page.locator('.events summary').first().click()
  await shot('history')
  await to('record/object')
  await page.click('button[type=submit]')
  await page.waitForSelector('.fault')
  await shot('objecting')
  await to('me')
  await page.waitForSelector('.facts')
  await shot('me')
  await asked(/撤回授权|Withdraw/, 'withdrawing')
  await asked(/离开现在的公司|Leave my agency/, 'leaving')
  await asked(/删除我的个人信息|Erase my data/, 'erasing')
  await to('me/leave')
  await page.waitForSelector('[name=from]')
  await shot('leave')
}
