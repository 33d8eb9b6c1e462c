// The customer's first screen: what can be ordered, and why one can trust who comes.

import { price, readServices } from '../../miniprogram/logic/catalogue.js'
import { span, when } from '../../miniprogram/logic/format.js'
import { named, say } from '../../miniprogram/logic/words.js'
import { placing as W } from '../../miniprogram/logic/words/placing.js'
import { icon, SERVICE_ICONS } from '../icons.js'
import { awaited, buttonLink, card, row, rows, tag } from '../parts.js'
import { h } from '../view.js'

/** @type {import('../app.js').MakeScreen} */
export const services = app => {
  const catalogue = app.load(() => readServices(app.api))
  const live = app.load(async () => {
    if (!await app.isIn()) return []
    const { items } = await app.api.call('GET /v1/orders', { query: { limit: 5 } })
    const { orderStatuses } = await import('../../miniprogram/logic/words/contract.js')
    return items.filter(order => ['open', 'claimed', 'staffed', 'in_service'].includes(order.status)).map(order => ({ order, words: orderStatuses[order.status] }))
  })
  return {
    title: () => say(W.area),
    view: () => [
      card({ title: say(W.lead), kind: 'lead' }, h('p', { class: 'say' }, say(W.leadDetail)), buttonLink({ label: say(W.orderNow), href: '#/new', kind: 'go' })),
      live.value?.length ? card({ title: say(W.current) }, rows(live.value.map(({ order, words }) => row({
        key: order.order_id, href: `#/orders/${order.order_id}`, icon: SERVICE_ICONS[order.service],
        title: when(order.start_at, app.now()), detail: order.claim?.agency_name, aside: tag(say(words), order.status === 'open' ? 'warn' : 'good'),
      })))) : null,
      h('section', { class: 'block', 'aria-labelledby': 'choose' }, h('h2', { id: 'choose' }, say(W.services)),
        awaited(catalogue, services => h('ul', { class: 'tiles' }, services.map(service => h('li', { key: service.service },
          h('a', { class: 'tile', href: `#/new/${service.service}` }, icon(SERVICE_ICONS[service.service]), h('b', null, named(service.name)),
            h('small', null, say(W.usually, { price: price(service), span: span(service.usual_duration_min) })))))), 6)),
      h('section', { class: 'block', 'aria-labelledby': 'vouches' }, h('h2', { id: 'vouches' }, say(W.vouches)),
        h('ul', { class: 'promises' }, VOUCHES.map(([name, title, detail]) => h('li', { key: name }, icon(name), h('div', null, h('h3', null, say(title)), h('p', { class: 'say' }, say(detail))))))),
    ],
  }
}

/** @type {[string, import('../../miniprogram/logic/words.js').Words, import('../../miniprogram/logic/words.js').Words][]} */
const VOUCHES = [
  ['scales', W.vouchReview, W.vouchReviewDetail],
  ['file', W.vouchRecord, W.vouchRecordDetail],
  ['verified', W.vouchDoor, W.vouchDoorDetail],
  ['home', W.vouchPrivacy, W.vouchPrivacyDetail],
]
