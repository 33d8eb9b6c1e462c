// A customer in a browser, from the first screen to the rating and what comes after.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ADDRESS, city, closed, customer, orderOf, placed, startingSoon, url, watched } from './watched.js'
import { loggedIn, orderFilled, phoneEntered, readInOrder, replaced } from './steps.js'

after(closed)

test('A customer orders, sees who comes, checks her badge, completes and rates', async () => {
  const me = await watched()
  const { page } = me
  await startingSoon(page)
  await page.goto(`${url}/order`)
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
  await phoneEntered(page, phone, () => me.screen('customer-code'))
  await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
  await page.getByText(/已询问 5 公里内的 \d+ 家公司/).waitFor()
  await me.screen('customer-waiting')

  const order_id = orderOf(page)
  const desk = await city.grab(order_id)
  await page.getByRole('heading', { name: `${desk.name}已接单` }).waitFor()
  await me.screen('customer-claimed')
  const { badge, worker } = await city.staff(desk, order_id)
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
  await page.locator('input[type=file]').setInputFiles({ name: 'badge.png', mimeType: 'image/png', buffer: await city.code(desk, badge) })
  await page.getByRole('heading', { name: '就是这位服务员' }).waitFor()
  await page.getByText('服务已开始。').waitFor()
  await me.screen('customer-match')
  // The verdict first, then who she is, and what is known of her.
  await readInOrder(page, ['status:', 'heading "就是这位服务员"', '诚信信息正常', 'img "服务员的照片"', 'heading "是这个人吗？"', `${worker.name[0]}*`, desk.name, '有效期至', '服务已开始。', 'heading "诚信信息', '身份核验', '正常', '核验', '回到订单'])

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
  await page.waitForFunction(address => document.querySelector('[name=address]')?.value === address, ADDRESS)
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
  const me = await watched({ width: 1440, height: 900 })
  const { page } = me
  const phone = '13900000002'
  await page.goto(`${url}/order#/new`)
  await orderFilled(page, phone)
  await page.getByRole('button', { name: '发布订单' }).click()
  await phoneEntered(page, phone)
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

test('When another worker is named while the customer looks on, her photo comes with her name', async () => {
  const me = await watched()
  const { page } = me
  const { order_id } = await placed(await customer(5))
  const desk = await city.grab(order_id)
  await city.staff(desk, order_id)
  await loggedIn(page, 'demo-customer-5')
  await page.goto(`${url}/order#/orders/${order_id}`)
  const face = page.getByAltText('服务员的照片')
  const before = await face.getAttribute('src')
  await replaced(page, desk, order_id)
  await face.waitFor()
  assert.notEqual(await face.getAttribute('src'), before)
  await me.leave()
})

test('An order that is being cancelled is not said to be kept', async () => {
  const me = await watched()
  const { page } = me
  const { order_id } = await placed(await customer(6))
  await loggedIn(page, 'demo-customer-6')
  await page.goto(`${url}/order#/orders/${order_id}`)
  let answer = () => {}
  await page.route('**/cancel', route => { answer = () => route.fallback() })
  await page.getByRole('button', { name: '取消订单' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('不需要了').check({ force: true })
  await dialog.getByRole('button', { name: '取消订单' }).click()
  await dialog.getByText('请稍候').waitFor()
  await dialog.getByRole('button', { name: '先不取消' }).click({ force: true })
  await page.keyboard.press('Escape')
  assert.equal(await dialog.isVisible(), true)
  answer()
  await page.getByRole('heading', { name: '订单已取消' }).waitFor()
  assert.equal(await dialog.count(), 0)
  await me.leave()
})

test('The pages speak English too, and have large print', async () => {
  const me = await watched({ refused: true })
  const { page } = me
  await page.goto(`${url}/`)
  await me.screen('home')
  await page.getByRole('button', { name: 'Switch to English' }).click()
  await page.getByText('Hail a housekeeper the way you hail a taxi').waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  await page.getByRole('button', { name: 'Large print' }).click()
  assert.ok(await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize)) >= 22)
  await me.screen('home in English and large', { english: true })
  await me.leave()

  const other = await watched({ refused: true, language: 'en', large: true })
  await other.page.goto(`${url}/order#/new`)
  await other.page.getByRole('button', { name: 'Place the order' }).waitFor()
  assert.doesNotMatch(await other.page.locator('main').innerText(), /[\u4e00-\u9fff]/)
  await other.screen('order form in English', { english: true })
  await other.page.goto(`${url}/check`)
  await other.screen('check in English', { english: true })
  await other.page.goto(`${url}/nothing-here`)
  await other.page.getByText('There is no such page').first().waitFor()
  await other.screen('nothing', { english: true })
  await other.leave()
})

test('Anybody checks a badge', async () => {
  const me = await watched()
  const { page } = me
  const order = await placed(await customer(1))
  const { badge } = await city.staff(await city.grab(order.order_id), order.order_id)
  await page.goto(`${url}/check`)
  await me.screen('check')
  await page.getByLabel('卡上的数字或链接').fill(badge.token.replace(/(.{4})/g, '$1 '))
  await page.getByRole('button', { name: '核验', exact: true }).click()
  await page.getByRole('heading', { name: '证件真实' }).waitFor()
  await me.screen('check-genuine')
  await readInOrder(page, ['status:', 'heading "证件真实"', '诚信信息正常', '请在您的订单里核验', '姓名', '所属机构', '核验时间', 'heading "诚信信息"', '身份核验', '再核验一张'])
  await me.leave()
})
