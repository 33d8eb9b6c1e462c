// What an order form offers and takes, on the web and in the mini-program.

import { clockTime, clockTimes, DAY, isoDay, isPhone, moment, plain, span } from './format.js'
import { say } from './words.js'
import { controls } from './words/controls.js'
import { placing as W } from './words/placing.js'

/** @typedef {{ service: string, day: string, start: string, duration: string, address: string, name: string, phone: string, budget: string, notes: string, wishes: string[], location: Contract['Location'] | null }} Filled */

const HALF_HOUR = 1800000
/** An order needs some time to find an agency before it begins. */
const SOONEST = 5 * HALF_HOUR
/** How far ahead orders are taken, in days. */
export const FARTHEST = 59

/** What is offered first. @param {number} now */
function firstStart(now) {
  const next = Math.ceil((now + SOONEST) / HALF_HOUR) * HALF_HOUR
  const clock = clockTime(next)
  // Nobody comes at night: the next morning.
  return clock >= '06:00' && clock <= '20:00' ? next : Date.parse(moment(isoDay(clock > '20:00' ? next + DAY : next), '09:00'))
}

/** The times at which a visit can begin on a day, `14:30` and so on. @param {string} day Such as `2026-12-01`. @param {number} now */
export function startTimes(day, now) {
  const all = clockTimes.filter(time => time >= '06:00' && time < '22:00')
  return day === isoDay(now) ? all.filter(time => !isTooSoon(day, time, now)) : all
}

/** The first day with such a time; late in the evening that is tomorrow. @param {number} now */
export const firstDay = now => startTimes(isoDay(now), now).length ? now : now + DAY

/** @param {string} day @param {string} time @param {number} now */
const isTooSoon = (day, time, now) => !(Date.parse(moment(day, time)) > now + HALF_HOUR)

/** How long a visit can be, in minutes, with words. @param {number} usual */
export const durations = usual => [...new Set([60, 120, 180, 240, 300, 360, 480, 600, 720, 1440, usual])].sort((one, other) => one - other)
  .map(minutes => ({ value: String(minutes), label: minutes === usual ? say(W.durationUsual, { span: span(minutes) }) : span(minutes) }))

/** An amount in yuan, as people type it, as fen: null for none, NaN for what is no amount. @param {string} text */
function fen(text) {
  const typed = plain(text).replace(/\s|,(?=\d{3})/g, '')
  const [, yuan] = /^[¥￥]?(\d{1,6}(?:\.\d{1,2})?)元?$/.exec(typed) || []
  return typed ? Math.round(Number(yuan) * 100) : null
}

/** What it begins with. @param {number} now @param {string} [service] @returns {Filled} */
export function begun(now, service = 'cleaning') {
  const first = firstStart(now)
  return { service, day: isoDay(first), start: clockTime(first), duration: '', address: '', name: '', phone: '', budget: '', notes: '', wishes: [], location: null }
}

/** What it takes over from an earlier order. @param {Contract['Order']} before @returns {Partial<Filled>} */
export function takenOver({ service, duration_min, wishes, address, contact, location, notes }) {
  const visit = { service, duration: String(duration_min), wishes }
  // They are not kept for ever.
  return address && contact && location ? { ...visit, address, ...contact, location, notes: notes || '' } : visit
}

/** Whether somebody came to that order, who can come again. @param {Contract['Order']} before */
export const canPrefer = before => before.status === 'completed' || before.status === 'rated'

/** What is missing or wrong, by pointer. @param {Filled} filled @param {number} now @returns {Record<string, string | false>} */
export const missing = (filled, now) => ({
  '/start_at': isTooSoon(filled.day, filled.start, now) && say(W.tooSoon),
  '/location': !filled.location && say(W.noPlace),
  '/address': !filled.address.trim() && say(controls.required),
  '/contact/name': !filled.name.trim() && say(controls.required),
  '/contact/phone': !isPhone(filled.phone) && say(controls.phoneFault),
  '/budget_fen': Number.isNaN(fen(filled.budget)) && say(W.budgetFault),
})

/** The order. Wishes that only other services have were ticked for those. @param {Filled & { location: Contract['Location'] }} filled @param {Contract['OfferedService']} service @param {string | null} [before] The order whose worker is wished for. */
export const orderOf = (filled, service, before) => ({
  service: service.service, start_at: moment(filled.day, filled.start), duration_min: Number(filled.duration), address: filled.address, location: filled.location,
  contact: { name: filled.name, phone: filled.phone }, notes: filled.notes || null, wishes: filled.wishes.filter(wish => service.tags.some(({ tag }) => tag === wish)),
  budget_fen: fen(filled.budget), prefer: before ? { order_id: before } : null,
})
