// When a worker can work: her agency's hours, and leave, of which she enters her own.

import { Problem } from './api.js'
import { DAY, isoDay, moment, timeSpan, when } from './format.js'
import { listed, say, sayOf } from './words.js'
import { weekdays } from './words/contract.js'
import { worker as W } from './words/worker.js'

/** @typedef {{ from: string, until: string }} Span */
/** What she fills in: days and clock times. @typedef {{ from: string, fromTime: string, until: string, untilTime: string }} Filled */

/** The whole of tomorrow's work. @param {number} now @returns {Filled} */
export function tomorrow(now) {
  const day = isoDay(now + DAY)
  return { from: day, fromTime: '08:00', until: day, untilTime: '18:00' }
}

/** Leave that is not over. @param {Contract['Availability']} availability @param {number} now */
export const leaveAhead = ({ leave }, now) => leave.filter(one => Date.parse(one.until) > now)
  .map(({ from, until, by }) => ({ from, until, time: `${when(from, now)} – ${when(until, now)}`, by: say(by === 'worker' ? W.byWorker : W.byAgency), isOwn: by === 'worker' }))

/** The hours of each day of the week; none where she is bound to none. @param {Contract['Availability']} availability @returns {[string, string][]} */
export const weekHours = ({ hours }) => hours === null ? [] : Object.keys(weekdays).map(day => [sayOf(weekdays, day), listed(hours.filter(one => one.day === day).map(one => timeSpan(one.from, one.until))) || say(W.dayOff)])

/** @param {Filled} filled @returns {Span} */
export const spanOf = ({ from, fromTime, until, untilTime }) => ({ from: moment(from, fromTime), until: moment(until, untilTime) })

/** What is wrong with it; nothing else is wrong with days and times that were chosen. @param {Filled} filled @param {number} now */
export function leaveFault(filled, now) {
  const { from, until } = spanOf(filled)
  return !(Date.parse(until) > Math.max(now, Date.parse(from))) && say(W.leaveOrder)
}

/** Takes this into her own leave, or out of it, whatever has been said since it was read.
 * @param {import('./api.js').Client} api @param {Contract['Availability']} read @param {Span} span @param {boolean} isTaken @returns {Promise<Contract['Availability']>} */
export async function changeLeave(api, read, span, isTaken) {
  for (let latest = read; ; latest = await api.call('GET /v1/me/availability')) {
    const others = latest.leave.filter(one => one.by === 'worker' && (Date.parse(one.from) !== Date.parse(span.from) || Date.parse(one.until) !== Date.parse(span.until)))
    const leave = [...others.map(({ from, until }) => ({ from, until })), ...(isTaken ? [span] : [])]
    try {
      return await api.call('PUT /v1/me/availability', { body: { leave, version: latest.version } })
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.slug !== 'changed-since') throw problem
    }
  }
}
