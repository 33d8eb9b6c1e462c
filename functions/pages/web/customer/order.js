// One order, from looking for an agency to the rating: what is going on, who comes, and the one thing to do next.

import { readServices } from '../../miniprogram/logic/catalogue.js'
import { phoneText, when } from '../../miniprogram/logic/format.js'
import { isLive, pictured, reading, timelineReading } from '../../miniprogram/logic/order.js'
import { standingReading } from '../../miniprogram/logic/record.js'
import { canCancel, canComplain, details, outlook, tagNames } from '../../miniprogram/logic/visit.js'
import { placing as C } from '../../miniprogram/logic/words/placing.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { formOf } from '../form.js'
import { awaited, button, buttonLink, card, countdown, facts, h, icon, say, screen, stars, tag } from '../parts.js'
import { complaintCard, sectionFacts } from './cards.js'

export const order = screen((app, { order_id }) => {
  const path = { order_id }
  const services = app.load(() => readServices(app.api))
  /** @type {ReturnType<App['picture']> | null} */
  let photo = null
  /** While one looks on, somebody else may be named. */
  let photoOf = 0
  /** There is one at most. @type {import('../app.js').Resource<{ items: Contract['Complaint'][] }> | null} */
  let complaints = null
  const read = app.follow('GET /v1/orders/{order_id}', { path }, order => order?.status === 'open' ? 2_000 : 6_000, now => {
    const who = pictured(now)
    if (who !== photoOf) photo = who ? app.picture(() => app.api.call('GET /v1/orders/{order_id}/worker/photo', { path, raw: true })) : null
    photoOf = who
    if (canComplain(now) && !complaints) complaints = app.load(() => app.api.call('GET /v1/complaints', { query: { order_id } }))
  })
  app.every(1_000)
  const cancel = () => app.ask(formOf(app, { reason: null }), form => ({
    title: say(W.cancelAsk), label: say(W.cancelOrder), kind: 'danger', keep: say(W.keepOrder),
    fields: form.choices('reason', { label: say(W.cancelWhy), options: say(W.cancelWhys).split('|').map(words => ({ value: words, label: words })) }),
    send: () => app.api.call('POST /v1/orders/{order_id}/cancel', { path, body: /** @type {any} */ (form.values), repeats: true }),
    done: read.now,
  }))
  const complete = () => app.ask(formOf(app, {}), () => ({
    title: say(W.completeAsk), label: say(W.complete), fields: h('p', { class: 'say' }, say(W.completeNote)),
    send: () => app.api.call('POST /v1/orders/{order_id}/complete', { path, repeats: true }),
    done: () => app.go(`orders/${order_id}/rate`),
  }))
  /** @param {Contract['Order']} order @param {NonNullable<Contract['Order']['claim']>} claim */
  const agency = (order, claim) => card({ title: say(W.agency), aside: tag(say(claim.how === 'grab' ? W.grabbed : W.assigned)), key: 'agency' },
    h('b', { class: 'big' }, claim.agency_name), stars(claim.stars, W.agencyStars, h('small', null, say(W.noStars))),
    claim.phone && isLive(order) && buttonLink({ label: `${say(W.call)} ${phoneText(claim.phone)}`, href: `tel:${claim.phone}`, icon: 'phone' }))
  /** @param {Contract['Order']} order */
  const timeline = order => card({ title: say(W.timeline), key: 'timeline' }, h('ol', { class: 'timeline' }, [...order.timeline].reverse().map(line =>
    h('li', { key: `${line.at} ${line.what}` }, h('b', null, timelineReading(line, order)), h('small', null, when(line.at, app.now()))))))
  return { title: () => say(W.order), back: 'orders', view: () => awaited(read, whole, 8) }

  /** @param {Contract['Order']} order */
  function whole(order) {
    const complaint = complaints?.value?.items[0]
    return [lead(order), order.worker && worker(order, order.worker), order.claim && agency(order, order.claim), complaint && complaintCard(complaint, app.now()),
      card({ title: say(W.details), key: 'details' }, facts(details(order, services.value || [], app.now()))), timeline(order), less(order),
    ]
  }

  /** What is going on, and the main button. @param {Contract['Order']} order */
  function lead(order) {
    const now = app.now()
    const { title, detail, tone, left } = reading(order, now)
    const next = outlook(order, now)
    return card({ kind: tone === 'quiet' ? '' : 'lead', key: 'lead' },
      h('div', { role: 'status', class: 'block' }, h('h2', null, title), h('p', { class: 'say' }, detail)),
      left !== null && h('p', { class: 'left' }, countdown(left, say(W.left)), h('small', null, say(W.left))),
      next && h('p', { class: 'say' }, next),
      order.status === 'staffed' && buttonLink({ label: say(W.checkBadge), href: `#/orders/${order_id}/check`, kind: 'go', icon: 'verified' }),
      order.status === 'in_service' && button({ label: say(W.complete), kind: 'go', icon: 'tick', onclick: complete }),
      order.status === 'completed' && buttonLink({ label: say(W.rate), href: `#/orders/${order_id}/rate`, kind: 'go', icon: 'star' }),
      ['rated', 'cancelled', 'unfilled'].includes(order.status) && buttonLink({ label: say(C.againOrder), href: `#/orders/${order_id}/again`, kind: 'go', icon: 'again' }))
  }

  /** @param {Contract['Order']} order @param {NonNullable<Contract['Order']['worker']>} worker */
  function worker(order, worker) {
    const { word, tone } = standingReading(worker.standing)
    return card({ title: say(C.worker), aside: tag(word, tone), key: 'worker' },
      h('div', { class: 'person' },
        photo?.value ? h('img', { src: photo.value, alt: say(W.workerPhoto), class: 'face' }) : h('span', { class: 'face' }, icon('person', 'large')),
        h('div', { class: 'block' }, h('b', { class: 'big' }, worker.name), stars(worker.stars, W.agencyStars, h('small', null, say(W.noStars))),
          worker.tags.length > 0 && h('p', { class: 'tags' }, tagNames(worker.tags, order.service, services.value || []).map(name => tag(name))))),
      worker.sections.length > 0 && h('details', null, h('summary', null, say(W.recordOf)), sectionFacts(worker.sections), h('p', { class: 'hint' }, say(W.asOf, { time: when(worker.as_of, app.now()) }))))
  }

  /** What else can be done. @param {Contract['Order']} order */
  function less(order) {
    return h('div', { class: 'beside', key: 'less' },
      canCancel(order) && button({ label: say(W.cancelOrder), kind: 'quiet', onclick: cancel }),
      order.status === 'in_service' && buttonLink({ label: say(W.checkBadge), href: `#/orders/${order_id}/check`, kind: 'quiet' }),
      order.status === 'completed' && buttonLink({ label: say(C.againOrder), href: `#/orders/${order_id}/again`, kind: 'quiet' }),
      canComplain(order) && complaints && !complaints.busy && !complaints.value?.items.length && buttonLink({ label: say(W.complain), href: `#/orders/${order_id}/complain`, kind: 'quiet' }))
  }
})
