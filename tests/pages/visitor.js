// Somebody at a browser, and what must hold wherever they go: no error on the console, no report of the policy, no token in an
// address or in a storage, and on each screen what axe finds (WCAG 2.2 AA), nothing for programs only, nothing cut off.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { HOME, soon, url } from './city.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']
const SIZES = [['390', 390, 844], ['1440', 1440, 900]]
const { SHOTS } = process.env
if (SHOTS) mkdirSync(SHOTS, { recursive: true })

let browser = null

/** The browser of this file's tests; `closed` ends it. */
export async function opened() {
  browser ||= await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  })
  return browser
}

export async function closed() {
  await browser?.close()
  browser = null
}

/**
 * A new visitor. `faults`: answers that fail are part of the test, and Chromium's own lines about them are not errors.
 * @param {{ width?: number, height?: number, faults?: boolean, at?: string, permissions?: string[] }} [how]
 */
export async function visitor({ width = 390, height = 844, faults = false, at = url, permissions = ['geolocation'] } = {}) {
  const context = await (await opened()).newContext({ viewport: { width, height }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', hasTouch: width < 600, permissions, geolocation: { latitude: HOME.lat, longitude: HOME.lon, accuracy: 20 } })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const wrong = []
  const tokens = new Set()
  const addresses = []
  page.on('console', message => {
    if (!['error', 'warning'].includes(message.type()) || (faults && message.text().startsWith('Failed to load resource'))) return
    wrong.push(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', error => wrong.push(`error: ${error.stack}`))
  page.on('request', request => addresses.push(request.url()))
  page.on('response', async response => {
    if (!response.url().includes('/v1/sessions')) return
    const session = await response.json().catch(() => null)
    for (const token of [session?.token, session?.refresh_token]) if (token) tokens.add(token)
  })
  await page.exposeBinding('reported', (_, report) => { wrong.push(`policy: ${report}`) })
  await page.addInitScript(() => addEventListener('securitypolicyviolation', event => globalThis.reported(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)))
  const name = new Set()

  return {
    page,
    context,
    wrong,

    /** What must hold on every screen, looked at when it shows `shown`. @param {string} title Of its picture. */
    async screen(title, { english = false, markup = false } = {}) {
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      await page.evaluate(axe)
      const { violations } = await page.evaluate(rules => globalThis.axe.run(document, { runOnly: rules, resultTypes: ['violations'] }), RULES)
      assert.deepEqual(violations.map(({ id, nodes }) => `${title}: ${id} ${nodes.map(node => `${node.html} ${node.failureSummary}`).join('\n')}`), [])
      const seen = await page.evaluate(() => ({ text: document.body.innerText, scroll: document.documentElement.scrollWidth, wide: innerWidth }))
      assert.ok(seen.scroll <= seen.wide, `${title} scrolls sideways: ${seen.scroll} of ${seen.wide}`)
      assert.doesNotMatch(seen.text, /\b(?:ord|agy|wkr|sto|mem|bdg|cmp|obj)_\w{6,}|\d{4}-\d\d-\d\dT\d|undefined|null|NaN|\[object/, title)
      // The other language's name, datums and what the tests themselves have typed.
      if (!english && !markup) assert.deepEqual(seen.text.replace(/\b(?:English|WGS-84|GCJ-02|Homehail)\b/g, '').match(/[A-Za-z]{3,}/g), null, title)
      if (SHOTS && !name.has(title)) await kept(title)
      name.add(title)
    },

    /** At the end: nothing went wrong on the way, and no token is where others could read it. */
    async leave() {
      const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state, location.href]))
      for (const token of tokens) {
        assert.ok(!stored.includes(token), 'a token is in a storage')
        assert.ok(!addresses.some(address => address.includes(token)), 'a token is in an address')
      }
      await context.close()
      assert.deepEqual(wrong, [])
    },
  }

  async function kept(title) {
    const mobile = page.viewportSize()
    for (const [size, width, height] of SIZES) {
      await page.setViewportSize({ width, height })
      await page.screenshot({ path: path.join(SHOTS, `${title}-${size}.png`), fullPage: true })
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await page.evaluate(() => document.documentElement.classList.add('large'))
    await page.screenshot({ path: path.join(SHOTS, `${title}-large.png`), fullPage: true })
    const { scroll, wide } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, wide: innerWidth }))
    await page.evaluate(() => document.documentElement.classList.remove('large'))
    await page.setViewportSize(mobile)
    assert.ok(scroll <= wide, `${title} scrolls sideways in large print: ${scroll} of ${wide}`)
  }
}

/** Makes the order that is sent one for a visit in an hour, at which a badge begins the visit: the form has no such time at night.
 * Calls `seen` with each order that is sent, and its key. */
export const startingSoon = (page, seen = () => {}) => page.route('**/v1/orders', route => {
  const request = route.request()
  if (request.method() !== 'POST') return route.continue()
  const body = { ...request.postDataJSON(), start_at: startOf(request.headers()['idempotency-key']) }
  seen(body, request.headers()['idempotency-key'])
  return route.continue({ postData: JSON.stringify(body) })
})

/** A repeat has the body of the first time. */
const starts = new Map()
const startOf = key => {
  if (!starts.has(key)) starts.set(key, soon())
  return starts.get(key)
}

/** The order that the page shows. */
export const orderOf = page => /orders\/(ord_\w+)/.exec(page.url())[1]
