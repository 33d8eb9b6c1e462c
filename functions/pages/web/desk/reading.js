// How places, reasons and people read at the desk, and parts that several of its screens have.

import { cell, centre } from '../../miniprogram/logic/area.js'
import { nearest } from '../../miniprogram/logic/city.js'
import { day, distance } from '../../miniprogram/logic/format.js'
import { sections, states } from '../../miniprogram/logic/words/contract.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { isWide } from '../app.js'
import { formOf } from '../form.js'
import { button, buttonLink, card, dialog, h, named, note, say, sayOf, told, verdict } from '../parts.js'

/** @typedef {import('../view.js').Child} Child */
/** @typedef {import('../app.js').App} App */
/** @typedef {import('./watch.js').Watch} Watch */

/** What people call where an area is. @param {string} area A geohash. */
export const place = area => say(W.nearPlace, { place: named(nearest(centre(cell(area))).name) })

/** @param {Watch} watch @param {string | null} store_id @param {number | null} metres */
export const fromStore = (watch, store_id, metres) => metres === null ? '' : say(W.fromStore, { store: watch.storeName(store_id) || say(W.store), distance: distance(metres) })

/** Why a worker cannot be sent. @param {import('../../miniprogram/logic/api.js').Problem['reasons'][number]} reason @param {number} now */
export function why({ kind, section, state, valid_until }, now) {
  if (kind !== 'section') return say(W[/** @type {keyof typeof W} */ (kind)] || W.not_available)
  // What is clear now and still stands against her ends before the visit does.
  if (state === 'clear' && valid_until) return say(W.sectionUntil, { section: sayOf(sections, section), day: day(valid_until, now) })
  return say(W.sectionReason, { section: sayOf(sections, section), state: sayOf(states, state) })
}

/** The first letter of a name, where there is no photo. @param {string | null} name */
export const initial = name => h('span', { class: 'initial', 'aria-hidden': 'true' }, (name || '?').slice(0, 1))

/** A list, and beside it, where there is room, what is chosen from it; on a phone one or the other.
 * @param {boolean} isChosen @param {Child} list @param {Child} detail @param {Child} none What is said while nothing is chosen. */
export const split = (isChosen, list, detail, none) => h('div', { class: `split ${isChosen ? 'is-chosen' : ''}` },
  h('div', { class: 'split-list', key: 'list' }, list), h('div', { class: 'split-detail', key: 'detail' }, isChosen ? detail : h('p', { class: 'choose' }, none)))

/** What is chosen from a list by the address, and read only as long as it is.
 * @param {App} app @param {Record<string, string>} params @param {string} name Of the parameter. @param {(id: string) => () => Child} make */
export function chosen(app, params, name, make) {
  /** @type {string | null} */
  let id = null
  /** @type {{ shown: () => Child, end: () => void } | null} */
  let part = null
  const self = {
    id: () => id,
    view: () => part?.shown(),
    /** @param {Record<string, string>} params */
    choose({ [name]: next }) {
      if ((next || null) === id) return
      part?.end()
      id = next || null
      part = next ? app.part(() => make(next)) : null
    },
  }
  self.choose(params)
  return self
}

/** The screen of a list and what is chosen from it. `list` is its address, `before` where a phone goes back to from it.
 * @param {ReturnType<typeof chosen>} choice @param {{ title: () => string, list: string, before?: string, view: () => Child }} screen @returns {import('../app.js').Screen} */
export const listScreen = (choice, { title, list, before, view }) => ({
  title, view, wide: true, moved: choice.choose,
  get back() { return isWide() ? undefined : choice.id() ? list : before },
})

/** A row of a list beside its detail. @param {{ href: string, isChosen: boolean, key: string, lead?: Child, title: Child, detail?: Child, aside?: Child }} row */
export const pick = ({ href, isChosen, key, lead, title, detail, aside }) =>
  h('li', { key }, h('a', { class: `row ${isChosen ? 'chosen' : ''}`, href, 'aria-current': isChosen ? 'true' : null }, lead, h('span', { class: 'row-text' }, h('b', null, title), detail && h('small', null, detail)), aside))

/** A question with a reason, to be chosen from a few or written.
 * @param {App} app @param {{ title: import('../../miniprogram/logic/words.js').Words, note?: import('../../miniprogram/logic/words.js').Words, label: import('../../miniprogram/logic/words.js').Words, whys: import('../../miniprogram/logic/words.js').Words, send: (reason: string) => Promise<void> }} question */
export function asking(app, { title, note, label, whys, send }) {
  // What was asked before may have been about something else.
  /** @type {ReturnType<typeof formOf<{ reason: string }>> | null} */
  let form = null
  const close = () => { form = null; app.update() }
  return {
    ask() { form = formOf(app, { reason: '' }); app.update() },
    view: () => {
      if (!form) return null
      const { values } = form
      return dialog({ title: say(title), close },
        form.around({ label: say(label), kind: 'danger', check: () => ({ '/reason': !values.reason && say(W.chooseReason) }), send: async () => { await send(values.reason); form = null }, aside: button({ label: say(W.keep), kind: 'quiet', onclick: close }) },
          note && h('p', { class: 'say' }, say(note)), form.choices('reason', { label: say(W.reason), options: say(whys).split('|').map(words => ({ value: words, label: words })) })))
    },
  }
}

/** Gives an order back. @param {App} app @param {Watch} watch @param {string} order_id @param {() => void} done */
export const releasing = (app, watch, order_id, done) => asking(app, { title: W.releaseAsk, note: W.releaseNote, label: W.release, whys: W.releaseWhys, send: async reason => {
  await app.api.call('POST /v1/orders/{order_id}/release', { path: { order_id }, body: { reason }, repeats: true })
  app.say(say(W.released))
  watch.now()
  done()
} })

/** What single buttons do, one at a time, and why it failed. @param {App} app @param {(problem: unknown) => string} [tell] */
export function deeds(app, tell = told) {
  let busy = ''
  let fault = { of: '', words: '' }
  return {
    isBusy: (/** @type {string} */ what) => busy === what,
    /** @param {string} what @param {() => Promise<void>} work */
    async do(what, work) {
      if (busy) return
      busy = what
      fault = { of: '', words: '' }
      app.update()
      try {
        await work()
      } catch (problem) {
        fault = { of: what, words: tell(problem) }
      }
      busy = ''
      app.update()
    },
    /** Why it failed, of a deed whose name begins so. */
    fault: (of = '') => fault.words !== '' && fault.of.startsWith(of) && h('div', { role: 'alert' }, note('bad', fault.words)),
  }
}

/** Tells why the authority's last decision was against it; what served before a change that was rejected goes on serving.
 * @param {Pick<Contract['Agency'] | Contract['Store'], 'status' | 'pending_changes' | 'reviews'>} of @param {(words: string) => Child} tell */
export function against({ status, pending_changes: changes, reviews }, tell) {
  const last = reviews[reviews.length - 1]
  return last && !changes && ['reject', 'suspend'].includes(last.decision) && tell(say(status === 'approved' ? W.changeRejected : W.rejectedDetail, { reason: last.reason }))
}

/** What is gone already was ended by a request whose answer was lost. @param {{ status: number }} problem */
export function unlessGone(problem) {
  if (problem.status !== 404) throw problem
}

/** Has the browser save a file. @param {Blob} file @param {string} name */
export function saveFile(file, name) {
  const url = URL.createObjectURL(file)
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** A key and its secret, shown once. @param {App} app @param {{ access_key: string, secret: string | null }} given */
export const credentials = (app, { access_key, secret }) => h('dl', { class: 'credentials' },
  [[say(controls.accessKey), access_key], [say(controls.secret), secret || '']].map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, h('code', null, value),
    button({ label: say(controls.copy), kind: 'quiet', onclick: () => { navigator.clipboard?.writeText(value).then(() => app.say(say(controls.copied)), () => {}) } })))))

/** What an agency sees that cannot grab: why, and in the hall what it can do. @param {Watch} watch @param {boolean} [isHall] */
export function standing(watch, isHall = true) {
  const { agency } = watch
  if (!agency) return null
  const reason = against(agency, words => h('p', null, words))
  const needsPapers = agency.status === 'pending' && !agency.papers.length
  const papers = buttonLink({ label: say(needsPapers ? W.toPapers : W.papers), href: '#/more/papers', kind: needsPapers ? 'go' : 'plain', icon: 'file' })
  const correct = buttonLink({ label: say(W.correct), href: '#/more/change', kind: agency.status === 'rejected' ? 'go' : 'plain' })
  const actions = isHall && card({ title: agency.name }, watch.may('agency') ? h('div', { class: 'buttons' }, needsPapers ? [papers, correct] : [correct, papers]) : note('quiet', say(W.ownerOnly)))
  switch (agency.status) {
    case 'pending': return [verdict('quiet', say(W.pendingTitle), h('p', null, say(W.pendingDetail), needsPapers && say(W.pendingPapers))), actions]
    case 'rejected': return [verdict('warn', say(W.rejectedTitle), reason, h('p', null, say(W.rejectedNext))), actions]
    default: return verdict('bad', say(W.suspendedTitle), reason, h('p', null, say(W.suspendedNext)))
  }
}
