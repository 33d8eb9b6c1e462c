// A worker's visits: where to go today and later, and how those of before went.

import { cell, centre } from '../../miniprogram/logic/area.js'
import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { nearest } from '../../miniprogram/logic/city.js'
import { isoDay, phoneText, span, visitTime } from '../../miniprogram/logic/format.js'
import { isComing, visitEnd } from '../../miniprogram/logic/own.js'
import { orderStatuses } from '../../miniprogram/logic/words/contract.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { stillMap } from '../map.js'
import { button, buttonLink, card, empty, facts, h, icon, named, paged, say, sayOf, screen, SERVICE_ICONS, switcher, tag } from '../parts.js'
import { copy } from '../tools.js'

export const visits = screen(app => {
  let shown = 'coming'
  const services = app.load(() => readServices(app.api))
  const list = app.pages(cursor => app.api.call('GET /v1/me/visits', { query: { limit: 50, cursor } }))
  app.every(60_000)
  // What is new of today is seen by who leaves this open.
  app.every(120_000, list.again)
  const nothing = () => shown === 'past' ? empty({ icon: 'calendar', title: say(W.nonePast), detail: say(W.nonePastDetail) }) : empty({ icon: 'calendar', title: say(W.none), detail: say(W.noneDetail) })
  /** On its day, when the code is wanted. @param {Contract['OwnVisit']} visit */
  const isSoon = visit => visit.status === 'in_service' || isoDay(visit.start_at) === isoDay(app.now())
  const atDoor = () => card({ title: say(W.atDoor), kind: 'lead', key: 'door' }, h('p', { class: 'say' }, say(W.atDoorDetail)), buttonLink({ label: say(W.showCode), href: '#/code', kind: 'go', icon: 'code' }))
  return { title: () => say(W.visits), view }

  function view() {
    return [
      switcher(say(W.which), [{ id: 'coming', label: say(W.coming) }, { id: 'past', label: say(W.past) }], shown, id => { shown = id; app.update() }),
      paged(list, items => {
        const coming = items.filter(isComing).reverse()
        if (shown === 'past') return pastOnes(items.filter(visit => !isComing(visit)))
        return coming.length === 0 ? nothing() : [isSoon(coming[0]) && atDoor(), coming.map((visit, at) => ahead(visit, at === 0))]
      }, nothing()),
    ]
  }

  /** @param {Contract['OwnVisit']} visit @param {boolean} isFirst */
  function ahead(visit, isFirst) {
    const { home } = visit
    return card({ key: visit.order_id, title: visitTime(visit.start_at, visit.duration_min, app.now()), aside: tag(sayOf(orderStatuses, visit.status), 'good') },
      h('p', { class: 'service' }, icon(SERVICE_ICONS[visit.service]), serviceName(services.value || [], visit.service), ' · ', span(visit.duration_min)),
      home ? [
        facts([[say(W.address), home.address], [say(W.customer), home.contact.name], [say(W.notes), home.notes], [say(W.company), visit.agency]]),
        h('div', { class: 'buttons' }, buttonLink({ label: `${say(W.call)} ${phoneText(home.contact.phone)}`, href: `tel:${home.contact.phone}`, icon: 'phone' }), button({ label: say(W.copy), icon: 'file', onclick: () => copy(app, home.address, W.copied, W.notCopied) })),
        h('details', { open: isFirst }, h('summary', null, say(W.where)), way(home.place)),
      ] : [h('p', { class: 'say' }, say(W.noHome)), facts([[say(W.company), visit.agency]]), way(centre(cell(visit.area)))])
  }

  /** @param {Contract['OwnVisit'][]} visits */
  function pastOnes(visits) {
    if (visits.length === 0) return list.hasMore ? null : nothing()
    return h('ul', { class: 'rows' }, visits.map(visit => h('li', { key: visit.order_id, class: 'row' }, icon(SERVICE_ICONS[visit.service]),
      h('span', { class: 'row-text' }, h('b', null, visitTime(visit.start_at, visit.duration_min, app.now())),
        h('small', null, [serviceName(services.value || [], visit.service), visit.agency].filter(Boolean).join(' · ')),
        visit.rating?.comment && h('q', null, visit.rating.comment),
        h('span', { class: 'tags' }, visit.rating && !visit.lost ? h('span', { class: 'stars' }, icon('star', 'filled'), visitEnd(visit)) : tag(visitEnd(visit)))))))
  }
})

/** Where a home is, among places that everybody knows. @param {{ lat: number, lon: number }} place */
function way(place) {
  const near = nearest(place)
  return h('div', { class: 'block' }, h('p', { class: 'say' }, say(W.near, { near: named(near.name) })), stillMap([{ place, kind: 'pin' }], [near], say(W.mapLabel)))
}
