// What a slow phone pays, what a keyboard and a screen reader find, and what an attacker does not.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { agencyFirst, city, closed, orderOf, startingSoon, url, watched } from './watched.js'
import { keyEntered, orderFilled, phoneEntered, readInOrder, tabbed } from './steps.js'

agencyFirst(1)
after(closed)

/** On the wire until an order can be filled in, in bytes. */
const BUDGET = 40 * 1024
/** A slow phone: bytes and milliseconds, and how much slower it is than this machine. */
const [PER_SECOND, ROUND_TRIP, SLOWER] = [50_000, 400, 4]
const usable = page => page.getByRole('button', { name: '发布订单' }).waitFor()

test('The order form takes two round trips: the document, and what it names', async () => {
  const me = await watched()
  const { page } = me
  const named = []
  let isAnswered = false
  await page.route('**', route => {
    if (route.request().isNavigationRequest()) return route.continue()
    // Whatever is asked for after that gets no answer, and the form has to do without.
    if (!isAnswered) named.push(route)
    return undefined
  })
  await page.goto(`${url}/order#/new`, { waitUntil: 'commit' })
  await page.waitForFunction(() => document.readyState === 'interactive')
  isAnswered = true
  await Promise.all(named.map(route => route.continue()))
  await usable(page)
  await page.unrouteAll()
  await me.leave()
})

test('On a slow phone the order form costs 40 KB and 3 s at most', async () => {
  const me = await watched()
  const { page, context } = me
  const wire = await context.newCDPSession(page)
  let bytes = 0
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength })
  await wire.send('Network.enable')
  await wire.send('Network.emulateNetworkConditions', { offline: false, latency: ROUND_TRIP, downloadThroughput: PER_SECOND, uploadThroughput: PER_SECOND })
  // Time of the page's own thread: whatever else the machine does is not in it.
  await wire.send('Performance.enable', { timeDomain: 'threadTicks' })
  const began = Date.now()
  await page.goto(`${url}/order#/new`, { waitUntil: 'commit' })
  await usable(page)
  const seen = (Date.now() - began) / 1000
  const { metrics } = await wire.send('Performance.getMetrics')
  const work = metrics.find(({ name }) => name === 'TaskDuration').value
  const seconds = 2 * ROUND_TRIP / 1000 + bytes / PER_SECOND + SLOWER * work
  console.log(`order form: usable after ${seconds.toFixed(1)} s, of which ${(SLOWER * work).toFixed(1)} s work; ${(bytes / 1024).toFixed(1)} KB on the wire (seen here, with six requests at a time: ${seen.toFixed(1)} s)`)
  assert.ok(bytes <= BUDGET, `${bytes} bytes`)
  assert.ok(seconds <= 3, `${seconds} s`)
  await me.leave()
})

test('The keyboard alone orders', async () => {
  const me = await watched()
  const { page } = me
  const phone = '13900000021'
  await startingSoon(page)
  await page.goto(`${url}/order`)
  await page.getByRole('link', { name: '立即预约' }).waitFor()
  const type = async (name, text) => {
    await tabbed(page, name)
    await page.keyboard.type(text)
  }
  const press = async (name, key = 'Enter') => {
    await tabbed(page, name)
    await page.keyboard.press(key)
  }
  await press('立即预约')
  await page.getByRole('button', { name: '发布订单' }).waitFor()
  // The map without a mouse: nearer, then the pin by its arrows.
  await press('用我现在的位置')
  await page.getByText('已使用您现在的位置').waitFor()
  await type('详细地址', '中央大街 1 号')
  await type('称呼', '王小明')
  await type('手机号', phone)
  await press('发布订单')
  await press('获取验证码')
  await page.getByText('验证码已发到').waitFor()
  const { code } = await city.call('GET', `/demo/codes/${phone}`, null)
  await type('验证码', code)
  await press('登录')
  await page.getByRole('heading', { name: '正在寻找家政公司' }).waitFor()
  await press('取消订单')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await me.leave()
})

test('A screen reader reads the order form in the order in which it is filled in', async () => {
  const me = await watched()
  const { page } = me
  await page.goto(`${url}/order#/new`)
  await page.getByRole('button', { name: '发布订单' }).waitFor()
  await readInOrder(page, ['heading "预约服务"', '需要什么服务', '日常保洁', '什么时候', '几点开始', '做多久', '上门地址', '用我现在的位置', '详细地址', '怎么联系您', '称呼', '手机号', '有什么要求', '心理价位', '补充说明', '发布订单'])
  await me.leave()
})

test('At 200 % and on a screen of 320 px nothing scrolls sideways', async () => {
  for (const width of [640, 320]) {
    const me = await watched({ width, height: 512 })
    for (const address of ['/', '/order', '/order#/new', '/order#/me', '/check', '/desk', '/authority', '/worker']) {
      await me.page.goto(url + address)
      await me.page.locator('main :is(.button, .card, .tile)').first().waitFor()
      await me.screen(`${address} at ${width} px`)
    }
    await me.leave()
  }
})

test('Markup in what people write shows as text, wherever it shows', async () => {
  const bad = what => `<img src=x onerror=alert(1)>${what}<b>`
  const phone = '13900000022'
  const me = await watched()
  const { page } = me
  await startingSoon(page)
  await page.goto(`${url}/order#/new`)
  await orderFilled(page, phone, { address: bad('地址'), name: bad('称呼') })
  await page.getByLabel('补充说明').fill(bad('备注'))
  await page.getByRole('button', { name: '发布订单' }).click()
  await phoneEntered(page, phone)
  for (const what of ['地址', '称呼', '备注']) await page.getByText(bad(what)).waitFor()
  const order_id = orderOf(page)
  const desk = await city.grab(order_id)
  const { badge } = await city.staff(desk, order_id)

  // Its agency's desk.
  const theirs = await watched({ width: 1440 })
  await theirs.page.goto(`${url}/desk#/orders/${order_id}`)
  await keyEntered(theirs.page, city.demo.agencies.find(({ name }) => name === desk.name))
  await theirs.page.getByText(bad('备注')).first().waitFor()
  await theirs.page.getByText(bad('地址')).first().waitFor()
  assert.equal(await theirs.page.locator('img[src=x]').count(), 0)
  await theirs.leave()

  await page.getByRole('link', { name: '核验上门的服务员' }).click()
  await page.getByLabel('数字或链接').fill(badge.token)
  await page.getByRole('button', { name: '核验', exact: true }).click()
  await page.getByRole('link', { name: '回到订单' }).click()
  await page.getByRole('button', { name: '确认服务完成' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '确认服务完成' }).click()
  await page.getByLabel('1 星').check({ force: true })
  await page.getByLabel('说说您的感受').fill(bad('评价'))
  await page.getByRole('button', { name: '评价这次服务' }).click()
  await page.getByText(bad('评价')).waitFor()
  await page.getByRole('link', { name: '投诉' }).click()
  await page.getByLabel('发生了什么').fill(bad('投诉'))
  await page.getByRole('button', { name: '提交投诉' }).click()
  await page.getByText(bad('投诉')).waitFor()
  assert.equal(await page.locator('img[src=x]').count(), 0)
  await me.leave()

  const office = await watched({ width: 1440 })
  await office.page.goto(`${url}/authority#/complaints`)
  await keyEntered(office.page, city.demo.authority)
  await office.page.getByText(bad('投诉')).waitFor()
  assert.equal(await office.page.locator('img[src=x]').count(), 0)
  await office.leave()
})

test('No page can be framed, and no other site can use the cookie', async () => {
  for (const address of ['/', '/order', '/desk', '/authority', '/worker', '/check']) {
    const { headers } = await fetch(url + address)
    assert.match(headers.get('content-security-policy'), /frame-ancestors 'none'/, address)
  }
  const phone = '13900000023'
  const me = await watched({ refused: true })
  const { page } = me
  await page.goto(`${url}/order#/me`)
  await page.getByLabel('手机号').fill(phone)
  await phoneEntered(page, phone)
  await page.getByRole('button', { name: '退出登录' }).waitFor()

  // Another origin of the same site, which a browser sends the cookie to: the worst that it can be.
  const evil = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<!doctype html><iframe src="${url}/order"></iframe><form method="post" enctype="text/plain" target="out" action="${url}/v1/sessions/refresh"><input name='{"as":"customer","x":"' value='"}'></form><iframe name="out"></iframe>`)
  })
  await new Promise(resolve => { evil.listen(0, '127.0.0.1', resolve) })
  const there = await me.context.newPage()
  const answers = []
  there.on('response', response => { if (response.url().includes('/v1/')) answers.push(`${response.request().method()} ${response.status()}`) })
  await there.goto(`http://127.0.0.1:${evil.address().port}/`)
  const framed = there.frames().find(frame => frame.parentFrame() && frame.name() !== 'out')
  assert.equal(await framed.locator('main').count(), 0)
  const tried = await there.evaluate(async to => {
    const simple = { method: 'POST', credentials: 'include', body: '{"as":"customer"}' }
    const read = async given => fetch(to, given).then(async answer => `${answer.status} ${await answer.text()}`, () => 'refused')
    return [await read({ ...simple, headers: { 'content-type': 'text/plain' } }), await read({ ...simple, headers: { 'content-type': 'application/json', 'x-requested-with': 'homehail' } }), await read({ ...simple, mode: 'no-cors' })]
  }, `${url}/v1/sessions/refresh`)
  assert.ok(tried.every(words => !words.includes('token')), String(tried))
  await there.evaluate(() => document.querySelector('form').submit())
  await there.waitForTimeout(1_000)
  assert.deepEqual(answers.filter(answer => / 2\d\d/.test(answer) && answer.startsWith('POST')), [])
  await there.close()
  evil.close()
  evil.closeAllConnections()

  // Nobody was logged out or renewed by it.
  await page.reload()
  await page.getByRole('button', { name: '退出登录' }).waitFor()
  await me.leave()
})
