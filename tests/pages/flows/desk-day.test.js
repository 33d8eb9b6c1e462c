// A desk that is left open: how often it asks, and what a day of it costs the browser.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { city, closed, customer, placed } from './watched.js'
import { decided, deskOf, registered, to } from './desks.js'

after(closed)

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** Where nobody else has a store, and so nothing is on offer but what a test places. */
const FAR = { lat: 45.36, lon: 126.3 }

/** A desk whose clock the test moves. */
async function deskOfMovedClock(agency) {
  /** @type {Map<string, number>} */
  const asked = new Map()
  let underWay = 0
  const ended = () => { underWay-- }
  const desk = await deskOf(agency, {
    before: async page => {
      await page.clock.install()
      page.on('request', request => {
        underWay++
        const what = `${request.method()} ${new URL(request.url()).pathname}`
        asked.set(what, (asked.get(what) || 0) + 1)
      })
      page.on('requestfinished', ended)
      page.on('requestfailed', ended)
    },
  })
  const { page } = desk
  await page.clock.pauseAt(Date.now() + MINUTE)
  /** Waits until all that was asked for is answered. The page sees an answer a little later than it is seen here. */
  const settled = async () => {
    for (let still = 0; still < 2; still = underWay ? 0 : still + 1) await page.evaluate(() => new Promise(done => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = done
      port2.postMessage('')
    }))
  }
  await settled()
  return {
    ...desk,
    settled,
    /** How often this was asked for since the last time. @param {string} what */
    asks(what) {
      const times = asked.get(what) || 0
      asked.delete(what)
      return times
    },
    /** Lets so much time pass, a step after the other; what is due more than once within one is done once. */
    async passes(time, step = SECOND) {
      for (let left = time; left > 0; left -= step) {
        await page.clock.fastForward(step)
        await settled()
      }
    },
  }
}

const OFFERS = 'GET /v1/offers/open'

/** Whether somebody sees the page. */
const shown = (page, isShown) => page.evaluate(isShown => {
  Object.defineProperty(document, 'hidden', { configurable: true, value: !isShown })
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
}, isShown)

test('Offers are asked for each second by who looks, and every five seconds while nobody does', async () => {
  const agency = await registered('哈尔滨远郊家政服务有限公司', FAR)
  await decided(agency.agency_id, 'approve', '证照齐全')
  const desk = await deskOfMovedClock(agency)
  const { page } = desk
  const about = (least, most, times, when) => assert.ok(least <= times && times <= most, `${times} times ${when}`)
  await desk.passes(5 * SECOND)
  desk.asks(OFFERS)
  await desk.passes(30 * SECOND)
  about(28, 32, desk.asks(OFFERS), 'in 30 s that somebody looks')

  await shown(page, false)
  await desk.passes(5 * SECOND)
  desk.asks(OFFERS)
  await desk.passes(60 * SECOND)
  about(11, 13, desk.asks(OFFERS), 'in 60 s that it is hidden')
  await shown(page, true)
  await desk.settled()
  about(1, 1, desk.asks(OFFERS), 'at once when it is shown again')
  await desk.passes(10 * SECOND)
  about(9, 11, desk.asks(OFFERS), 'in 10 s that it is shown again')

  // Nothing on offer, and nobody has touched it for half an hour.
  await page.clock.fastForward(31 * MINUTE)
  await desk.passes(10 * SECOND)
  desk.asks(OFFERS)
  await desk.passes(60 * SECOND)
  about(11, 13, desk.asks(OFFERS), 'in 60 s that it is left alone')
  assert.equal(await page.getByText('连接中断').count(), 0, 'it is slow, not broken')
  await page.mouse.move(200, 200)
  await desk.settled()
  about(1, 1, desk.asks(OFFERS), 'at once when somebody comes back')
  await desk.passes(10 * SECOND)
  about(9, 11, desk.asks(OFFERS), 'in 10 s that somebody is back')

  // What comes meanwhile keeps it awake.
  await page.clock.fastForward(31 * MINUTE)
  await desk.passes(10 * SECOND)
  await placed(await customer(15), { budget_fen: 67_890, location: { ...FAR, datum: 'wgs84' } })
  await desk.passes(6 * SECOND)
  await page.locator('.offer', { hasText: '¥678.90' }).waitFor()
  desk.asks(OFFERS)
  await desk.passes(10 * SECOND)
  about(9, 11, desk.asks(OFFERS), 'in 10 s that something is on offer')
  await desk.leave()
})

test('A desk that is open for eight hours of a busy day stays logged in and keeps nothing', async () => {
  const [, agency] = city.demo.agencies
  const desk = await deskOfMovedClock(agency)
  const { page, context } = desk
  // A day of a city in a minute or two: what is on offer is made here, and is other orders every two minutes. All else is the platform's.
  let round = 0
  const offer = number => ({
    order_id: `ord_${String(number).padStart(26, '0')}`, epoch: 1, kind: 'open', service: 'cleaning', start_at: new Date(Date.now() + 30 * HOUR).toISOString(), duration_min: 120, area: 'yb4h9n', distance_m: 1200, store_id: null,
    budget_fen: 12_000, wishes: [], preferred_worker_id: null, grab_deadline: new Date(Date.now() + 10 * MINUTE).toISOString(), claim_token: 'x', reason: null, receipt: null,
  })
  await page.route('**/v1/offers/open', route => route.fulfill({ json: { items: [1, 2, 3].map(number => offer(round * 3 + number)) }, headers: { date: new Date().toUTCString() } }))
  const wire = await context.newCDPSession(page)
  await wire.send('Performance.enable')
  const kept = async () => {
    await wire.send('HeapProfiler.collectGarbage')
    const { metrics } = await wire.send('Performance.getMetrics')
    const of = name => metrics.find(metric => metric.name === name).value
    return { nodes: of('Nodes'), listeners: of('JSEventListeners'), heap: of('JSHeapUsedSize') }
  }
  const hourPasses = async () => {
    for (const address of ['claims', 'orders', 'calendar', 'workers', 'stores', 'customers', 'complaints', 'more', '']) {
      await to(page, address)
      await desk.passes(SECOND)
    }
    for (let left = 30; left > 0; left--) {
      round++
      await desk.passes(2 * MINUTE, 2 * MINUTE)
    }
  }
  await hourPasses()
  const first = await kept()
  for (let hour = 2; hour <= 8; hour++) await hourPasses()
  const last = await kept()
  const renewed = desk.asks('POST /v1/sessions/refresh')
  console.log(`desk: after one hour ${JSON.stringify(first)}, after eight ${JSON.stringify(last)}; ${renewed} renewals`)
  // A session is good for a quarter of an hour.
  assert.ok(renewed >= 30 && renewed <= 40, `${renewed} renewals`)
  await page.getByRole('heading', { name: '可抢 3 单' }).waitFor()
  assert.ok(await page.locator('.news').count() <= 8)
  // More or less news is shown at one time than at another. Of what is kept of each of 630 offers there would be more.
  assert.ok(last.nodes <= first.nodes + 300, `${first.nodes} nodes become ${last.nodes}`)
  assert.ok(last.listeners <= first.listeners + 100, `${first.listeners} listeners become ${last.listeners}`)
  assert.ok(last.heap <= first.heap * 1.2, `${first.heap} bytes become ${last.heap}`)
  await desk.leave()
})
