// What an order's page says and offers to its customer, on the web and in the mini-program.

import { serviceName } from './catalogue.js'
import { money, phoneText, span, visitTime, when } from './format.js'
import { asked } from './order.js'
import { listed, named, say, sayOf } from './words.js'
import { complaintAbouts, complaintStatuses } from './words/contract.js'
import { placing as C } from './words/placing.js'
import { visit as W } from './words/visit.js'

/** The names of some of a service's tags, such as of wishes. @param {string[]} tags @param {string} id Of the service. @param {Contract['OfferedService'][]} services */
export function tagNames(tags, id, services) {
  const service = services.find(({ service }) => service === id)
  return service ? service.tags.filter(({ tag }) => tags.includes(tag)).map(({ name }) => named(name)) : []
}

/** What was ordered: names and values. @param {Contract['Order']} order @param {Contract['OfferedService'][]} services @param {number} now @returns {[string, string][]} */
export function details(order, services, now) {
  const { contact, rating } = order
  /** @type {[Words, string | null | false][]} */
  const all = [
    [C.service, serviceName(services, order.service)],
    [W.visit, visitTime(order.start_at, order.duration_min, now)],
    [W.length, span(order.duration_min)],
    [W.at, order.address],
    [W.contactLine, contact && `${contact.name} ${phoneText(contact.phone)}`],
    [W.budgetOf, order.budget_fen !== null && money(order.budget_fen)],
    [C.wishes, listed(tagNames(order.wishes, order.service, services))],
    [C.notes, order.notes],
    [W.yourRating, rating && [say(W.ratingStars, { stars: rating.stars }), rating.comment].filter(Boolean).join(' · ')],
  ]
  return all.flatMap(([name, value]) => value ? [[say(name), value]] : [])
}

/** What is to be known next, below what is going on. @param {Contract['Order']} order @param {number} now */
export function outlook(order, now) {
  switch (order.status) {
    case 'open': return asked(order)
    case 'claimed': return order.claim ? say(W.staffBy, { time: when(order.claim.staff_by, now) }) : ''
    case 'staffed': return say(W.checkFrom, { time: when(checksFrom(order), now) })
    default: return ''
  }
}

/** From when on a badge that matches begins the visit. @param {Contract['Order']} order */
const checksFrom = order => Date.parse(order.start_at) - 2 * 3600000

/** Whether a match has begun the visit: before its time it changes nothing, which has to be said. @param {Contract['Order']} order As it is after the match. @param {number} now */
export const matched = (order, now) => order.status === 'staffed'
  ? { tone: /** @type {const} */ ('warn'), words: say(W.early, { time: when(checksFrom(order), now) }) }
  : { tone: /** @type {const} */ ('good'), words: say(W.begun) }

/** @param {Contract['Order']} order */
export const canCancel = order => ['open', 'claimed', 'staffed'].includes(order.status)

/** Whether an agency had it to the end. @param {Contract['Order']} order */
export const canComplain = order => ['completed', 'rated'].includes(order.status) || (order.status === 'cancelled' && order.claim !== null)

/** A complaint, of which visit it is, and what has come of it. @param {Contract['Complaint']} complaint @param {number} now */
export const complaintReading = ({ complaint_id: id, order_id, about, status, detail, at, answer, decision, agency_name: agency, start_at: start }, now) => ({
  id, order_id, detail, about: sayOf(complaintAbouts, about), status: sayOf(complaintStatuses, status), tone: /** @type {Tone} */ (decision ? 'good' : 'warn'),
  at: when(at, now), visit: /** @type {[string, string][]} */ ([[say(W.agency), agency], [say(W.visit), when(start, now)]]),
  outcome: /** @type {[string, string][]} */ ([[say(W.answer), answer ? answer.text : ''], [say(W.decision), decision ? decision.reason : '']]).filter(([, words]) => words),
})
