// One order at the desk: what is to be done, who comes, where to, and what has happened.

import { money, phoneText, span, visitTime, when } from '../../miniprogram/logic/format.js'
import { sectionReading, standingReading } from '../../miniprogram/logic/record.js'
import { complaintAbouts, complaintStatuses } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { awaited, button, buttonLink, card, countdown, facts, h, icon, note, row, rows, say, sayOf, stars, tag } from '../parts.js'
import { candidates } from './candidates.js'
import { giveBack, initial, place } from './reading.js'

/** @typedef {keyof typeof W} Word */

/** How an order stands for this agency. @param {Contract['Order'] | Contract['OrderSummary']} order @returns {{ title: string, tone: Tone }} */
export function standing(order) {
  if (order.ended) return { title: say(W[/** @type {Word} */ (`lost_${order.ended.reason}`)]), tone: 'quiet' }
  const tone = order.status === 'claimed' ? 'warn' : order.status === 'staffed' || order.status === 'in_service' ? 'good' : 'quiet'
  return { title: say(W[/** @type {Word} */ (`st_${order.status}`)]), tone }
}

/** @param {App} app @param {Watch} watch @param {Contract['Order']} order */
export function orderFacts(app, watch, order) {
  const isOurs = !order.ended
  return [
    facts([
      [say(W.when), h('b', null, visitTime(order.start_at, order.duration_min, app.now()))],
      [say(W.length), span(order.duration_min)],
      [say(W.price), order.budget_fen === null ? say(W.noBudget) : money(order.budget_fen)],
      [say(W.wishes), order.wishes.length > 0 && h('span', { class: 'tags' }, order.wishes.map(wish => tag(watch.tagName(wish))))],
      [say(W.worker), order.preferred_worker_id && say(W.again)],
      [say(W.around), !order.address && place(order.area)],
      [say(W.address), order.address],
      [say(W.contact), order.contact && `${order.contact.name} ${phoneText(order.contact.phone)}`],
      [say(W.notes), order.notes && h('span', { class: 'words' }, order.notes)],
      [say(W.how), order.claim && say(order.claim.how === 'grab' ? W.howGrab : W.byPlatform)],
    ]),
    !order.address && h('p', { class: 'hint' }, say(isOurs && order.status === 'claimed' ? W.hidden : W.hiddenOver)),
  ]
}

/** @param {App} app @param {Watch} watch @param {string} order_id @param {() => void} changed */
export function orderDetail(app, watch, order_id, changed) {
  /** Who could go, once that is asked. @type {ReturnType<typeof candidates> | null} */
  let people = null
  /** @type {import('../app.js').Resource<Contract['Complaint'][]> | null} */
  let complaints = null
  const read = app.follow('GET /v1/orders/{order_id}', { path: { order_id } }, 5_000)
  const ask = () => {
    people = candidates(app, watch, order_id, () => { people = null; read.now(); changed(); app.update() })
    app.update()
  }
  return () => awaited(read, order => {
    const { title, tone } = standing(order)
    const isOurs = !order.ended
    const canChange = isOurs && order.status === 'staffed' && watch.may('orders')
    if (!complaints && ['completed', 'rated'].includes(order.status)) complaints = app.load(async () => (await app.api.call('GET /v1/complaints', { query: { order_id } })).items)
    return [
      card({ title: watch.serviceName(order.service), aside: tag(title, tone) },
        isOurs && order.status === 'claimed' && order.claim && h('p', { class: 'left' }, countdown(Date.parse(order.claim.staff_by) - app.now(), say(W.staffLeft)), h('small', null, say(W.staffLeft))),
        orderFacts(app, watch, order),
        h('div', { class: 'buttons' },
          isOurs && order.status === 'claimed' && watch.may('orders') && buttonLink({ label: say(W.toStaff), href: `#/claims/${order_id}`, kind: 'go' }),
          order.contact && buttonLink({ label: say(W.call), href: `tel:${order.contact.phone}`, kind: 'plain', icon: 'phone' }),
          canChange && !people && button({ label: say(W.another), icon: 'people', onclick: ask }),
          canChange && button({ label: say(W.release), kind: 'danger', onclick: () => giveBack(app, watch, order_id, () => { read.now(); changed() }) }))),
      people && order.status === 'staffed' && people.view(order),
      order.worker && worker(order.worker),
      order.rating && card({ title: say(W.rating) }, h('p', { class: 'stars' }, icon('star', 'filled'), say(W.ratingStars, { stars: order.rating.stars })), order.rating.comment && h('p', { class: 'words' }, order.rating.comment)),
      complaints?.value?.length ? card({ title: say(W.complaint) }, rows(complaints.value.map(one => row({ key: one.complaint_id, href: `#/complaints/${one.complaint_id}`, title: sayOf(complaintAbouts, one.about), detail: sayOf(complaintStatuses, one.status) })))) : null,
      card({ title: say(W.timeline) }, h('ol', { class: 'timeline' }, [...order.timeline].reverse().map((line, number) => h('li', { key: order.timeline.length - number }, h('b', null, sayLine(line, order)), h('small', null, when(line.at, app.now())))))),
    ]
  }, 10)

  /** @param {NonNullable<Contract['Order']['worker']>} worker */
  function worker(worker) {
    const { word, tone } = standingReading(worker.standing)
    const amiss = tone === 'good' ? [] : worker.sections.map(sectionReading).filter(line => line.tone !== 'good' && line.tone !== 'quiet')
    return card({ title: say(W.whoComes) },
      h('div', { class: 'person' }, initial(worker.name), h('div', { class: 'row-text' }, h('b', null, worker.name), h('span', { class: 'tags' }, tag(word, tone), stars(worker.stars, W.starsOf), worker.tags.map(one => tag(watch.tagName(one)))))),
      amiss.length > 0 && note('warn', amiss.map(line => `${line.name}：${line.state}`).join('，')),
      worker.worker_id && h('div', { class: 'buttons' }, buttonLink({ label: say(W.seeWorker), href: `#/workers/${worker.worker_id}` })))
  }

  /** @param {Contract['TimelineEntry']} line @param {Contract['Order']} order */
  function sayLine(line, order) {
    if (line.what !== 'claimed') return say(W[/** @type {Word} */ (`t_${line.what}`)] || W.t_offered)
    if (line.by === watch.agency_id) return say(W.t_claimed)
    return say(line.by === 'platform' && order.claim?.agency_id === watch.agency_id && line.epoch === order.epoch ? W.t_assigned : W.t_claimedOther)
  }
}
