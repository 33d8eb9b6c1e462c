// Takes the README's picture of the grab hall anew. Needs a platform that runs.
//
//   node pictures.js <base url>

import { launch, visitor } from './browser.js'
import { platform } from './platform.js'

const HOUR = 3_600_000

const city = await platform(process.argv[2])
const browser = await launch()
const { page } = await visitor(browser, { width: 1440, height: 780 })
await page.goto(`${city.base}/desk`)
await page.getByRole('button', { name: city.desks[0].name }).click()
await page.getByText(/可抢 \d+ 单/).waitFor()
const { token } = await city.call('POST', '/v1/sessions/customer', null, { code: 'demo-customer-1' })
for (const [hours, lat, lon, budget_fen, notes] of [[27, 45.762, 126.65, 16_000, null], [4, 45.751, 126.66, null, null], [3, 45.757, 126.642, 12_000, null]]) {
  await city.call('POST', '/v1/orders', token, {
    service: 'cleaning', start_at: new Date(Math.ceil((Date.now() + Number(hours) * HOUR) / HOUR) * HOUR).toISOString(), duration_min: 120, address: '中央大街 88 号 2 单元 301', location: { lat, lon, datum: 'wgs84' },
    contact: { name: '王小明', phone: '13912345678' }, budget_fen, notes, wishes: budget_fen ? ['windows'] : [],
  })
}
await page.locator('.offer').nth(2).waitFor()
await page.screenshot({ path: new URL('../../infra/docs/pictures/grab.png', import.meta.url).pathname })
await browser.close()
