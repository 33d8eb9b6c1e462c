// What waits for review, the oldest first, and the way from one to the next.

import { when } from '../../miniprogram/logic/format.js'
import { aboutName } from '../../miniprogram/logic/history.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { paperKinds } from '../../miniprogram/logic/words/contract.js'
import { fields } from '../../miniprogram/logic/words/history.js'
import { empty, h, listed, paged, row, say, sayOf, screen, switcher, tag } from '../parts.js'
import { moveFocus } from '../tools.js'
import { shortcuts } from './keys.js'

/** @typedef {Contract['Waiting']['kind']} Kind */

/** @type {Kind[]} */
const KINDS = ['agency', 'store', 'worker', 'objection', 'erasure']
/** How often it is looked whether more has come, in milliseconds. */
const AGAIN = 30_000

/** What was last on the screen, so that after one decision comes the next. @type {{ kind: Kind, items: Contract['Waiting'][] }} */
const shown = { kind: 'agency', items: [] }

/** Where one is decided on. @param {Contract['Waiting']} item */
function hrefOf({ kind, agency_id: agency, store_id: store, worker_id: worker, proposal_id: proposal, objection_id: objection }) {
  if (kind === 'agency') return `agencies/${agency}`
  if (kind === 'store') return `agencies/${agency}/stores/${store}`
  return `workers/${worker}${proposal ? `/changes/${proposal}` : objection ? `/objections/${objection}` : ''}`
}

/** What is at this address, if one came from the queue. @param {string} href */
export const waitingAt = href => shown.items.find(item => hrefOf(item) === href) || null

/** What comes after it. @param {string} href */
export function nextOf(href) {
  const at = shown.items.findIndex(item => hrefOf(item) === href)
  const next = at >= 0 ? shown.items[at + 1] : null
  return next ? hrefOf(next) : null
}

/** Takes out what was decided, and says what comes next: another one, or the list. @param {string} href */
export function after(href) {
  const next = nextOf(href)
  const wasHere = waitingAt(href) !== null
  shown.items = shown.items.filter(item => hrefOf(item) !== href)
  return wasHere ? next || '' : null
}

export const queue = screen(app => {
  const list = app.pages(cursor => app.api.call('GET /v1/reviews', { query: { kind: shown.kind, limit: 50, cursor } }))
  app.every(AGAIN, () => { if (!list.hasMore && !list.busy) list.again() })
  const choose = (/** @type {Kind} */ kind) => {
    Object.assign(shown, { kind, items: [] })
    list.anew()
  }
  const keys = shortcuts(app, () => [
    { keys: ['j', 'k', 'arrowdown', 'arrowup'], shown: 'J K ↓ ↑', words: W.keyMove, act: key => moveFocus('.queue a', key === 'k' || key === 'arrowup' ? -1 : 1) },
    { keys: [], shown: say(W.keyEnter), words: W.keyOpen },
    { keys: ['1', '2', '3', '4', '5'], shown: '1–5', words: W.keyKinds, act: key => choose(KINDS[Number(key) - 1]) },
  ])
  return {
    title: () => say(W.queue),
    wide: true,
    view: () => [
      switcher(say(W.kinds), KINDS.map(id => ({ id, label: say(W[id]) })), shown.kind, id => choose(/** @type {Kind} */ (id))),
      paged(list, items => {
        shown.items = items
        return h('ul', { class: 'rows queue' }, items.map(item => row({
          key: hrefOf(item), href: `#/${hrefOf(item)}`, title: item.name, detail: [whatOf(item), say(W.since, { time: when(item.since, app.now()) })].filter(Boolean).join(' · '),
          aside: item.kind === 'erasure' ? tag(say(W.erasure), 'warn') : tag(say(item.kind === 'objection' ? W.objection : item.pending_changes || item.proposal_id ? W.change : W.registers)),
        })))
      }, empty({ icon: 'tick', title: say(W.nothing), detail: say(W.nothingDetail) })),
      keys(),
    ],
  }
})

/** @type {Record<string, Words>} */
const NAMES = { name: W.name, phone: W.phone, responsible_person: W.responsible, services: W.services, address: W.address, location: W.place, papers: W.papers }

/** What would change, in words. @param {Contract['Waiting']} item */
function whatOf({ kind, pending_changes: changes, about, text }) {
  if (kind === 'objection') return `${say(W.objectionAbout, { about: aboutName(about || '') })} ${text}`
  if (kind === 'erasure') return say(W.wantsErasure)
  return changes ? say(W.changes, { what: listed(Object.entries(changes).filter(([, value]) => value !== null).map(([name, value]) => name === 'papers' ? listed(value.map((/** @type {Contract['Paper']} */ paper) => sayOf(paperKinds, paper.kind))) : sayOf(kind === 'worker' ? fields : NAMES, name))) })
    : kind === 'store' && say(W.addsStore)
}
