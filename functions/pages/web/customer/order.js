// One order, from looking for an agency to the rating: what is going on, who comes, and the one thing to do next.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { money, phoneText, span, visitTime, when } from '../../miniprogram/logic/format.js'
import { asked, checksFrom, isLive, reading, timelineReading } from '../../miniprogram/logic/order.js'
import { sectionReading, standingReading } from '../../miniprogram/logic/record.js'
import { named, say } from '../../miniprogram/logic/words.js'
import { placing as C } from '../../miniprogram/logic/words/placing.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { formOf } from '../form.js'
import { icon } from '../icons.js'
import { awaited, button, buttonLink, card, countdown, dialog, facts, stars, tag } from '../parts.js'
import { h } from '../view.js'

/** @typedef {import('contract').Order} Order */

/** @type {import('../app.js').MakeScreen} */
export const order = (app, { order_id }) => {
  const path = { order_id }
  const services = app.load(() => readServices(app.api))
  /** @type {ReturnType<import('../app.js').App['picture']> | null} */
  let photo = null
  const read = app.follow('GET /v1/orders/{order_id}', { path }, order => order?.status === 'open' ? 2_000 : 6_000, now => {
    if (now.worker?.photo && !photo) photo = app.picture(() => app.api.call('GET /v1/orders/{order_id}/worker/photo', { path, raw: true }))
    if (!now.worker) photo = null
  })
  app.every(1_000)
  /** @type {'cancel' | 'complete' | null} */
  let asking = null
  const cancelling = formOf(app, { reason: '' })
  const completing = formOf(app, {})
  const close = () => { asking = null; app.update() }
  /** The list of words of a key, of which there are several between bars. @param {import('../../miniprogram/logic/words.js').Words} words */
  const listed = words => say(words).split('|')

  return { title: () => say(W.order), back: 'orders', view: () => awaited(read, whole, 8) }

  /** @param {Order} order */
  function whole(order) {
    return [lead(order), order.worker && worker(order, order.worker), order.claim && agency(order, order.claim), details(order), timeline(order), less(order),
      asking === 'cancel' && dialog({ title: say(W.cancelAsk), close }, cancelling.around({ label: say(W.cancelOrder), kind: 'danger', send: cancel, check: () => ({ '/reason': !cancelling.values.reason && say(W.cancelWhy) }), aside: button({ label: say(W.keepOrder), kind: 'quiet', onclick: close }) },
        cancelling.choices('reason', { label: say(W.cancelWhy), options: listed(W.cancelWhys).map(words => ({ value: words, label: words })) }))),
      asking === 'complete' && dialog({ title: say(W.completeAsk), close }, completing.around({ label: say(W.complete), send: complete }, h('p', { class: 'say' }, say(W.completeNote)))),
    ]
  }

  /** What is going on, and the main button. @param {Order} order */
  function lead(order) {
    const now = app.now()
    const { title, detail, tone, left } = reading(order, now)
    const to = asked(order)
    const isAtDoor = order.status === 'staffed' || order.status === 'in_service'
    return card({ kind: tone === 'quiet' ? '' : 'lead', key: 'lead' },
      h('div', { role: 'status', class: 'block' }, h('h2', null, title), h('p', { class: 'say' }, detail)),
      left !== null && h('p', { class: 'left' }, countdown(left, say(W.left)), h('small', null, say(W.left))),
      order.status === 'open' && h('p', { class: 'say' }, to ? say(W.asked, to) : say(W.asking)),
      order.status === 'claimed' && order.claim && h('p', { class: 'say' }, say(W.staffBy, { time: when(order.claim.staff_by, now) })),
      isAtDoor && order.status === 'staffed' && h('p', { class: 'say' }, say(W.checkFrom, { time: when(checksFrom(order), now) })),
      order.status === 'staffed' && buttonLink({ label: say(W.checkBadge), href: `#/orders/${order_id}/check`, kind: 'go', icon: 'verified' }),
      order.status === 'in_service' && button({ label: say(W.complete), kind: 'go', icon: 'tick', onclick: () => { asking = 'complete'; app.update() } }),
      order.status === 'completed' && buttonLink({ label: say(W.rate), href: `#/orders/${order_id}/rate`, kind: 'go', icon: 'star' }),
      ['rated', 'cancelled', 'unfilled'].includes(order.status) && buttonLink({ label: say(C.againOrder), href: `#/orders/${order_id}/again`, kind: 'go', icon: 'again' }))
  }

  /** @param {Order} order @param {NonNullable<Order['worker']>} worker */
  function worker(order, worker) {
    const { word, tone } = standingReading(worker.standing)
    const tags = services.value?.find(one => one.service === order.service)?.tags || []
    return card({ title: say(C.worker), aside: tag(word, tone), key: 'worker' },
      h('div', { class: 'person' },
        photo?.value ? h('img', { src: photo.value, alt: say(W.workerPhoto), class: 'face' }) : h('span', { class: 'face' }, icon('person', 'large')),
        h('div', { class: 'block' }, h('b', { class: 'big' }, worker.name), stars(worker.stars, W.agencyStars, h('small', null, say(W.noStars))),
          worker.tags.length > 0 && h('p', { class: 'tags' }, worker.tags.map(one => tag(named(tags.find(({ tag }) => tag === one)?.name || { zh: '', en: '' })))))),
      worker.sections.length > 0 && h('details', null, h('summary', null, say(W.recordOf)), facts(worker.sections.map(line => {
        const { name, state, tone } = sectionReading(line)
        return [name, tag(state, tone)]
      })), h('p', { class: 'hint' }, say(W.asOf, { time: when(worker.as_of, app.now()) }))))
  }

  /** @param {Order} order @param {NonNullable<Order['claim']>} claim */
  function agency(order, claim) {
    return card({ title: say(W.agency), aside: tag(say(claim.how === 'grab' ? W.grabbed : W.assigned)), key: 'agency' },
      h('b', { class: 'big' }, claim.agency_name), stars(claim.stars, W.agencyStars, h('small', null, say(W.noStars))),
      claim.phone && isLive(order) && buttonLink({ label: `${say(W.call)} ${phoneText(claim.phone)}`, href: `tel:${claim.phone}`, icon: 'phone' }))
  }

  /** @param {Order} order */
  function details(order) {
    const tags = services.value?.find(one => one.service === order.service)?.tags || []
    return card({ title: say(W.details), key: 'details' }, facts([
      [say(C.service), serviceName(services.value || [], order.service, named)],
      [say(W.visit), visitTime(order.start_at, order.duration_min, app.now())],
      [say(W.length), span(order.duration_min)],
      [say(W.at), order.address],
      [say(W.contactLine), order.contact && `${order.contact.name} ${phoneText(order.contact.phone)}`],
      [say(C.budget), order.budget_fen !== null && money(order.budget_fen)],
      [say(C.wishes), order.wishes.map(one => named(tags.find(({ tag }) => tag === one)?.name || { zh: '', en: '' })).filter(Boolean).join('、')],
      [say(C.notes), order.notes],
      [say(W.yourRating), order.rating && [say(W.ratingStars, { stars: order.rating.stars }), order.rating.comment && ` · ${order.rating.comment}`]],
    ]))
  }

  /** @param {Order} order */
  function timeline(order) {
    return card({ title: say(W.timeline), key: 'timeline' }, h('ol', { class: 'timeline' }, [...order.timeline].reverse().map(line =>
      h('li', { key: `${line.at} ${line.what}` }, h('b', null, timelineReading(line, order)), h('small', null, when(line.at, app.now()))))))
  }

  /** What else can be done. @param {Order} order */
  function less(order) {
    const canCancel = ['open', 'claimed', 'staffed'].includes(order.status)
    const isOver = ['completed', 'rated'].includes(order.status) || (order.status === 'cancelled' && order.claim)
    return h('div', { class: 'beside', key: 'less' },
      canCancel && button({ label: say(W.cancelOrder), kind: 'quiet', onclick: () => { asking = 'cancel'; app.update() } }),
      order.status === 'in_service' && buttonLink({ label: say(W.checkBadge), href: `#/orders/${order_id}/check`, kind: 'quiet' }),
      order.status === 'completed' && buttonLink({ label: say(C.againOrder), href: `#/orders/${order_id}/again`, kind: 'quiet' }),
      isOver && buttonLink({ label: say(W.complain), href: `#/orders/${order_id}/complain`, kind: 'quiet' }))
  }

  async function cancel() {
    await app.api.call('POST /v1/orders/{order_id}/cancel', { path, body: { reason: cancelling.values.reason }, repeats: true })
    close()
    read.now()
  }

  async function complete() {
    await app.api.call('POST /v1/orders/{order_id}/complete', { path, repeats: true })
    app.go(`orders/${order_id}/rate`)
  }
}
