// The web site's own pages.

/** @param {import('../shots.js').Tour} tour */
export default async function ({ page, shot, base }) {
  await page.goto(`${base}/`)
  await page.waitForSelector('.hero')
  await shot('home')
  await page.goto(`${base}/nowhere`)
  await page.waitForSelector('.empty')
  await shot('not-found')
  await page.goto(`${base}/check`)
  await shot('check')
  await page.fill('textarea', '1'.repeat(193))
  await page.click('form button[type=submit]')
  await page.waitForSelector('.verdict')
  await shot('check-not-genuine')
}
