// What an agency sees that cannot grab: why, and what it can do.

import { say } from '../../miniprogram/logic/words.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { buttonLink, card, note, verdict } from '../parts.js'
import { h } from '../view.js'

/** @param {import('./watch.js').Watch} watch */
export function standing(watch) {
  const { agency } = watch
  if (!agency) return null
  const last = agency.reviews[agency.reviews.length - 1]
  const isOwner = watch.may('agency')
  const reason = last && last.decision !== 'approve' && h('p', null, say(W.rejectedDetail, { reason: last.reason }))
  const actions = isOwner ? [
    agency.status === 'rejected' && buttonLink({ label: say(W.correct), href: '#/more/change', kind: 'go' }),
    buttonLink({ label: say(W.toPapers), href: '#/more/papers', kind: agency.status === 'pending' ? 'go' : 'plain', icon: 'file' }),
    agency.status === 'pending' && buttonLink({ label: say(W.correct), href: '#/more/change' }),
  ] : note('quiet', say(W.ownerOnly))
  switch (agency.status) {
    case 'pending': return [verdict('quiet', say(W.pendingTitle), h('p', null, say(W.pendingDetail))), card({ title: agency.name }, h('div', { class: 'buttons' }, actions))]
    case 'rejected': return [verdict('warn', say(W.rejectedTitle), reason, h('p', null, say(W.rejectedNext))), card({ title: agency.name }, h('div', { class: 'buttons' }, actions))]
    default: return verdict('bad', say(W.suspendedTitle), reason, h('p', null, say(W.suspendedNext)))
  }
}
