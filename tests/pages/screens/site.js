// The web site's own pages.

/** @param {import('../shots.js').Tour} tour */
export default async function ({ page, shot, base, city }) {
  await page.goto(`${base}/`)
  await page.waitForSelector('.hero')
  await shot('home')
  await page.goto(`${base}/nowhere`)
  await page.waitForSelector('.empty')
  await shot('not-found')
  const desk = city.desks[0]
  const { items } = await city.call('GET', '/v1/workers', desk.token)
  const worker = items.find((/** @type {any} */ one) => one.status === 'approved' && one.standing === 'clear')
  const badge = await city.call('POST', `/v1/workers/${worker.worker_id}/badges`, desk.token, {})
  await page.goto(`${base}/check`)
  await page.click('form button[type=submit]')
  await shot('check')
  for (const [name, digits] of [['not-genuine', '1'.repeat(193)], ['genuine', badge.token]]) {
    await page.goto(`${base}/check`)
    await page.fill('textarea', digits)
    await page.click('form button[type=submit]')
    await page.waitForSelector('.verdict')
    await shot(`check-${name}`)
  }
}
