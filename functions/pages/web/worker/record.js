// What is recorded of a worker, for herself: sections with their sources, who looked, all that happened, and her objections.

import { day, when } from '../../miniprogram/logic/format.js'
import { aboutName, actorName, eventReading, sourceName } from '../../miniprogram/logic/history.js'
import { sectionReading, standingReading } from '../../miniprogram/logic/record.js'
import { say, sayOf } from '../../miniprogram/logic/words.js'
import { sections, standings } from '../../miniprogram/logic/words/contract.js'
import { history as H } from '../../miniprogram/logic/words/history.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, buttonLink, card, empty, paged, row, rows, tag, verdict } from '../parts.js'
import { h } from '../view.js'

/** @typedef {import('contract').Schemas['OwnRecord']} OwnRecord */

/** @type {import('../app.js').MakeScreen} */
export const record = app => {
  const own = app.load(() => app.api.call('GET /v1/me/record'))
  return { title: () => say(W.record), view: () => awaited(own, whole, 8) }

  /** @param {OwnRecord} record */
  function whole({ worker, objections }) {
    const { word, tone } = standingReading(worker.standing)
    return [
      verdict(tone, word, worker.status !== 'approved' && h('p', null, `${say(W.status)}：${sayOf(standings, worker.status)}`)),
      card({ title: say(W.sections) }, sectionList(worker.sections, app.now()), buttonLink({ label: say(W.object), href: '#/record/object', icon: 'message' })),
      rows(row({ href: '#/record/views', icon: 'person', title: say(W.whoLooked), detail: say(W.whoLookedDetail) }),
        row({ href: '#/record/history', icon: 'list', title: say(W.history), detail: say(W.historyDetail) })),
      card({ title: say(W.objections) }, objections.length === 0 ? h('p', { class: 'say' }, say(W.noObjections)) : h('ul', { class: 'said' }, [...objections].reverse().map(one => h('li', { key: one.objection_id },
        h('div', { class: 'card-head' }, h('b', null, aboutName(one.about)), one.answer ? tag(say(one.answer.outcome === 'upheld' ? W.upheld : W.dismissed), one.answer.outcome === 'upheld' ? 'good' : 'quiet') : tag(say(W.waitingAnswer), 'warn')),
        h('p', { class: 'words' }, one.text), h('small', null, when(one.at, app.now())),
        one.answer && h('p', { class: 'answer' }, one.answer.reason, h('small', null, ` ${when(one.answer.at, app.now())}`)))))),
    ]
  }
}

/** The sections, each with its state, source and dates. @param {import('contract').Schemas['WorkerSection'][]} lines @param {number} now */
export const sectionList = (lines, now) => h('ul', { class: 'sections' }, lines.map(line => {
  const { name, state, tone } = sectionReading(line)
  return h('li', { key: line.section }, h('b', null, name), tag(state, tone), h('small', null, [
    sourceName(line.source), line.as_of && say(W.asOf, { time: when(line.as_of, now) }), line.valid_until && say(W.validUntil, { day: day(Date.parse(line.valid_until) - 1, now) }), line.reference && say(W.reference, { reference: line.reference }),
  ].filter(Boolean).join(' · ')))
}))

/** @type {Record<string, import('../../miniprogram/logic/words.js').Words>} */
const LOOKS = { scan: W.viewScan, order_check: W.viewOrder, authority: W.viewAuthority }

/** @type {import('../app.js').MakeScreen} */
export const views = app => {
  const list = app.pages(cursor => app.api.call('GET /v1/me/views', { query: { limit: 30, cursor } }))
  return {
    title: () => say(W.whoLooked),
    back: 'record',
    view: () => paged(list, items => h('ul', { class: 'rows' }, items.map((one, at) => h('li', { key: `${one.at} ${at}`, class: 'row' }, h('span', { class: 'row-text' }, h('b', null, sayOf(LOOKS, one.how)),
      one.how === 'authority' && h('span', null, one.purpose && one.purpose !== 'not stated' ? say(W.viewWhy, { purpose: one.purpose }) : say(W.viewNoWhy)), h('small', null, when(one.at, app.now())))))),
    empty({ icon: 'person', title: say(W.noViews), detail: say(W.noViewsDetail) })),
  }
}

/** @type {import('../app.js').MakeScreen} */
export const history = app => {
  const list = app.pages(cursor => app.api.call('GET /v1/me/trace', { query: { limit: 30, cursor } }))
  return { title: () => say(W.history), back: 'record', view: () => [h('p', { class: 'say' }, say(H.hashHint)), paged(list, items => eventList(items, app.now(), seq => `#/record/object/${seq}`), null)] }
}

/** Events with what they say and their hashes. @param {import('contract').Schemas['TracedEvent'][]} items @param {number} now @param {(seq: number) => string | null} objectAt */
export const eventList = (items, now, objectAt) => h('ol', { class: 'events' }, items.map(traced => {
  const { event, hash, leaf_index: leaf } = traced
  const { title, lines } = eventReading(traced, now)
  const link = objectAt(event.seq)
  return h('li', { key: event.seq, class: 'card' }, h('div', { class: 'card-head' }, h('h2', null, title), h('small', null, say(H.entry, { seq: event.seq }))),
    lines.map((line, at) => h('p', { key: at, class: 'words' }, line)), h('small', null, `${say(H.by, { who: actorName(event.actor) })} · ${when(event.at, now)}`),
    h('details', null, h('summary', null, say(H.fingerprint)), hashes([[say(H.hash), hash], [say(H.before), event.prev], [say(H.commitment), event.payload_commitment]]), h('p', null, leaf === null ? say(H.notYet) : `${say(H.leaf)}：${leaf}`),
      link && h('p', null, h('a', { href: link }, say(W.object)))))
}))

/** Hashes, in groups of eight that can be read aloud and compared. @param {[string, string][]} pairs */
export const hashes = pairs => h('dl', { class: 'hashes' }, pairs.map(([name, hash]) => h('div', { key: name }, h('dt', null, name), h('dd', null, h('code', null, (hash.match(/.{1,8}/g) || []).join(' '))))))

/** @type {import('../app.js').MakeScreen} */
export const objecting = (app, params) => {
  const seq = /^[1-9]\d*$/.test(params.about || '') ? Number(params.about) : 0
  const form = formOf(app, { about: seq ? String(seq) : params.about || 'health_certificate', text: '' })
  const send = async () => {
    const about = seq || /** @type {import('contract').Schemas['Section']} */ (form.values.about)
    await app.api.call('POST /v1/me/objections', { intent: 'objection', body: { about, text: form.values.text } })
    app.say(say(W.objected))
    app.go('record', true)
  }
  return {
    title: () => say(W.objectTitle),
    back: seq ? 'record/history' : 'record',
    view: () => card({}, h('p', { class: 'say' }, say(W.objectWhy)), form.around({ label: say(W.objectSend), send, check: () => ({ '/text': !form.values.text.trim() && say(W.objectText) }) },
      form.select('about', { label: say(W.objectAbout), options: seq ? [{ value: String(seq), label: aboutName(String(seq)) }] : Object.keys(sections).map(value => ({ value, label: sayOf(sections, value) })) }),
      form.text('text', { label: say(W.objectText), rows: 5, maxlength: 1000 }))),
  }
}
