// A decision on what is shown: with the version that was seen, a reason, and for a worker a word on her phone.

import { Problem } from '../../miniprogram/logic/api.js'
import { when } from '../../miniprogram/logic/format.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { decisions } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { button, card, h, note, say, sayOf } from '../parts.js'
import { shortcuts } from './keys.js'
import { after, nextOf } from './queue.js'

/** @typedef {{ decision: Contract['Decision'], reason: string, phoneConfirmed: boolean }} Verdict */
/**
 * @typedef {object} Decidable What stands to be decided on.
 * @property {string} name
 * @property {number | null} version
 * @property {string | null} [proposal_id]
 * @property {Contract['Decision'][]} can The first is the screen's main button.
 * @property {string | null} [phone] One that is to be confirmed with her.
 * @property {Child} [warning]
 * @property {boolean} [unseen] Something is still to be shown that nobody may approve unseen.
 */

/** @type {Record<Contract['Decision'], { key: string, hint: Words }>} */
const ASKED = {
  approve: { key: 'a', hint: W.approveHint },
  reject: { key: 'r', hint: W.rejectHint },
  suspend: { key: 's', hint: W.suspendHint },
  reinstate: { key: 'i', hint: W.reinstateHint },
}

/** Whether who is logged in decides anything: an auditor only reads. @param {App} app */
export const mayDecide = app => ['supervisor', 'reviewer'].includes(app.api.member()?.role || '')

/** The field for a reason, which those it is about can read. @param {import('../form.js').Form<any>} form @param {number} [maxlength] */
export const reasonField = (form, maxlength = 500) => form.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 3, maxlength, autofocus: true })

/** What can be decided of who stands so. @param {Contract['StoreStatus']} standing @param {boolean} hasChanges @returns {Contract['Decision'][]} */
export function possible(standing, hasChanges) {
  if (standing === 'pending') return ['approve', 'reject']
  if (standing === 'rejected') return ['approve']
  if (standing === 'closed') return []
  const work = /** @type {Contract['Decision']} */ (standing === 'approved' ? 'suspend' : 'reinstate')
  return hasChanges ? ['approve', 'reject', work] : [work]
}

/** @param {App} app @param {string} href Where this is.
 * @param {{ present: () => Decidable | null, send: (verdict: Verdict, seen: Decidable) => Promise<any>, again: () => Promise<void> }} how */
export function deciding(app, href, { present, send, again }) {
  let hasChanged = false
  const can = () => mayDecide(app) && present()?.can || []
  const ask = (/** @type {Contract['Decision']} */ decision) => {
    // Nobody decides on what has come since.
    const seen = present()
    if (seen && !(seen.unseen && decision === 'approve')) app.ask(formOf(app, { reason: decision === 'approve' ? say(W.reasonGood) : '', phone: /** @type {string[]} */ ([]) }), form => ({
      title: say(W.ask, { deed: say(W[decision]), name: seen.name }), label: say(W[decision]), kind: decision === 'reject' || decision === 'suspend' ? 'danger' : 'go',
      fields: [
        h('p', { class: 'say' }, say(ASKED[decision].hint, { version: seen.version || '' })),
        decision === 'approve' && seen.phone && form.choices('phone', { label: say(W.phoneConfirm), pointer: '/phone_confirmed', hint: say(W.phoneHint), several: true, kind: 'tick', optional: true, options: [{ value: 'yes', label: say(W.phoneTick, { phone: seen.phone }) }] }),
        reasonField(form),
      ],
      send: () => decide({ decision, reason: form.values.reason, phoneConfirmed: form.values.phone.length > 0 }, seen),
      past: present()?.version === seen.version && present()?.proposal_id === seen.proposal_id ? null : () => { hasChanged = true },
      done: () => hasChanged ? again() : goOn(app, href, say(W.decided, { decision: sayOf(decisions, decision) }), again),
    }))
  }
  const decide = async (/** @type {Verdict} */ verdict, /** @type {Decidable} */ seen) => {
    try {
      await send(verdict, seen)
      hasChanged = false
    } catch (problem) {
      // A conflict names the standing if somebody else has decided; other conflicts say themselves what is in the way.
      if (!(problem instanceof Problem) || !(['changed-since', 'store-closed'].includes(problem.slug) || problem.body?.standing)) throw problem
      hasChanged = true
    }
  }
  const next = () => { app.go(nextOf(href) || '', true) }
  const keys = shortcuts(app, () => [
    ...can().map(decision => ({ keys: [ASKED[decision].key], shown: ASKED[decision].key.toUpperCase(), words: W[decision], act: () => ask(decision) })),
    ...(nextOf(href) ? [{ keys: ['n'], shown: 'N', words: W.nextOne, act: next }] : []),
    { keys: ['b', 'escape'], shown: 'B', words: W.keyBack, act: () => app.go('') },
  ])
  return () => {
    const line = [
      h('div', { class: 'buttons' }, can().map((decision, at) => button({ key: decision, label: say(W[decision]), kind: decision === 'reject' || decision === 'suspend' ? 'danger' : at === 0 ? 'go' : 'plain', disabled: decision === 'approve' && present()?.unseen, onclick: () => ask(decision) })),
        nextOf(href) && button({ label: say(W.nextOne), kind: 'quiet', onclick: next })),
      keys(),
    ]
    return [
      hasChanged && h('div', { role: 'alert', key: 'changed' }, note('warn', say(W.changedSince))),
      mayDecide(app) ? card({ title: say(W.decide), kind: 'deciding', key: 'deciding' }, present()?.warning, can().length === 0 && h('p', { class: 'say' }, say(W.noDecision)), line) : line,
    ]
  }
}

/** After what was waiting is done: tells so, and shows what comes next, or this again if nobody came here from the list.
 * @param {App} app @param {string} href @param {string} done @param {() => any} again */
export function goOn(app, href, done, again) {
  app.say(done)
  const next = after(href)
  return next === null ? again() : app.go(next, true)
}

/** What was decided before, the last first. @param {Contract['Review'][]} reviews @param {number} now */
export const pastReviews = (reviews, now) => reviews.length > 0 && card({ title: say(W.past) }, h('ul', { class: 'said' }, [...reviews].reverse().map((review, at) => h('li', { key: `${review.at} ${at}` },
  h('div', { class: 'card-head' }, h('b', null, sayOf(decisions, review.decision)), h('small', null, when(review.at, now))), h('p', null, review.reason)))))

/** What is now and what would be, side by side. What does not change is pale. @param {[string, Child, Child | null | undefined][]} lines */
export const comparison = lines => h('table', { class: 'comparison' }, h('caption', { class: 'unseen' }, say(W.comparison)),
  h('thead', null, h('tr', null, [W.field, W.before, W.after].map(words => h('th', { scope: 'col', key: words[1] }, say(words))))),
  h('tbody', null, lines.map(([name, before, after]) => {
    const isNew = after !== null && after !== undefined && after !== false
    return h('tr', { key: name, class: isNew ? 'changed' : '' }, h('th', { scope: 'row' }, name), h('td', { 'data-name': say(W.before) }, before), h('td', { 'data-name': say(W.after) }, isNew ? h('ins', null, after) : h('small', null, say(W.same))))
  })))
