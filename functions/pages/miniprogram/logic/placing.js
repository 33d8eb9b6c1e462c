// What an order form offers: days, times and lengths; and what it takes for an amount.

import { clockTime, isoDay, moment, span } from './format.js'
import { say } from './words.js'
import { placing as W } from './words/placing.js'

export const DAY = 86400000
const HALF_HOUR = 1800000
/** An order needs some time to find an agency before it begins. */
const SOONEST = 5 * HALF_HOUR
/** How far ahead orders are taken, in days. */
export const FARTHEST = 59

/** What is offered first. @param {number} now */
export function firstStart(now) {
  const next = Math.ceil((now + SOONEST) / HALF_HOUR) * HALF_HOUR
  const clock = clockTime(next)
  // Nobody comes at night: the next morning.
  return clock >= '06:00' && clock <= '20:00' ? next : Date.parse(moment(isoDay(clock > '20:00' ? next + DAY : next), '09:00'))
}

/** The times at which a visit can begin on a day, `14:30` and so on. @param {string} day Such as `2026-12-01`. @param {number} now */
export function startTimes(day, now) {
  const all = Array.from({ length: 32 }, (_, number) => `${String(6 + Math.floor(number / 2)).padStart(2, '0')}:${number % 2 ? '30' : '00'}`)
  return day === isoDay(now) ? all.filter(time => !isTooSoon(day, time, now)) : all
}

/** @param {string} day @param {string} time @param {number} now */
export const isTooSoon = (day, time, now) => !(Date.parse(moment(day, time)) > now + HALF_HOUR)

/** How long a visit can be, in minutes, with words. @param {number} usual */
export const durations = usual => [...new Set([60, 120, 180, 240, 300, 360, 480, 600, 720, 1440, usual])].sort((one, other) => one - other)
  .map(minutes => ({ value: String(minutes), label: minutes === usual ? say(W.durationUsual, { span: span(minutes) }) : span(minutes) }))

/** An amount in yuan as fen: null for none, NaN for what is no amount. @param {string} text */
export const fen = text => text.trim() === '' ? null : /^\d{1,6}(\.\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text) * 100) : NaN
