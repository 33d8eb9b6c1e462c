// The same customer in the mini-program.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../host/host.js'
import { readInOrder, replaced } from './steps.js'
import { ADDRESS, HOME, agencyFirst, city, closed, customer, placed, startingSoon, url, watched } from './watched.js'

agencyFirst(2)
let host
before(async () => { host = await serve(url) })
after(async () => {
  host.close()
  await closed()
})

/** WeChat's places are GCJ-02, which is some 600 m to the east of WGS-84 there. */
const PICKED = { latitude: HOME.lat + 0.002, longitude: HOME.lon + 0.006, name: '中央大街', address: '哈尔滨市道里区' }

/** Opens the mini-program for somebody whose WeChat answers like this. */
async function begun(answers, how) {
  const me = await watched(how)
  await me.page.addInitScript(given => sessionStorage.setItem('wxAnswers', JSON.stringify(given)), answers)
  // The framework's own warnings are about our templates.
  me.page.on('console', message => { if (message.type() === 'warning' || /not a valid/.test(message.text())) me.faults.push(message.text()) })
  await me.page.goto(host.url)
  return me
}
const answer = (page, answers) => page.evaluate(given => { Object.assign(globalThis.wxAnswers, given) }, answers)
const title = (page, words) => page.waitForFunction(words => document.title === words, words)

test('A customer orders in the mini-program, sees who comes, checks her badge, completes and rates', async () => {
  const me = await begun({ login: { code: 'demo-customer-3' }, chooseLocation: PICKED })
  const { page } = me
  await startingSoon(page)
  await page.getByRole('button', { name: '日常保洁' }).waitFor()
  await me.screen('mini home')
  await page.getByRole('button', { name: '立即预约' }).click()
  await title(page, '预约服务')
  await page.getByRole('button', { name: '发布订单' }).click()
  await page.getByText('请选择上门的位置').waitFor()
  await me.screen('mini form with faults')
  // Without leave to locate, the map is the way.
  await page.getByRole('button', { name: '用我现在的位置' }).click()
  await page.getByText('没有允许定位').waitFor()
  await page.getByRole('button', { name: '在地图上选位置' }).click()
  await page.getByText('已选：中央大街（GCJ\u201102 坐标）').waitFor()
  await page.getByLabel('详细地址').fill(ADDRESS)
  await page.getByLabel('称呼').fill('王小明')
  await page.getByLabel('手机号').fill('13900000003')
  await page.getByLabel('做多久').selectOption({ index: 2 })
  await me.screen('mini form')
  await page.getByRole('button', { name: '发布订单' }).click()
  await title(page, '订单详情')
  await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
  await page.getByText(/已询问 5 公里内的 \d+ 家公司/).waitFor()
  await page.getByText('3 小时', { exact: true }).waitFor()
  await me.screen('mini waiting')

  const order_id = await page.evaluate(() => globalThis.mini.stack.at(-1).page.data.order_id)
  const desk = await city.grab(order_id)
  await page.getByRole('heading', { name: `${desk.name}已接单` }).waitFor()
  const { badge, worker } = await city.staff(desk, order_id)
  await page.getByRole('heading', { name: '服务员已安排好' }).waitFor()
  await page.getByRole('img', { name: '服务员的照片' }).waitFor()
  await page.getByRole('button', { name: '诚信信息逐项查看' }).click()
  await me.screen('mini staffed')

  await page.getByRole('button', { name: '核验上门的服务员' }).click()
  await answer(page, { scanCode: { result: 'https://example.com/' } })
  await page.getByRole('button', { name: '扫一扫' }).click()
  await page.getByRole('heading', { name: '不是真实证件' }).waitFor()
  await me.screen('mini check invalid')
  await page.getByRole('button', { name: '再核验一次' }).click()
  await page.getByLabel('数字或链接').fill('12')
  await page.getByRole('button', { name: '核验', exact: true }).click()
  await page.getByText('数字不完整').waitFor()
  await me.screen('mini check')
  await answer(page, { scanCode: { result: badge.url } })
  await page.getByRole('button', { name: '扫一扫' }).click()
  await page.getByRole('heading', { name: '就是这位服务员' }).waitFor()
  await page.getByText('服务已开始。').waitFor()
  await me.screen('mini match')
  await readInOrder(page, ['status:', 'heading "就是这位服务员"', '诚信信息正常', 'img "服务员的照片"', 'heading "是这个人吗？"', `${worker.name[0]}*`, desk.name, '有效期至', '服务已开始。', 'heading "诚信信息', '身份核验', '正常', '核验', '回到订单'])
  await page.getByRole('button', { name: '回到订单' }).click()
  await page.getByRole('button', { name: '确认服务完成' }).click()

  await title(page, '评价这次服务')
  await page.getByRole('button', { name: '评价这次服务' }).click()
  await page.getByText('请选几颗星').waitFor()
  await page.getByRole('button', { name: '4 星' }).click()
  await page.getByLabel('说说您的感受').fill('很细心')
  await me.screen('mini rate')
  await page.getByRole('button', { name: '评价这次服务' }).click()
  await page.getByRole('heading', { name: '服务已完成，谢谢您的评价' }).waitFor()
  await page.getByText('4 星 · 很细心').waitFor()

  await page.getByRole('button', { name: '投诉' }).click()
  await title(page, '投诉')
  await page.getByRole('button', { name: '收费' }).click()
  await page.getByLabel('发生了什么').fill('多收了二十元')
  await me.screen('mini complain')
  await page.getByRole('button', { name: '提交投诉' }).click()
  await title(page, '我的投诉')
  await page.getByText('多收了二十元').waitFor()
  await me.screen('mini complaints')
  await page.getByRole('button', { name: '返回' }).click()
  await page.getByRole('button', { name: '再约一次' }).click()
  await title(page, '再约一次')
  await page.waitForFunction(address => document.querySelector('[aria-label=详细地址]')?.value === address, ADDRESS)
  await me.screen('mini again')
  await page.getByRole('button', { name: '返回' }).click()
  await page.getByRole('button', { name: '返回' }).click()
  await page.getByRole('button', { name: '订单' }).click()
  await page.getByText('已评价').first().waitFor()
  await me.screen('mini orders')
  await page.getByRole('button', { name: '我的' }).click()
  await page.getByRole('button', { name: '删除我的资料' }).click()
  await page.getByText(/您的资料将在.+删除/).waitFor()
  await me.screen('mini me')
  await page.getByRole('button', { name: '不删了，保留资料' }).click()
  await page.getByRole('button', { name: '删除我的资料' }).waitFor()
  // The refresh token is all that is kept.
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter(name => name.startsWith('wx.'))), ['wx.refresh.customer'])
  await me.leave({ mayStore: true })
})

test('An order with markup in it is cancelled in the mini-program', async () => {
  const me = await begun({ login: { code: 'demo-customer-4' } })
  const { page } = me
  const bad = what => `<img src=x onerror=alert(1)>${what}<b>`
  const { order_id } = await placed(await customer(4), { address: bad('地址'), notes: bad('备注'), contact: { name: bad('称呼'), phone: '13912345678' } })
  await page.getByRole('button', { name: '日常保洁' }).waitFor()
  await page.evaluate(id => globalThis.mini.open(`/pages/order/order?order_id=${id}`), order_id)
  for (const what of ['地址', '备注', '称呼']) await page.getByText(bad(what)).waitFor()
  assert.equal(await page.locator('img[src=x]').count(), 0)
  await page.getByRole('button', { name: '取消订单' }).click()
  await page.getByRole('heading', { name: '订单已取消' }).waitFor()
  assert.equal(await page.evaluate(() => globalThis.wxCalls.find(([name]) => name === 'showActionSheet')[1].itemList.length), 4)
  await me.screen('mini cancelled', { english: true })
  await me.leave({ mayStore: true })
})

test('In the mini-program another worker’s photo comes with her name, and an order that is closed is not read any more', async () => {
  const me = await begun({ login: { code: 'demo-customer-5' } })
  const { page } = me
  const { order_id } = await placed(await customer(5))
  const desk = await city.grab(order_id)
  await city.staff(desk, order_id)
  await page.getByRole('button', { name: '日常保洁' }).waitFor()
  const open = () => page.evaluate(id => globalThis.mini.open(`/pages/order/order?order_id=${id}`), order_id)
  await open()
  await page.getByRole('img', { name: '服务员的照片' }).waitFor()
  await replaced(page, desk, order_id)
  await page.getByRole('img', { name: '服务员的照片' }).waitFor()

  // Closed before it has read what it needs first.
  await page.getByRole('button', { name: '返回' }).click()
  let answer = () => {}
  const asked = new Promise(resolve => { answer = resolve })
  await page.route('**/v1/services', async route => {
    await asked
    await route.fallback()
  })
  await open()
  const left = await page.evaluateHandle(() => globalThis.mini.stack.at(-1).page)
  await page.getByRole('button', { name: '返回' }).click()
  await title(page, '预约家政')
  let reads = 0
  page.on('request', request => { if (request.url().includes(order_id)) reads++ })
  answer()
  await page.waitForFunction(page => page.data.loaded, left)
  assert.equal(reads, 0)
  await me.leave({ mayStore: true })
})

test('An order that was given up in the mini-program is not placed when the network is back', async () => {
  const me = await begun({ login: { code: 'demo-customer-7' }, chooseLocation: PICKED }, { refused: true })
  const { page } = me
  const token = await customer(7)
  const before = (await city.call('GET', '/v1/orders', token)).items.length
  await page.getByRole('button', { name: '立即预约' }).click()
  await page.getByRole('button', { name: '在地图上选位置' }).click()
  await page.getByLabel('详细地址').fill(ADDRESS)
  await page.getByLabel('称呼').fill('王小明')
  await page.getByLabel('手机号').fill('13900000007')
  await page.context().setOffline(true)
  await page.getByRole('button', { name: '发布订单' }).click()
  await page.getByText('不知道是否已经办成').waitFor()
  await page.getByRole('button', { name: '返回' }).click()
  const sent = []
  page.on('request', request => { if (request.method() === 'POST') sent.push(request.url()) })
  await page.context().setOffline(false)
  await page.getByRole('button', { name: '我的' }).click()
  await page.getByRole('button', { name: '删除我的资料' }).waitFor()
  assert.equal(await page.title(), '我的')
  assert.deepEqual(sent.filter(address => address.endsWith('/v1/orders')), [])
  assert.equal((await city.call('GET', '/v1/orders', token)).items.length, before)
  await me.leave({ mayStore: true })
})

test('The mini-program follows WeChat’s language and size of print', async () => {
  const me = await begun({ login: { code: 'demo-customer-6' }, getAppBaseInfo: { language: 'en', fontSizeSetting: 22 } })
  const { page } = me
  for (const tab of ['Home', 'Orders', 'Me']) await page.getByRole('navigation').getByRole('button', { name: tab, exact: true }).waitFor()
  await page.getByRole('button', { name: 'Order now' }).click()
  await page.getByRole('button', { name: 'Place the order' }).waitFor()
  assert.ok(await page.evaluate(() => parseFloat(getComputedStyle(document.querySelector('.page .label')).fontSize)) >= 22)
  assert.doesNotMatch(await page.locator('#pages').innerText(), /[\u4e00-\u9fff]/)
  await me.screen('mini form in English and large', { english: true })
  await me.leave({ mayStore: true })
})
