// Takes the two pictures of the README anew: a customer who waits, and a desk that is offered the order. Needs a platform that runs.
//
//   node pictures.js <base url>

import { launch, visitor } from './browser.js'
import { platform } from './platform.js'

const base = process.argv[2]
const folder = new URL('../../infra/docs/', import.meta.url).pathname
const city = await platform(base)
const browser = await launch()
const desk = (await visitor(browser, { width: 1200, height: 760 })).page
await desk.goto(`${base}/desk`)
await desk.getByRole('button', { name: city.desks[0].name }).click()
await desk.getByText(/可抢 \d+ 单/).waitFor()
const customer = (await visitor(browser, { width: 390, height: 760 })).page
await customer.goto(`${base}/order#/new`)
await customer.getByRole('button', { name: '在地图上选' }).click()
await customer.locator('.map svg').first().click({ position: { x: 190, y: 150 } })
await customer.getByRole('button', { name: '就在这里' }).click()
await customer.getByLabel('详细地址').fill('中央大街 88 号 2 单元 301')
await customer.getByLabel('称呼').fill('王小明')
await customer.getByLabel('手机号').fill('13912345678')
await customer.getByLabel('心理价位').fill('120')
await customer.getByRole('button', { name: '发布订单' }).click()
await customer.getByRole('button', { name: '演示客户 1' }).click()
await customer.getByText(/已询问 .+ 家公司/).waitFor()
await desk.locator('.offer', { hasText: '¥120' }).first().waitFor()
// What is said in passing covers what is behind it.
await customer.waitForTimeout(7_000)
await customer.screenshot({ path: `${folder}ordering.png` })
await desk.screenshot({ path: `${folder}grabbing.png` })
await browser.close()
