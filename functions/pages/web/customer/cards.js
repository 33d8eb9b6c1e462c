// What several of a customer's screens show alike.

import { sectionReading } from '../../miniprogram/logic/record.js'
import { complaintReading } from '../../miniprogram/logic/visit.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { card, facts, h, say, tag } from '../parts.js'

/** Sections of a record, each with its state and who insures. @param {(Contract['PublicSection'] & { insurer?: string | null, policy_number?: string | null })[]} sections */
export const sectionFacts = sections => facts(sections.map(line => {
  const { name, state, tone } = sectionReading(line)
  return [name, [tag(state, tone), line.insurer && h('small', null, ` ${say(W.insurer, { insurer: line.insurer, policy: line.policy_number || '' })}`)]]
}))

/** @param {Contract['Complaint']} complaint @param {number} now @param {boolean} [isListed] Then it leads to the order. */
export function complaintCard(complaint, now, isListed) {
  const { id, order_id, about, status, tone, detail, at, visit, outcome } = complaintReading(complaint, now)
  return card({ key: id, title: `${say(W.complain)} · ${about}` }, h('p', null, tag(status, tone)), h('p', { class: 'words' }, detail), h('small', null, at),
    facts([...isListed ? visit : [], ...outcome]), isListed && h('a', { href: `#/orders/${order_id}` }, say(W.toOrder)))
}
