// Looking up by number: agencies, workers, orders, badges, and batches of credit records.

import { day, when } from '../../miniprogram/logic/format.js'
import { sourceName } from '../../miniprogram/logic/history.js'
import { say, sayOf } from '../../miniprogram/logic/words.js'
import { authority as W, feedStatuses } from '../../miniprogram/logic/words/authority.js'
import { formOf } from '../form.js'
import { awaited, button, card, facts, note, row, rows, tag } from '../parts.js'
import { h } from '../view.js'

/** The last few, as long as this page is open. @type {{ href: string, name: string }[]} */
let recent = []

/** Keeps that this was looked at. @param {string} href @param {string} name */
export function remember(href, name) {
  recent = [{ href, name }, ...recent.filter(one => one.href !== href)].slice(0, 8)
}

/** @type {Record<string, string>} */
const PLACES = { agy: 'agencies', wkr: 'workers', ord: 'orders', cmp: 'complaints' }

/** @type {import('../app.js').MakeScreen} */
export const lookup = app => {
  const form = formOf(app, { number: '' })
  const batch = formOf(app, { source: '', batch: '' })
  const find = async () => {
    const number = form.values.number.trim()
    if (!number.startsWith('bdg_')) return app.go(`${PLACES[number.slice(0, 3)]}/${number}`.replace(/^complaints.*/, 'complaints'))
    const badge = await app.api.call('GET /v1/badges/{badge_id}', { path: { badge_id: number } })
    app.go(`workers/${badge.worker_id}`)
  }
  return {
    title: () => say(W.lookup),
    view: () => [
      card({ title: say(W.lookupLead) }, h('p', { class: 'say' }, say(W.lookupDetail)), form.around({ label: say(W.find), icon: 'search', send: find, check: () => ({ '/number': !/^(agy|wkr|ord|cmp|bdg)_[0-9a-z]{6,40}$/.test(form.values.number.trim()) && say(W.numberFault) }) },
        form.text('number', { label: say(W.number), autocomplete: 'off', maxlength: 60 }))),
      recent.length > 0 && card({ title: say(W.recent) }, rows(recent.map(({ href, name }) => row({ key: href, href: `#/${href}`, icon: href.startsWith('agencies') ? 'store' : href.startsWith('orders') ? 'list' : 'person', title: name })))),
      card({ title: say(W.feed) }, h('p', { class: 'say' }, say(W.feedDetail)), batch.around({ label: say(W.find), kind: 'plain', send: async () => app.go(`feeds/${encodeURIComponent(batch.values.source.trim())}/${encodeURIComponent(batch.values.batch.trim())}`), check: () => ({ '/source': !batch.values.source.trim() && say(W.source), '/batch': !batch.values.batch.trim() && say(W.batch) }) },
        h('div', { class: 'pair' }, batch.text('source', { label: say(W.source), autocomplete: 'off', maxlength: 40 }), batch.text('batch', { label: say(W.batch), autocomplete: 'off', maxlength: 64 })))),
    ],
  }
}

/** @type {import('../app.js').MakeScreen} */
export const feed = (app, { source, batch_id }) => {
  const path = { source, batch_id }
  const read = app.load(() => app.api.call('GET /v1/credit-feeds/{source}/batches/{batch_id}', { path }))
  /** @type {import('contract').Schemas['RejectedRow'][]} */
  let more = []
  let cursor = /** @type {string | null | undefined} */ (undefined)
  const next = async () => {
    const page = await app.api.call('GET /v1/credit-feeds/{source}/batches/{batch_id}', { path, query: { cursor: cursor === undefined ? read.value?.next_cursor : cursor } })
    more = [...more, ...page.rejected]
    cursor = page.next_cursor
    app.update()
  }
  return {
    title: () => say(W.feedTitle),
    back: 'lookup',
    view: () => awaited(read, it => [
      card({ title: `${sourceName(it.source)} · ${it.batch_id}`, aside: tag(sayOf(feedStatuses, it.status), it.status === 'applied' ? 'good' : it.status === 'refused' ? 'bad' : 'warn') },
        it.detail && note('bad', it.detail),
        facts([[say(W.asOf), day(it.as_of, app.now())], [say(W.received), when(it.received_at, app.now())], [say(W.appliedAt), it.applied_at && when(it.applied_at, app.now())], [say(W.parts), say(W.partsOf, { received: it.parts_received, parts: it.parts })],
          [say(W.rowsAll), String(it.rows)], [say(W.rowsApplied), String(it.applied)], [say(W.rowsUnchanged), String(it.unchanged)], [say(W.rowsRejected), String(it.rejected_total)]])),
      it.rejected.length > 0 && card({ title: say(W.rowsRejected) }, h('ul', { class: 'said' }, [...it.rejected, ...more].map(one => h('li', { key: one.line }, h('b', null, say(W.line, { line: one.line })), h('p', null, one.detail)))),
        (cursor === undefined ? it.next_cursor : cursor) && h('p', { class: 'buttons' }, button({ label: say(W.nextOne), onclick: () => { next().catch(() => read.again()) } }))),
    ], 6),
  }
}
