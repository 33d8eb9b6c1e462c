// What an agency sees that cannot grab: why, and what it can do.

import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { buttonLink, card, h, note, say, verdict } from '../parts.js'
import { against } from './reading.js'

/** @param {import('./watch.js').Watch} watch */
export function standing(watch) {
  const { agency } = watch
  if (!agency) return null
  const reason = against(agency, words => h('p', null, words))
  const needsPapers = agency.status === 'pending' && !agency.papers.length
  const papers = buttonLink({ label: say(needsPapers ? W.toPapers : W.papers), href: '#/more/papers', kind: needsPapers ? 'go' : 'plain', icon: 'file' })
  const correct = buttonLink({ label: say(W.correct), href: '#/more/change', kind: agency.status === 'rejected' ? 'go' : 'plain' })
  const actions = card({ title: agency.name }, watch.may('agency') ? h('div', { class: 'buttons' }, needsPapers ? [papers, correct] : [correct, papers]) : note('quiet', say(W.ownerOnly)))
  switch (agency.status) {
    case 'pending': return [verdict('quiet', say(W.pendingTitle), h('p', null, say(W.pendingDetail), needsPapers && say(W.pendingPapers))), actions]
    case 'rejected': return [verdict('warn', say(W.rejectedTitle), reason, h('p', null, say(W.rejectedNext))), actions]
    default: return verdict('bad', say(W.suspendedTitle), reason, h('p', null, say(W.suspendedNext)))
  }
}
