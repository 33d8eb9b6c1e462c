// A customer in a browser, from the first screen to the rating and what comes after.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { codeOf, customer, grabbed, placed, send, staffed } from '../city.js'
import { closed, orderOf, startingSoon, visitor } from '../visitor.js'
import { orderFilled, phoneEntered } from '../steps.js'

after(closed)

test('A customer orders, sees who comes, checks her badge, completes and rates', async () => {
  const me = await visitor()
  const { page } = me
  await startingSoon(page)
  await page.goto(`${process.env.HOMEHAIL_URL}/order`)
  await page.getByText('日常保洁', { exact: false }).first().waitFor()
  await me.screen('customer-services')
  await page.getByRole('link', { name: '立即预约' }).click()
  await page.getByRole('button', { name: '发布订单' }).waitFor()
  await me.screen('customer-form')

  // What is missing is said beside its field, and the focus goes there.
  await page.getByRole('button', { name: '发布订单' }).click()
  await page.getByText('请选择上门的位置').waitFor()
  assert.equal(await page.getByLabel('详细地址').getAttribute('aria-invalid'), 'true')
  await me.screen('customer-form-faults')

  const phone = '13900000001'
  await orderFilled(page, phone)
  await page.getByRole('button', { name: '发布订单' }).click()
  await me.screen('customer-login')
  await phoneEntered(page, phone, () => codeOf(phone), () => me.screen('customer-code'))
  await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
  await page.getByText(/已询问 5 公里内的 \d+ 家公司/).waitFor()
  await me.screen('customer-waiting')

  const order_id = orderOf(page)
  const agency = await grabbed(order_id)
  await page.getByRole('heading', { name: `${agency.agency.name}已接单` }).waitFor()
  await me.screen('customer-claimed')
  const worker = await staffed(order_id, agency)
  await page.getByRole('heading', { name: '服务员已安排好' }).waitFor()
  await page.getByAltText('服务员的照片').waitFor()
  await me.screen('customer-staffed')

  // Somebody else's badge does not match; then the right one, by a photo of it.
  await page.getByRole('link', { name: '核验上门的服务员' }).click()
  await me.screen('customer-check')
  await page.getByLabel('数字或链接').fill('12345')
  await page.getByRole('button', { name: '核验', exact: true }).click()
  await page.getByText('数字不完整').waitFor()
  await page.getByLabel('数字或链接').fill('0'.repeat(193))
  await page.getByRole('button', { name: '核验', exact: true }).click()
  await page.getByRole('heading', { name: '不是真实证件' }).waitFor()
  await me.screen('customer-check-invalid')
  await page.getByRole('button', { name: '再核验一次' }).click()
  const picture = await fetch(`${process.env.HOMEHAIL_URL}/v1/badges/${worker.badge.badge_id}/qr.png`, { headers: { authorization: `Bearer ${agency.token}` } })
  await page.locator('input[type=file]').setInputFiles({ name: 'badge.png', mimeType: 'image/png', buffer: Buffer.from(await picture.arrayBuffer()) })
  await page.getByRole('heading', { name: '就是这位服务员' }).waitFor()
  await page.getByText('服务已开始。').waitFor()
  await me.screen('customer-match')

  await page.getByRole('link', { name: '回到订单' }).click()
  await page.getByRole('heading', { name: '正在服务' }).waitFor()
  await me.screen('customer-in-service')
  await page.getByRole('button', { name: '确认服务完成' }).click()
  await me.screen('customer-complete')
  await page.getByRole('dialog').getByRole('button', { name: '确认服务完成' }).click()
  await page.getByText('这次服务怎么样').waitFor()
  await page.getByLabel('5 星').check({ force: true })
  await me.screen('customer-rate')
  await page.getByLabel('说说您的感受').fill('很细心')
  await page.getByRole('button', { name: '评价这次服务' }).click()
  await page.getByRole('heading', { name: '服务已完成，谢谢您的评价' }).waitFor()
  await page.getByText('5 星 · 很细心').waitFor()
  await me.screen('customer-rated')

  await page.getByRole('link', { name: '投诉' }).click()
  await page.getByRole('radio', { name: '收费' }).check({ force: true })
  await page.getByLabel('发生了什么').fill('多收了二十元')
  await me.screen('customer-complain')
  await page.getByRole('button', { name: '提交投诉' }).click()
  await page.getByText('多收了二十元').waitFor()
  await me.screen('customer-complaints')
  await page.getByRole('link', { name: '订单', exact: true }).click()
  await page.getByText('已评价').waitFor()
  await me.screen('customer-orders')

  // Again, with what is known from the last time.
  await page.getByRole('link', { name: /已评价/ }).click()
  await page.getByRole('link', { name: '再约一次' }).click()
  assert.equal(await page.getByLabel('详细地址').inputValue(), '哈尔滨大街 88 号 2 单元 301')
  await me.screen('customer-again')
  await page.getByRole('link', { name: '返回' }).click()
  await page.getByRole('link', { name: '我的', exact: true }).click()
  await me.screen('customer-me')
  await page.getByRole('button', { name: '删除我的资料' }).click()
  await me.screen('customer-erase')
  await page.getByRole('button', { name: '申请删除' }).click()
  await page.getByText(/您的资料将在.+删除/).waitFor()
  await page.getByRole('button', { name: '不删了，保留资料' }).click()
  await page.getByRole('button', { name: '删除我的资料' }).waitFor()

  // A reload keeps one logged in, by the cookie alone; logging out ends it.
  await page.reload()
  await page.getByRole('button', { name: '退出登录' }).click()
  await page.getByRole('link', { name: '立即预约' }).waitFor()
  await page.getByRole('link', { name: '我的', exact: true }).click()
  await page.getByLabel('手机号').waitFor()
  await me.leave()
})

test('An order is cancelled, and no agency has it any more', async () => {
  const me = await visitor({ width: 1440, height: 900 })
  const { page } = me
  const phone = '13900000002'
  await page.goto(`${process.env.HOMEHAIL_URL}/order#/new`)
  await orderFilled(page, phone)
  await page.getByRole('button', { name: '发布订单' }).click()
  await phoneEntered(page, phone, () => codeOf(phone))
  await page.getByRole('button', { name: '取消订单' }).click()
  await me.screen('customer-cancel')
  await page.getByRole('dialog').getByRole('button', { name: '取消订单' }).click()
  await page.getByRole('dialog').getByText('为什么取消').last().waitFor()
  await page.getByLabel('不需要了').check({ force: true })
  await page.getByRole('dialog').getByRole('button', { name: '取消订单' }).click()
  await page.getByRole('heading', { name: '订单已取消' }).waitFor()
  await me.screen('customer-cancelled')
  await me.leave()
})

test('The pages speak English too, and have large print', async () => {
  const me = await visitor()
  const { page } = me
  await page.goto(`${process.env.HOMEHAIL_URL}/`)
  await me.screen('home')
  await page.getByRole('button', { name: 'Switch to English' }).click()
  await page.getByText('Hail a housekeeper the way you hail a taxi').waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  await me.screen('home-english', { english: true })
  await page.getByRole('button', { name: 'Large print' }).click()
  assert.ok(await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize)) >= 22)
  await page.goto(`${process.env.HOMEHAIL_URL}/order#/new`)
  await page.getByRole('button', { name: 'Place the order' }).waitFor()
  assert.doesNotMatch(await page.locator('main').innerText(), /[\u4e00-\u9fff]/)
  await me.screen('customer-form-english', { english: true })
  await page.goto(`${process.env.HOMEHAIL_URL}/check`)
  await me.screen('check-english', { english: true })
  await page.goto(`${process.env.HOMEHAIL_URL}/nothing-here`, { waitUntil: 'load' })
  me.wrong.splice(0, me.wrong.length, ...me.wrong.filter(line => !line.includes('404')))
  await me.screen('nothing', { english: true })
  await me.leave()
})

test('Anybody checks a badge', async () => {
  const me = await visitor()
  const { page } = me
  const token = await customer(1)
  const order = await placed(token)
  const { badge } = await staffed(order.order_id, await grabbed(order.order_id))
  await page.goto(`${process.env.HOMEHAIL_URL}/check`)
  await me.screen('check')
  await page.getByLabel('卡上的数字或链接').fill(badge.token.replace(/(.{4})/g, '$1 '))
  await page.getByRole('button', { name: '核验', exact: true }).click()
  await page.getByRole('heading', { name: '证件真实' }).waitFor()
  await me.screen('check-genuine')
  await me.leave()
  await send('POST', `/v1/orders/${order.order_id}/cancel`, { token, body: { reason: '不需要了' } })
})
