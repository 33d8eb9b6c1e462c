// What is a worker's own: her visits, what is recorded of her, and what she can do about her data and her work.

import { serviceName } from './catalogue.js'
import { day, masked, phoneText, when } from './format.js'
import { aboutName } from './history.js'
import { listed, say, sayOf } from './words.js'
import { badgeStatuses, orderStatuses, sections } from './words/contract.js'
import { CONSENT_VERSION, looks, losses, worker as W } from './words/worker.js'

/** Whether she is still to go there, or is there. @param {Contract['OwnVisit']} visit */
export const isComing = visit => !visit.lost && (visit.status === 'staffed' || visit.status === 'in_service')

/** What has become of a visit. @param {Contract['OwnVisit']} visit */
export function visitEnd({ lost, rating, status }) {
  if (lost) return sayOf(losses, lost)
  if (rating) return say(W.stars, { stars: rating.stars })
  return status === 'completed' ? say(W.unrated) : sayOf(orderStatuses, status)
}

/** Who she is and whom she works for. @param {Contract['OwnRecord']} record @param {Contract['OfferedService'][]} services @param {number} now @returns {[string, string][]} */
export function ownFacts({ worker, employer, badges }, services, now) {
  const [badge] = badges.filter(one => one.agency_id === employer?.agency_id).sort((a, b) => a.issued_at < b.issued_at ? 1 : -1)
  return [
    [say(W.company), employer ? employer.name : say(W.noEmployer)],
    [say(W.phone), worker.phone ? phoneText(worker.phone) : ''],
    [say(W.idNumber), worker.id_number ? masked(worker.id_number) : ''],
    [say(W.skills), listed(worker.skills.map(skill => serviceName(services, skill)))],
    [say(W.rating), worker.stars ? say(W.starsOf, worker.stars) : ''],
    [say(W.badges), badge ? badgeReading(badge, worker.status, now) : ''],
  ]
}

/** @param {Contract['OwnBadge']} badge @param {string} standing Hers: who may not work shows no code. @param {number} now */
function badgeReading(badge, standing, now) {
  if (badge.status !== 'valid') return sayOf(badgeStatuses, badge.status)
  if (standing !== 'approved') return sayOf(badgeStatuses, 'suspended')
  return Date.parse(badge.expires_at) <= now ? sayOf(badgeStatuses, 'expired') : say(W.badgeUntil, { day: day(Date.parse(badge.expires_at) - 1, now) })
}

/** Who looked at her record, how and why. @param {Contract['View']} view @param {number} now */
export function lookReading({ at, how, purpose }, now) {
  // So the API says it when a section was recorded.
  const [, section = ''] = /^recorded (\w+)$/.exec(purpose || '') || []
  const why = section in sections ? say(W.viewRecorded, { section: sayOf(sections, section) }) : purpose && purpose !== 'not stated' ? say(W.viewWhy, { purpose }) : say(W.viewNoWhy)
  return { key: at, title: sayOf(looks, how), why: how === 'authority' ? why : '', at: when(at, now) }
}

/** An objection of hers and what was answered. @param {Contract['Objection']} objection @param {number} now */
export function objectionReading({ objection_id: id, about, text, at, answer }, now) {
  /** @type {Tone} */
  const tone = !answer ? 'warn' : answer.outcome === 'upheld' ? 'good' : 'quiet'
  return { id, about: aboutName(about), text, at: when(at, now), outcome: say(!answer ? W.waitingAnswer : answer.outcome === 'upheld' ? W.upheld : W.dismissed), tone, answer: answer ? answer.reason : '', answeredAt: answer ? when(answer.at, now) : '' }
}

/** Agencies that would employ her, which takes her consent. @param {Contract['OwnRecord']} record */
export const moves = ({ worker, employer, wanted_by: wanted }) => worker.proposals.filter(one => one.agency_id !== employer?.agency_id)
  .map(one => ({ id: one.proposal_id, agency: wanted.find(({ agency_id }) => agency_id === one.agency_id)?.name || say(W.company), isAgreed: one.agreed_at !== null }))

/** Whether she has consented, and when, in words. @param {Contract['OwnRecord']} record @param {number} now */
export function consentReading({ worker: { consent } }, now) {
  const holds = consent !== null && consent.withdrawn_at === null
  return { holds, words: holds ? say(W.consentGiven, { day: day(consent.given_at, now) }) : say(consent ? W.consentWithdrawn : W.consentNone) }
}

/** What she is asked once more before it is done. All of it can be sent again. `ask` has `{agency}`: the one that she leaves or moves to.
 * @typedef {{ ask: Words, details: Words[], yes: Words, done: Words, isHard?: boolean, hasReason?: boolean, act: (api: import('./api.js').Client, given: { reason: string | null, proposal_id: string }) => Promise<unknown> }} Deed */

/** @satisfies {Record<string, Deed>} */
export const deeds = {
  withdraw: { ask: W.withdrawAsk, details: [W.withdrawDetail], yes: W.withdraw, done: W.withdrew, isHard: true, act: api => api.call('POST /v1/me/consent/withdraw', { repeats: true }) },
  give: { ask: W.consent, details: [W.consentText], yes: W.give, done: W.gave, act: api => api.call('POST /v1/me/consent', { body: { text_version: CONSENT_VERSION }, repeats: true }) },
  leave: { ask: W.leaveAgencyAsk, details: [W.leaveAgencyDetail], yes: W.leaveAgencyYes, done: W.left, isHard: true, hasReason: true, act: (api, { reason }) => api.call('POST /v1/me/leave-agency', { body: { reason }, repeats: true }) },
  erase: { ask: W.eraseAsk, details: [W.eraseDetail], yes: W.eraseYes, done: W.eraseBegun, isHard: true, hasReason: true, act: (api, { reason }) => api.call('POST /v1/me/erase', { body: { reason }, repeats: true }) },
  agree: { ask: W.moveTo, details: [W.moveDetail, W.consentText], yes: W.agree, done: W.agreed, act: (api, { proposal_id }) => api.call('POST /v1/me/proposals/{proposal_id}/consent', { path: { proposal_id }, body: { text_version: CONSENT_VERSION }, repeats: true }) },
}
