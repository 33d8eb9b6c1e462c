// A worker's record, as she herself and the authority read it: sections with their sources, and the chain of events.

import { when } from '../miniprogram/logic/format.js'
import { actorName, eventReading, sourceLine } from '../miniprogram/logic/history.js'
import { sectionReading } from '../miniprogram/logic/record.js'
import { history as H } from '../miniprogram/logic/words/history.js'
import { worker as W } from '../miniprogram/logic/words/worker.js'
import { h, say, tag } from './parts.js'

/** The sections, each with its state, source and dates. @param {Contract['WorkerSection'][]} lines @param {number} now */
export const sectionList = (lines, now) => h('ul', { class: 'sections' }, lines.map(line => {
  const { name, state, tone } = sectionReading(line)
  return h('li', { key: line.section }, h('b', null, name), tag(state, tone), h('small', null, sourceLine(line, now)))
}))

/** Events with what they say and their hashes. @param {Contract['TracedEvent'][]} items @param {number} now @param {(seq: number) => string | null} objectAt */
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
