// Chromium, and one visitor of the pages in it.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Without these, a browser of a closed machine looks for its maker's hosts all the time. */
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: QUIET })

/**
 * A visitor with a browser of their own. Whatever goes wrong on a page is in `faults`.
 * @param {import('playwright-core').Browser} browser
 * @param {{ width?: number, height?: number, large?: boolean, language?: 'zh' | 'en' }} [how]
 */
export async function visitor(browser, { width = 390, height = width < 800 ? 844 : 900, large = false, language = 'zh' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', reducedMotion: 'reduce' })
  await context.addInitScript(([large, language]) => {
    // The browser's own page of a failure has no storage.
    if (!location.protocol.startsWith('http')) return
    if (large) localStorage.setItem('large', 'yes')
    localStorage.setItem('language', String(language))
  }, [large, language])
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  /** @type {string[]} */
  const faults = []
  // A refusal is an answer like any other; the browser writes each into its console.
  page.on('console', message => { if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(message.text()) })
  page.on('pageerror', error => faults.push(String(error.stack)))
  return { page, faults, context }
}

/** What WCAG 2.2 AA has against a page, and text under 18 px, each with where. The page's policy lets no script in, so axe comes by the debugger. @param {import('playwright-core').Page} page */
export async function accessibilityFaults(page) {
  await page.evaluate(axe)
  const small = await page.evaluate(() => {
    const sizes = new Map()
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    // Bars and toasts of a mini-program are WeChat's own.
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const element = text.parentElement
      if (!element || !text.nodeValue?.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('#bar, #tabs, #toast')) continue
      const scale = element instanceof SVGGraphicsElement ? element.getScreenCTM()?.a || 1 : 1
      const size = Math.round(parseFloat(getComputedStyle(element).fontSize) * scale * 10) / 10
      if (size < 18) sizes.set(`${element.tagName} ${element.className}`, `${size} px: ${text.nodeValue.trim()}`)
    }
    return [...sizes].map(([where, what]) => `small text: ${where}: ${what}`)
  })
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
  return small.concat(found.violations.flatMap((/** @type {any} */ violation) => violation.nodes.map((/** @type {any} */ node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary.split('\n')[1]?.trim()}`)))
}
