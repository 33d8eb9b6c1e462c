// How places, reasons and people read at the desk, and parts that several of its screens have.

import { cell, centre } from '../../miniprogram/logic/area.js'
import { nearest } from '../../miniprogram/logic/city.js'
import { day, distance } from '../../miniprogram/logic/format.js'
import { sections, states } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { isWide } from '../app.js'
import { formOf } from '../form.js'
import { button, buttonLink, card, h, named, note, say, sayOf, told, verdict } from '../parts.js'
import { copy } from '../tools.js'

/** @typedef {{ id: string, lead?: Child, title: Child, detail?: Child, aside?: Child }} Row Of a list that something is chosen from. */

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
export const initial = name => h('span', { class: 'initial', 'aria-hidden': 'true' }, [...(name || '?')][0])

/** A list and what is chosen from it by the address, which is read only as long as it is: beside the list where there is room, on a phone
 * in its place. `list` is its address, `before` where a phone goes back to from it, and `none` is said while nothing is chosen.
 * `detail` gets an app that leads nowhere any more once something else is chosen. The view gets the id of what is chosen, a row to choose something by, and what puts the list beside that.
 * @param {App} app @param {Record<string, string>} params
 * @param {{ title: (id: string | null) => string, list: string, before?: string, none: Words, detail: (id: string, app: App) => () => Child,
 *   view: (choice: { id: string | null, pick: (row: Row) => Child, beside: (all: Child) => Child }) => Child }} screen
 * @returns {import('../app.js').Screen} */
export function listScreen(app, params, { title, list, before, none, detail, view }) {
  /** @type {string | null} */
  let id = null
  /** @type {{ shown: () => Child, end: () => void } | null} */
  let part = null
  choose(params)
  return { title: () => title(id), wide: true, moved: choose, view: () => view({ id, pick, beside }), get back() { return isWide() ? undefined : id ? list : before } }

  /** @param {Record<string, string>} params One, of what is chosen. */
  function choose(params) {
    const [next = null] = Object.values(params)
    if (next === id) return
    part?.end()
    id = next
    const own = { ...app, go: (/** @type {string} */ to, replace = false) => { if (id === next) app.go(to, replace) } }
    part = next === null ? null : app.part(() => detail(next, own))
  }

  /** @param {Row} row */
  function pick({ id: own, lead, title, detail, aside }) {
    return h('li', { key: own }, h('a', { class: `row ${own === id ? 'chosen' : ''}`, href: `#/${list}/${own}`, 'aria-current': own === id ? 'true' : null },
      lead, h('span', { class: 'row-text' }, h('b', null, title), detail && h('small', null, detail)), aside))
  }

  /** @param {Child} all */
  function beside(all) {
    return h('div', { class: `split ${id ? 'is-chosen' : ''}` }, h('div', { class: 'split-list', key: 'list' }, all),
      h('div', { class: 'split-detail', key: 'detail' }, part ? part.shown() : h('p', { class: 'choose' }, say(none))))
  }
}

/** Asks for a reason, to be chosen from a few.
 * @param {App} app @param {{ title: Words, note?: Words, label: Words, whys: Words, send: (reason: string) => Promise<unknown>, done?: () => void }} question */
export const askWhy = (app, { title, note, label, whys, send, done }) => app.ask(formOf(app, { reason: '' }), form => ({
  title: say(title), label: say(label), kind: 'danger', keep: say(W.keep), send: () => send(form.values.reason), done,
  check: () => ({ '/reason': !form.values.reason && say(W.chooseReason) }),
  fields: [note && h('p', { class: 'say' }, say(note)), form.choices('reason', { label: say(W.reason), options: say(whys).split('|').map(words => ({ value: words, label: words })) })],
}))

/** Gives an order back. @param {App} app @param {Watch} watch @param {string} order_id @param {() => void} done */
export const giveBack = (app, watch, order_id, done) => askWhy(app, {
  title: W.releaseAsk, note: W.releaseNote, label: W.release, whys: W.releaseWhys,
  send: reason => app.api.call('POST /v1/orders/{order_id}/release', { path: { order_id }, body: { reason }, repeats: true }),
  done: () => {
    app.say(say(W.released))
    watch.now()
    done()
  },
})

/** What single buttons do, one at a time, and why it failed. @param {App} app @param {(problem: unknown) => string} [tell] */
export function deeds(app, tell = told) {
  let busy = ''
  let fault = { of: '', words: '' }
  return {
    /** Whether this is being done; or anything. @param {string} [what] */
    isBusy: what => what === undefined ? busy !== '' : busy === what,
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
    words,
    /** Tells why it failed. */
    fault: (of = '') => words(of) && h('div', { role: 'alert' }, note('bad', words(of))),
  }

  /** Why it failed, of a deed whose name begins so. */
  function words(of = '') {
    return fault.of.startsWith(of) ? fault.words : ''
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

/** A key and its secret, shown once. @param {App} app @param {{ access_key: string, secret: string | null }} given */
export const credentials = (app, { access_key, secret }) => h('dl', { class: 'credentials' },
  [[say(W.accessKey), access_key], [say(W.secret), secret || '']].map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, h('code', null, value),
    button({ label: say(W.copy), kind: 'quiet', onclick: () => copy(app, value) })))))

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
