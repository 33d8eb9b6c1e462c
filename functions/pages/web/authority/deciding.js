// A decision on what is shown: with the version that was seen, a reason, and for a worker a word on her phone.

import { Problem } from '../../miniprogram/logic/api.js'
import { when } from '../../miniprogram/logic/format.js'
import { say, sayOf } from '../../miniprogram/logic/words.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { decisions } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { button, card, dialog, note } from '../parts.js'
import { h } from '../view.js'
import { shortcuts } from './keys.js'
import { after, nextOf } from './queue.js'

/** @typedef {import('contract').Schemas['Decision']} Decision */
/** @typedef {{ decision: Decision, reason: string, phoneConfirmed: boolean }} Verdict */
/**
 * @typedef {object} Decidable What stands to be decided on.
 * @property {string} name
 * @property {number | null} version
 * @property {Decision[]} can The first is the screen's main button.
 * @property {string | null} [phone] One that is to be confirmed with her.
 * @property {import('../view.js').Child} [warning]
 */

/** @type {Record<Decision, { key: string, ask: import('../../miniprogram/logic/words.js').Words, hint: import('../../miniprogram/logic/words.js').Words }>} */
const ASKED = {
  approve: { key: 'a', ask: W.approveAsk, hint: W.approveHint },
  reject: { key: 'r', ask: W.rejectAsk, hint: W.rejectHint },
  suspend: { key: 's', ask: W.suspendAsk, hint: W.suspendHint },
  reinstate: { key: 'i', ask: W.reinstateAsk, hint: W.reinstateHint },
}

/** What can be decided of who stands so. @param {import('contract').Schemas['StoreStatus']} standing @param {boolean} hasChanges @returns {Decision[]} */
export function possible(standing, hasChanges) {
  if (standing === 'pending') return ['approve', 'reject']
  if (standing === 'rejected') return ['approve']
  if (standing === 'closed') return []
  const work = /** @type {Decision} */ (standing === 'approved' ? 'suspend' : 'reinstate')
  return hasChanges ? ['approve', 'reject', work] : [work]
}

/**
 * @param {import('../app.js').App} app @param {string} href Where this is.
 * @param {{ present: () => Decidable | null, send: (verdict: Verdict) => Promise<any>, again: () => Promise<void> }} how
 */
export function deciding(app, href, { present, send, again }) {
  /** @type {Decision | null} */
  let asked = null
  let hasChanged = false
  /** Another one each time, without the faults of the one before. @param {string} reason */
  const formFor = reason => formOf(app, { reason, phone: /** @type {string[]} */ ([]) })
  let form = formFor('')
  const close = () => { asked = null; app.update() }
  const ask = (/** @type {Decision} */ decision) => {
    asked = decision
    form = formFor(decision === 'approve' ? say(W.reasonGood) : '')
    app.update()
  }
  const decide = async () => {
    if (!asked) return
    const decision = asked
    try {
      await send({ decision, reason: form.values.reason, phoneConfirmed: form.values.phone.length > 0 })
    } catch (problem) {
      if (!(problem instanceof Problem) || !['changed-since', 'store-closed'].includes(problem.slug)) throw problem
      hasChanged = true
      close()
      return again()
    }
    hasChanged = false
    close()
    app.say(say(W.decided, { decision: sayOf(decisions, decision) }))
    const next = after(href)
    if (next !== null) app.go(next, true)
    else await again()
  }
  const keys = shortcuts(app, () => [
    ...(present()?.can || []).map(decision => ({ keys: [ASKED[decision].key], shown: ASKED[decision].key.toUpperCase(), words: W[decision], act: () => ask(decision) })),
    ...(nextOf(href) ? [{ keys: ['n'], shown: 'N', words: W.keyNext, act: () => app.go(nextOf(href) || '', true) }] : []),
    { keys: ['b', 'escape'], shown: 'B', words: W.keyBack, act: () => app.go('') },
  ])
  return () => {
    const it = present()
    return [
      hasChanged && h('div', { role: 'alert', key: 'changed' }, note('warn', say(W.changedSince))),
      card({ title: say(W.decide), kind: 'deciding', key: 'deciding' }, it?.warning,
        it?.can.length ? h('div', { class: 'buttons' }, it.can.map((decision, at) => button({ key: decision, label: say(W[decision]), kind: at === 0 && decision !== 'suspend' ? 'go' : decision === 'approve' || decision === 'reinstate' ? 'plain' : 'danger', onclick: () => ask(decision) })),
          nextOf(href) && button({ label: say(W.nextOne), kind: 'quiet', onclick: () => app.go(nextOf(href) || '', true) })) : h('p', { class: 'say' }, say(W.noDecision)), keys()),
      it && asked && dialog({ title: say(ASKED[asked].ask, { name: it.name }), close },
        form.around({ label: say(W[asked]), kind: asked === 'reject' || asked === 'suspend' ? 'danger' : 'go', send: decide, check: () => ({ '/reason': !form.values.reason.trim() && say(W.reasonHint) }) },
          h('p', { class: 'say' }, say(ASKED[asked].hint, { version: it.version || '' })),
          asked === 'approve' && it.phone && form.choices('phone', { label: say(W.phoneConfirm), pointer: '/phone_confirmed', hint: say(W.phoneHint), several: true, kind: 'tick', optional: true, options: [{ value: 'yes', label: say(W.phoneTick, { phone: it.phone }) }] }),
          form.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 3, maxlength: 500, autofocus: true }))),
    ]
  }
}

/** What was decided before, the last first. @param {import('contract').Schemas['Review'][]} reviews @param {number} now */
export const pastReviews = (reviews, now) => reviews.length > 0 && card({ title: say(W.past) }, h('ul', { class: 'said' }, [...reviews].reverse().map((review, at) => h('li', { key: `${review.at} ${at}` },
  h('div', { class: 'card-head' }, h('b', null, sayOf(decisions, review.decision)), h('small', null, when(review.at, now))), h('p', null, review.reason)))))

/** What is now and what would be, side by side. What does not change is pale. @param {[string, import('../view.js').Child, import('../view.js').Child | null | undefined][]} lines */
export const comparison = lines => h('table', { class: 'comparison' }, h('caption', { class: 'unseen' }, say(W.comparison)),
  h('thead', null, h('tr', null, [W.field, W.before, W.after].map(words => h('th', { scope: 'col', key: words[1] }, say(words))))),
  h('tbody', null, lines.map(([name, before, after]) => {
    const isNew = after !== null && after !== undefined && after !== false
    return h('tr', { key: name, class: isNew ? 'changed' : '' }, h('th', { scope: 'row' }, name), h('td', { 'data-name': say(W.before) }, before), h('td', { 'data-name': say(W.after) }, isNew ? h('ins', null, after) : h('small', null, say(W.same))))
  })))
