// How a worker's chain of events reads.

import { day, when } from './format.js'
import { listed, say, sayOf, spoken } from './words.js'
import { sections, states } from './words/contract.js'
import { actors, decisions, events, fields, history as W, reviewed, sources } from './words/history.js'
import { worker } from './words/worker.js'

/** Who did something, by the id that stands for them. @param {string} actor */
export const actorName = actor => sayOf(actors, /^(customer|platform)$/.test(actor) ? actor : actor.split(/[_:]/)[0])

/** Where a section's state is from. @param {string | null} source */
export const sourceName = source => source === null ? '' : sayOf(sources, source) || say(W.otherSource, { source })

/** Where a section's state is from, and of when it is. @param {Contract['WorkerSection']} line @param {number} now */
export const sourceLine = ({ source, as_of: asOf, valid_until: until, reference }, now) => [
  sourceName(source), asOf && say(worker.asOf, { time: when(asOf, now) }), until && say(worker.validUntil, { day: day(Date.parse(until) - 1, now) }), reference && say(worker.reference, { reference }),
].filter(Boolean).join(' · ')

/** What an objection is about: a section, or an entry of the chain. @param {string} about */
export const aboutName = about => sayOf(sections, about) || say(W.entry, { seq: about })

/** What an event says, line by line. @param {Contract['TracedEvent']} traced @param {number} now @returns {{ title: string, lines: string[] }} */
export function eventReading({ event, payload }, now) {
  const title = sayOf(events, event.kind)
  return { title, lines: payload ? contentOf(/** @type {any} */ (payload), now).filter(Boolean) : [say(W.erased)] }
}

/** @param {any} payload @param {number} now @returns {string[]} */
function contentOf(payload, now) {
  const reason = payload.reason ? say(W.reason, { reason: payload.reason }) : ''
  if (payload.decision && payload.about !== 'objection') return [[sayOf(reviewed, payload.about), sayOf(decisions, payload.decision)].filter(Boolean).join(' · '), reason]
  if (payload.about === 'objection') return [say(W.answered, { outcome: say(payload.outcome === 'upheld' ? W.upheld : W.dismissed) }), reason]
  if (payload.about && payload.text) return [say(W.objection, { about: aboutName(payload.about), text: payload.text })]
  if (payload.section) return [stateOf(payload), sourceName(payload.source)]
  if (Array.isArray(payload.sections)) return [say(W.sections, { count: payload.sections.length, list: payload.sections.map(stateOf).join(spoken() === 'zh' ? '，' : ', ') })]
  if (payload.changes) return [say(payload.proposed ? W.proposed : W.changed, { what: listed(Object.keys(payload.changes).filter(name => payload.changes[name] !== null).map(name => sayOf(fields, name))) || sayOf(fields, 'photo') })]
  if (payload.text_version) return [say(W.version, { version: payload.text_version })]
  if (payload.expires_at) return [say(W.until, { day: day(Date.parse(payload.expires_at) - 1, now) })]
  return [reason]
}

/** @param {{ section: string, state: string }} line */
const stateOf = ({ section, state }) => [sayOf(sections, section), sayOf(states, state)].join(spoken() === 'zh' ? '' : ': ')
