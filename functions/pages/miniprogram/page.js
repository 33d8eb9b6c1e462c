// What all pages have in common: words, large print, reading while they are shown, and what is said when something fails.

import { Problem } from './logic/api.js'
import { told } from './logic/problem.js'
import { sectionReading } from './logic/record.js'
import { say } from './logic/words.js'
import { controls } from './logic/words/controls.js'
import { mini } from './logic/words/mini.js'

export { listed, named, say, sayOf } from './logic/words.js'

/** WeChat's own setting; 17 is its middle, and from 20 on it is meant for who sees badly. */
const LARGE = 20

/** What every page's data begins with: words as `w`, the print, how reading and sending go, and the order that it is about. @param {Record<string, Words>} words */
const begun = words => ({
  w: Object.fromEntries(Object.entries({ ...controls, ...mini, ...words }).map(([name, words]) => [name, say(words)])),
  large: (wx.getAppBaseInfo().fontSizeSetting || 16) >= LARGE ? 'large' : '',
  problem: '', loaded: false, busy: false, locked: false, faults: /** @type {Record<string, string>} */ ({}), order_id: '',
})

/** A page with a title that shows these words.
 * @template {WechatMiniprogram.Page.DataOption} D @template {WechatMiniprogram.Page.CustomOption} C @param {Record<string, Words>} words @param {Words} title
 * @param {C & { data: D } & Partial<WechatMiniprogram.Page.ILifetime> & ThisType<WechatMiniprogram.Page.Instance<D & ReturnType<typeof begun>, C>>} own */
export const page = (words, title, own) => Page({
  typed(event) { typed(this, event) },
  .../** @type {any} */ (own),
  data: { ...begun(words), ...own.data },
  onLoad(query) {
    titled(title)
    this.setData({ order_id: query.order_id || '' })
    if (own.onLoad) own.onLoad.call(/** @type {any} */ (this), query)
  },
})

/** Sections of a record, as the template `facts` shows them. @param {{ section: string, state: string }[]} sections */
export const sectionFacts = sections => sections.map(sectionReading).map(({ name, state, tone }) => ({ name, value: state, tone }))

/** @param {Words} words */
export const titled = words => { wx.setNavigationBarTitle({ title: say(words) }) }

/** Names and values for the template `facts`; a value that is empty is left out. @param {[string, string | null | undefined][]} pairs */
export const facts = pairs => pairs.filter(([, value]) => value).map(([name, value]) => ({ name, value }))

/** Reads something for a page, which shows `problem` if it fails. @param {any} page @param {() => Promise<object>} read What is to be set. */
export async function shown(page, read) {
  try {
    page.setData({ ...await read(), problem: '', loaded: true })
  } catch (failure) {
    page.setData({ problem: wordsOf(failure) })
  }
}

/** Sends what was filled in: once, with what is wrong beside each field. While it is not known whether it has arrived, the fields
 * stay as they were sent, and it is sent again when the network is back.
 * @param {any} page @param {() => Promise<void>} send @param {Record<string, string | false>} [missing] Faults that need no server, by pointer. */
export async function sent(page, send, missing = {}) {
  if (page.data.busy) return
  const faults = byField(Object.entries(missing).filter(([, words]) => words))
  if (!page.data.locked && Object.keys(faults).length) return page.setData({ faults, problem: say(controls.mend) })
  page.setData({ busy: true, problem: '', faults: {} })
  page.repeat = null
  const result = { busy: false, locked: false, problem: '', faults: {} }
  try {
    await send()
  } catch (failure) {
    const errors = failure instanceof Problem ? failure.errors : []
    result.locked = failure instanceof Problem && failure.unknown
    result.problem = errors.length ? say(controls.mend) : wordsOf(failure)
    result.faults = byField(errors.map(({ pointer, detail }) => [pointer, detail]))
  }
  page.setData(result)
  if (result.problem) page.repeat = () => sent(page, send)
  if (result.locked) whenOnline(page)
}

/** Whether this page is the one that is shown: of one that was left nothing is sent, and it leads nowhere. @param {any} page */
export const isOnTop = page => getCurrentPages().slice(-1)[0] === page

/** A list's field has the faults of its items. @param {[string, string | false][]} faults By pointer. */
const byField = faults => Object.fromEntries(faults.map(([pointer, words]) => [pointer.split('/').filter(part => !/^\d+$/.test(part)).pop(), words]))

/** Sends once more what the page has not done by then, if it is still the one that is shown: who has left it has given that up. @param {any} page */
function whenOnline(page) {
  const { repeat } = page
  const listen = (/** @type {any} */ { isConnected }) => {
    if (!isConnected) return
    wx.offNetworkStatusChange(listen)
    if (page.repeat === repeat && isOnTop(page)) repeat()
  }
  wx.onNetworkStatusChange(listen)
}

/** @param {unknown} failure */
export function wordsOf(failure) {
  if (!(failure instanceof Problem)) console.error(failure)
  return told(failure)
}

/** Says something in passing. @param {Words} words */
export const toast = words => { wx.showToast({ title: say(words), icon: 'none', duration: 3000 }) }

/** Keeps what was typed into the field whose `data-field` names it. @param {any} page @param {any} event */
function typed(page, event) {
  const { field } = event.currentTarget.dataset
  page.setData({ [`values.${field}`]: event.detail.value })
  mended(page, field)
}

/** A field is as it should be now, as far as is known. @param {any} page @param {string} field */
export function mended(page, field) {
  if (!page.data.faults[field]) return
  page.setData({ [`faults.${field}`]: '' })
  if (!Object.values(page.data.faults).some(Boolean)) page.setData({ problem: '' })
}
