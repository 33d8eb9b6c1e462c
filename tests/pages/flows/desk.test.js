// The grab hall: who is offered an order, who has it, and how soon the others know.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { city, closed, customer, placed } from './watched.js'
import { deskOf } from './desks.js'
import { tabbed } from './steps.js'

after(closed)

/** How soon desks show what is new, and how soon they have to know what is gone, in milliseconds. */
const SHOWN = 2_000
const TOLD = 3_000
const [ours, others] = city.demo.agencies

/** The card of the order with this price, by which a test tells its own from others'. */
const offer = (desk, price) => desk.page.locator('.offer', { hasText: price })
const grabbing = (desk, price) => offer(desk, price).getByRole('button', { name: /^抢单/ })

test('All desks see the offer, one wins, and the others are told within 3 s', async () => {
  const colleague = await city.call('POST', '/v1/members', city.desks[0].token, { name: '李调度', role: 'dispatcher' })
  const desks = [await deskOf(ours), await deskOf(colleague), await deskOf(others)]
  const token = await customer(7)
  // At a time of its own, by which its news are told from those of other tests' orders.
  const start = Date.now() + 97 * 60_000
  const time = new Date(start + 8 * 3_600_000).toISOString().slice(11, 16)
  const { order_id } = await placed(token, { budget_fen: 12_345, start_at: new Date(start).toISOString() })
  const placedAt = Date.now()
  await Promise.all(desks.map(desk => offer(desk, '¥123.45').waitFor()))
  const seen = Date.now() - placedAt
  console.log(`grab hall: all desks show the offer ${seen} ms after it was placed`)
  assert.ok(seen <= SHOWN, `after ${seen} ms`)
  await desks[0].screen('grab hall')

  const [mine, hers, theirs] = desks
  const grabbedAt = Date.now()
  await Promise.all([grabbing(mine, '¥123.45').click(), grabbing(theirs, '¥123.45').click()])
  await Promise.all(desks.map(desk => offer(desk, '¥123.45').waitFor({ state: 'detached' })))
  const gone = Date.now() - grabbedAt
  console.log(`grab hall: it is gone from all desks ${gone} ms after the grab`)
  assert.ok(gone <= TOLD, `after ${gone} ms`)
  const said = (desk, words) => desk.page.locator('.news', { hasText: words }).filter({ hasText: time }).waitFor()
  const { claim } = await city.call('GET', `/v1/orders/${order_id}`, token)
  const [winner, loser] = claim.agency_name === ours.name ? [mine, theirs] : [theirs, mine]
  await Promise.all([said(winner, '抢到了！'), said(loser, '别家快了一步'), said(hers, winner === mine ? '同事抢到了' : '被别家抢走，或客户取消了')])
  const told = Date.now() - grabbedAt
  console.log(`grab hall: all are told who has it ${told} ms after the grab`)
  assert.ok(told <= TOLD, `after ${told} ms`)
  await hers.screen('grab hall of who was told')
  for (const desk of desks) await desk.leave()
})

test('A screen reader hears the hall in the order in which one decides', async () => {
  const desk = await deskOf(ours)
  const { page } = desk
  await placed(await customer(19), { budget_fen: 78_901, wishes: ['windows'] })
  await offer(desk, '¥789.01').waitFor()
  const inOrder = (text, expected, of) => {
    let at = -1
    for (const words of expected) {
      const next = text.slice(at + 1).search(words)
      assert.ok(next >= 0, `${words} is not there, or comes earlier, in ${of}:\n${text}`)
      at += 1 + next
    }
  }
  inOrder(await page.locator('main').ariaSnapshot(), [/heading "可抢 \d+ 单"/, /button "提示音/, /list/, /heading "日常保洁"/, /heading "刚才"/], 'the hall')
  inOrder(await offer(desk, '¥789.01').ariaSnapshot(), [/heading "日常保洁"/, /天 \d+:\d\d–\u2060\d+:\d\d/, /¥789\.01/, /一带/, /距.+公里|距.+米/, /擦玻璃/, /timer "抢单剩余时间"/, /button "抢单：日常保洁，.天 \d+:\d\d–\u2060\d+:\d\d"/], 'the offer')
  // The count is said when it changes, and the time that is left is not.
  assert.equal(await page.getByRole('heading', { name: /可抢 \d+ 单/ }).getAttribute('aria-live'), 'polite')
  assert.equal(await offer(desk, '¥789.01').locator('[aria-live]').count(), 0)
  await desk.leave()
})

test('The keyboard alone grabs, and names who comes', async () => {
  const desk = await deskOf(others)
  const { page } = desk
  const { order_id } = await placed(await customer(8), { budget_fen: 23_456, notes: '家里有猫' })
  await offer(desk, '¥234.56').waitFor()
  await tabbed(page, '抢单：')
  for (let step = 0; step < 20 && !await grabbing(desk, '¥234.56').evaluate(button => button === document.activeElement); step++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByText('抢到了！').waitFor()
  await tabbed(page, '去派人')
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(order_id))
  await page.getByText('家里有猫').or(page.getByText('谁能去')).first().waitFor()
  await desk.screen('claim')
  await desk.leave()
})

test('A grab whose answer is lost, or that meets a failure, is done once, and is told', async () => {
  const desk = await deskOf(ours)
  const { page } = desk
  const token = await customer(9)
  // The answer is lost once: it is asked again, and the platform knows its winner.
  let sent = 0
  await page.route('**/v1/orders/*/grab', async route => {
    sent++
    if (sent > 1) return route.fallback()
    await route.fetch()
    await route.abort()
  })
  const lost = await placed(token, { budget_fen: 34_567 })
  await grabbing(desk, '¥345.67').click()
  await page.getByText('抢到了！').waitFor()
  assert.equal(sent, 2)
  const { timeline } = await city.call('GET', `/v1/orders/${lost.order_id}`, token)
  assert.equal(timeline.filter(line => line.what === 'claimed').length, 1)
  await page.unroute('**/v1/orders/*/grab')

  // The platform is busy, and says so for longer than anybody waits: the desk is told, and the offer stays.
  await page.route('**/v1/orders/*/grab', route => route.fulfill({ status: 503, contentType: 'application/problem+json', headers: { 'retry-after': '60' }, body: JSON.stringify({ type: '/problems/unavailable', title: 'x', status: 503 }) }))
  await placed(token, { budget_fen: 45_678 })
  await grabbing(desk, '¥456.78').click()
  await page.locator('.news.bad').first().waitFor()
  await page.unroute('**/v1/orders/*/grab')
  await grabbing(desk, '¥456.78').click()
  await page.locator('.news.good', { hasText: '抢到了！' }).first().waitFor()
  await offer(desk, '¥456.78').waitFor({ state: 'detached' })

  // Offline in the middle: nothing can be grabbed by a list that may not hold, and it goes on by itself.
  await placed(token, { budget_fen: 56_789 })
  await offer(desk, '¥567.89').waitFor()
  await desk.context.setOffline(true)
  await page.getByText('连接中断，正在重试').waitFor()
  await desk.context.setOffline(false)
  await page.getByText('连接中断，正在重试').waitFor({ state: 'detached' })
  await grabbing(desk, '¥567.89').click()
  await offer(desk, '¥567.89').waitFor({ state: 'detached' })
  await desk.leave()
})
