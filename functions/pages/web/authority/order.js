// An order as the authority reads it, and why the platform assigned it as it did.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { distance, money, phoneText, visitTime, when } from '../../miniprogram/logic/format.js'
import { timelineReading } from '../../miniprogram/logic/order.js'
import { authority as W, exclusions } from '../../miniprogram/logic/words/authority.js'
import { orderStatuses } from '../../miniprogram/logic/words/contract.js'
import { history as H } from '../../miniprogram/logic/words/history.js'
import { awaited, card, facts, h, listed, say, sayOf, screen, tag } from '../parts.js'
import { whole } from './agency.js'
import { lookFor } from './purpose.js'

/** So many candidates are shown by name. */
const NAMED = 8

export const order = screen((app, { order_id }) => {
  const services = app.load(() => readServices(app.api))
  const read = app.load(() => app.api.call('GET /v1/orders/{order_id}', { path: { order_id } }))
  return { title: () => say(W.order), back: 'lookup', wide: true, view: () => awaited(read, dossier, 8) }

  /** @param {Contract['Order']} it */
  function dossier(it) {
    const { claim, worker } = it
    return [
      card({ title: serviceName(services.value || [], it.service), aside: tag(sayOf(orderStatuses, it.status), ['open', 'unfilled', 'cancelled'].includes(it.status) ? 'warn' : 'good') }, facts([
        [say(W.visit), visitTime(it.start_at, it.duration_min, app.now())],
        [say(W.claim), claim && [h('a', { href: `#/agencies/${claim.agency_id}` }, claim.agency_name), ' ', tag(say(claim.how === 'grab' ? W.grabbed : W.byPlatform))]],
        [say(W.orderWorker), worker?.name && (worker.worker_id ? h('a', { href: `#/workers/${worker.worker_id}`, onclick: () => lookFor(app, worker.worker_id || '', W.purposeOrder) }, worker.name) : worker.name)],
        [say(W.address), it.address],
        [say(W.customer), it.contact && [`${it.contact.name} `, whole(phoneText(it.contact.phone))]],
        [say(W.notes), it.notes],
        [say(W.budget), it.budget_fen !== null && money(it.budget_fen)],
        [say(W.rating), it.rating && [`${it.rating.stars} ★ `, it.rating.comment]],
      ])),
      it.explanation && explained(it.explanation),
      card({ title: say(W.timeline) }, h('ol', { class: 'timeline' }, [...it.timeline].reverse().map(line => h('li', { key: `${line.at} ${line.what}` },
        h('b', null, line.what === 'placed' ? say(W.placed) : line.what === 'rated' ? say(W.rated) : timelineReading(line, it)),
        // What people gave as their reason; the platform's own are for programs.
        line.why && ['cancelled', 'released'].includes(line.what) && line.by !== 'platform' && h('span', null, say(H.reason, { reason: line.why })), h('small', null, when(line.at, app.now())))))),
    ]
  }

  /** @param {NonNullable<Contract['Order']['explanation']>} it */
  function explained({ policy_version: version, weights, winner, radii }) {
    const sum = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
    const part = (/** @type {'stars' | 'credit' | 'completion' | 'distance' | 'load' | 'wishes'} */ name, /** @type {Words} */ words) => ({ name: `${say(words)} ${say(W.weight, { share: Math.round((weights[name] || 0) / sum * 100) })}`, number: true, show: (/** @type {Contract['Candidate']} */ { score }) => of100(score[name] || 0, 1_000) })
    return card({ title: say(W.why), key: 'why' }, h('p', { class: 'say' }, say(W.whyDetail, { version })), radii.map(radius => h('section', { key: radius.radius_m, class: 'block' },
      h('h3', null, say(W.radius, { radius: distance(radius.radius_m) }), ' · ', radius.eligible ? say(W.eligible, { count: radius.eligible }) : say(W.nobody)),
      radius.candidates.length > 0 && h('div', { class: 'scores' }, table([
        { name: say(W.company), show: one => h('span', null, h('a', { href: `#/agencies/${one.agency_id}` }, one.agency_name), one.agency_id === winner && [' ', tag(say(W.winner), 'good')]) },
        { name: say(W.score), number: true, show: one => h('b', null, of100(one.score.total, 1_000_000)) },
        part('stars', W.rating), part('credit', W.partCredit), part('completion', W.partCompletion), part('distance', W.partDistance), part('load', W.partLoad),
        ...(weights.wishes ? [part('wishes', W.partWishes)] : []),
        { name: say(W.cleared), number: true, show: one => say(W.clearedOf, one.workers) },
      ], radius.candidates.slice(0, NAMED), one => one.agency_id, say(W.candidates))),
      radius.candidates.length > NAMED && h('small', null, say(W.moreCandidates, { count: radius.candidates.length - NAMED })),
      Object.keys(radius.exclusions).length > 0 && h('small', null, say(W.excluded, { list: listed(Object.entries(/** @type {Record<string, string[]>} */ (radius.exclusions)).map(([reason, ids]) => say(W.excludedCount, { reason: sayOf(exclusions, reason), count: ids.length }))) })))))
  }
})

/** @param {number} score @param {number} best */
const of100 = (score, best) => (score / best * 100).toFixed(1)

/** A table; on a phone each row is a block, with its columns' names beside the values.
 * @template T @param {{ name: string, show: (item: T) => Child, number?: boolean }[]} columns @param {T[]} items @param {(item: T) => any} key @param {string} caption */
const table = (columns, items, key, caption) =>
  h('table', null, h('caption', { class: 'unseen' }, caption),
    h('thead', null, h('tr', null, columns.map(column => h('th', { scope: 'col', class: column.number ? 'number' : null }, column.name)))),
    h('tbody', null, items.map(item => h('tr', { key: key(item) }, columns.map(column => h('td', { 'data-name': column.name, class: column.number ? 'number' : null }, column.show(item)))))))
