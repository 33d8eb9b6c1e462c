// The customer's first screen: what can be ordered, and why one can trust who comes.

import { price, readServices } from '../../miniprogram/logic/catalogue.js'
import { span } from '../../miniprogram/logic/format.js'
import { placing as W } from '../../miniprogram/logic/words/placing.js'
import { awaited, buttonLink, card, h, icon, named, promises, row, rows, say, screen, SERVICE_ICONS, tag } from '../parts.js'

export const services = screen(app => {
  const catalogue = app.load(() => readServices(app.api))
  const live = app.load(async () => {
    if (!await app.isIn()) return []
    const { items } = await app.api.call('GET /v1/orders', { query: { limit: 5 } })
    const { isLive, rowReading } = await import('../../miniprogram/logic/order.js')
    const services = await readServices(app.api)
    return items.filter(isLive).map(order => rowReading(order, services, app.now()))
  })
  return {
    title: () => say(W.area),
    view: () => [
      card({ title: say(W.lead), kind: 'lead' }, h('p', { class: 'say' }, say(W.leadDetail)), buttonLink({ label: say(W.orderNow), href: '#/new', kind: 'go' })),
      live.value?.length ? card({ title: say(W.current) }, rows(live.value.map(orderRow))) : null,
      h('section', { class: 'block', 'aria-labelledby': 'choose' }, h('h2', { id: 'choose' }, say(W.services)),
        awaited(catalogue, services => h('ul', { class: 'tiles' }, services.map(service => h('li', { key: service.service },
          h('a', { class: 'tile', href: `#/new/${service.service}` }, icon(SERVICE_ICONS[service.service]), h('b', null, named(service.name)),
            h('small', null, price(service)), h('small', null, say(W.usually, { span: span(service.usual_duration_min) })))))), 6)),
      h('section', { class: 'block', 'aria-labelledby': 'vouches' }, h('h2', { id: 'vouches' }, say(W.vouches)),
        promises(VOUCHES)),
    ],
  }
})

/** @param {ReturnType<typeof import('../../miniprogram/logic/order.js').rowReading>} order */
export const orderRow = ({ id, service, title, time, agency, status, tone }) => row({ key: id, href: `#/orders/${id}`, icon: SERVICE_ICONS[service], title: [title, ' ', tag(status, tone)], detail: [time, agency && [h('br', null), agency]] })

/** @type {[string, Words, Words][]} */
const VOUCHES = [
  ['scales', W.vouchReview, W.vouchReviewDetail],
  ['file', W.vouchRecord, W.vouchRecordDetail],
  ['verified', W.vouchDoor, W.vouchDoorDetail],
  ['home', W.vouchPrivacy, W.vouchPrivacyDetail],
]
