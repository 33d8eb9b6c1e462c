// Takes a picture of every screen, on a phone, in large print, in English and on a dispatcher's screen; and says what is wrong with
// any of them: an error in the console, something wider than the window, a fault that axe finds.
//
//   node shots.js <base url> <folder> [area…]

import { mkdirSync, readdirSync } from 'node:fs'
import { accessibilityFaults, launch, visitor } from './browser.js'
import { platform } from './platform.js'

/** @typedef {{ page: import('playwright-core').Page, shot: (name: string) => Promise<void>, base: string, city: Awaited<ReturnType<typeof platform>>, answering: (address: string, change: number | null | ((body: any) => object)) => Promise<void> }} Tour */

/** @type {[string, { width: number, large?: boolean, language?: 'zh' | 'en' }][]} */
const FORMATS = [['390', { width: 390 }], ['390-large', { width: 390, large: true }], ['390-en', { width: 390, language: 'en' }], ['1440', { width: 1440 }]]

const [base, folder, ...areas] = process.argv.slice(2)
const all = readdirSync(new URL('screens', import.meta.url)).map(name => name.replace(/\.js$/, ''))
const city = await platform(base)
const browser = await launch()
let found = 0
for (const area of areas.length ? areas : all) {
  const { default: tour } = await import(`./screens/${area}.js`)
  for (const [format, how] of FORMATS) {
    const { page, faults, context } = await visitor(browser, how)
    mkdirSync(`${folder}/${area}`, { recursive: true })
    const shot = async (/** @type {string} */ name) => {
      // In a window as high as the screen is long: bars that stay in place cover nothing then.
      const { width, height } = page.viewportSize() || { width: 0, height: 0 }
      await page.setViewportSize({ width, height: Math.max(height, await page.evaluate(() => document.documentElement.scrollHeight)) })
      await page.waitForTimeout(200)
      await page.screenshot({ path: `${folder}/${area}/${name}-${format}.png`, fullPage: true })
      await page.setViewportSize({ width, height })
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (wider > 0) faults.push(`${name} is ${wider} px wider than the window`)
      faults.push(...(await accessibilityFaults(page)).map((/** @type {string} */ fault) => `${name}: ${fault}`))
    }
    // What takes long to come about on the platform: answers with another body, or a refusal with this status, until it is null.
    const answering = async (/** @type {string} */ address, /** @type {number | null | ((body: any) => object)} */ change) => {
      await page.unroute(address)
      if (typeof change === 'number') await page.route(address, route => route.fulfill({ status: change, contentType: 'application/problem+json', body: '{"type":"/problems/unavailable"}' }))
      else if (change) await page.route(address, async route => route.request().method() === 'DELETE' ? route.fallback() : route.fulfill({ json: change(await (await route.fetch()).json()) }))
    }
    await tour({ page, shot, base, city, answering }).catch((/** @type {Error} */ error) => faults.push(`the tour ended: ${error.message.split('\n')[0]} at ${page.url()}`))
    if (faults.length) await page.screenshot({ path: `${folder}/${area}/last-${format}.png`, fullPage: true })
    for (const fault of new Set(faults)) console.error(`${area} ${format}: ${fault}`)
    found += faults.length
    await context.close()
  }
}
await browser.close()
process.exitCode = found ? 1 : 0
