// A customer's orders, newest first.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { when } from '../../miniprogram/logic/format.js'
import { isLive } from '../../miniprogram/logic/order.js'
import { named, say, sayOf } from '../../miniprogram/logic/words.js'
import { orderStatuses } from '../../miniprogram/logic/words/contract.js'
import { placing as C } from '../../miniprogram/logic/words/placing.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { SERVICE_ICONS } from '../icons.js'
import { buttonLink, empty, paged, row, rows, tag } from '../parts.js'

/** @type {import('../app.js').MakeScreen} */
export const orders = app => {
  const services = app.load(() => readServices(app.api))
  const list = app.pages(cursor => app.api.call('GET /v1/orders', { query: { limit: 20, cursor } }))
  return {
    title: () => say(C.orders),
    view: () => paged(list, items => rows(items.map(order => row({
      key: order.order_id,
      href: `#/orders/${order.order_id}`,
      icon: SERVICE_ICONS[order.service],
      title: serviceName(services.value || [], order.service, named),
      detail: [when(order.start_at, app.now()), order.claim?.agency_name].filter(Boolean).join(' · '),
      aside: tag(sayOf(orderStatuses, order.status), order.status === 'open' ? 'warn' : isLive(order) ? 'good' : 'quiet'),
    }))), empty({ title: say(W.noOrders), detail: say(W.noOrdersDetail), action: buttonLink({ label: say(C.orderNow), href: '#/new', kind: 'go' }) })),
  }
}
