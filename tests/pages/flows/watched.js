// Somebody at a browser, and what must hold wherever they go: no error on the console, no report of the policy, no token in an
// address or in a storage; and on each screen nothing that axe finds, nothing for programs only, nothing cut off.

import assert from 'node:assert/strict'
import { accessibilityFaults, launch, visitor } from '../browser.js'
import { platform } from '../platform.js'

export const url = process.env.HOMEHAIL_URL || ''
export const city = await platform(url)
/** Has another agency come first: each has few workers who are free at the same time, and files of tests share the city. @param {number} number */
export const agencyFirst = number => { city.desks.push(...city.desks.splice(0, number)) }

/** Where the tests' visits are, WGS-84: near the demo's agencies. */
export const HOME = { lat: 45.757, lon: 126.642 }
export const ADDRESS = '中央大街 88 号 2 单元 301'

/** In an hour: a badge that matches begins the visit. */
export const soon = () => new Date(Date.now() + 3_600_000).toISOString()

/** The code that was sent to a phone last. */
export const codeOf = async phone => (await city.call('GET', `/demo/codes/${phone}`, null)).code

export const customer = async number => (await city.call('POST', '/v1/sessions/customer', null, { code: `demo-customer-${number}` })).token

/** Places an order for a visit in an hour. */
export const placed = (token, given = {}) => city.call('POST', '/v1/orders', token, {
  service: 'cleaning', start_at: soon(), duration_min: 120, address: ADDRESS, location: { ...HOME, datum: 'wgs84' }, contact: { name: '王小明', phone: '13912345678' }, ...given,
})

/** One browser for all tests of a file; `closed` ends it. */
let browser = null

export async function closed() {
  await browser?.close()
  browser = null
}

/** A new visitor. @param {{ width?: number, height?: number, language?: 'zh' | 'en', refused?: boolean }} [how] `refused`: answers that fail belong to the test. */
export async function watched({ refused = false, ...how } = {}) {
  browser ||= await launch()
  const { page, faults, context } = await visitor(browser, how)
  page.setDefaultTimeout(30_000)
  await context.grantPermissions(['geolocation'])
  await context.setGeolocation({ latitude: HOME.lat, longitude: HOME.lon, accuracy: 20 })
  const tokens = new Set()
  const addresses = []
  page.on('request', request => addresses.push(request.url()))
  page.on('response', async response => {
    if (response.status() >= 400 && !refused) faults.push(`${response.status()} ${response.request().method()} ${response.url()}`)
    if (!response.url().includes('/v1/sessions')) return
    const session = await response.json().catch(() => null)
    for (const token of [session?.token, session?.refresh_token]) if (token) tokens.add(token)
  })
  await page.exposeBinding('reported', (_, report) => { faults.push(`policy: ${report}`) })
  await page.addInitScript(() => addEventListener('securitypolicyviolation', event => globalThis.reported(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)))

  return {
    page,
    context,
    faults,

    /** Looks at the screen that is shown. @param {string} title For what is said of it. @param {{ english?: boolean }} [how] */
    async screen(title, { english = false } = {}) {
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      assert.deepEqual(await accessibilityFaults(page), [], title)
      const wider = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(await wider() <= 0, `${title} is wider than the window`)
      const { width, height } = page.viewportSize()
      if (width < 640) {
        // The narrowest that is asked of a page, as a zoom makes it.
        await page.setViewportSize({ width: 320, height })
        assert.ok(await wider() <= 0, `${title} is wider than 320 px`)
        await page.setViewportSize({ width, height })
      }
      const text = await page.evaluate(() => document.body.innerText)
      assert.doesNotMatch(text, /\b(?:ord|agy|wkr|sto|mem|bdg|cmp|obj)_\w{6,}|\d{4}-\d\d-\d\dT\d|undefined|\bnull\b|NaN|\[object/, title)
      // The name of the other language, what the world calls by Latin letters, credit codes, and the demo's feed, which insures its workers.
      if (!english) assert.deepEqual(text.replace(/\b(?:English|WGS[-\u2011]84|GCJ[-\u2011]02|PDF|demo-platform|[\dA-HJ-NPQRTUWXY]{18})\b/g, '').match(/[A-Za-z]{3,}/g), null, title)
    },

    /** At the end: nothing went wrong on the way. @param {string[]} [kept] Tokens that may be in a storage, which is the mini-program's own. */
    async leave({ mayStore = false } = {}) {
      const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state, location.href]))
      for (const token of tokens) {
        assert.ok(mayStore || !stored.includes(token), 'a token is in a storage')
        assert.ok(!addresses.some(address => address.includes(token)), 'a token is in an address')
      }
      await context.close()
      assert.deepEqual(faults, [])
    },
  }
}

/** Makes the order that is sent one for a visit in an hour, at which a badge begins the visit: at night the form has no such time.
 * `sent` gets each body with its key. */
export function startingSoon(page, sent = []) {
  const starts = new Map()
  return page.route('**/v1/orders', route => {
    const request = route.request()
    if (request.method() !== 'POST') return route.fallback()
    const key = request.headers()['idempotency-key']
    // A repeat says what the first time did.
    if (!starts.has(key)) starts.set(key, soon())
    const body = { ...request.postDataJSON(), start_at: starts.get(key) }
    sent.push({ key, body })
    return route.fallback({ postData: JSON.stringify(body) })
  })
}

/** The order that the page shows. */
export const orderOf = page => /orders\/(ord_\w+)/.exec(page.url())[1]
