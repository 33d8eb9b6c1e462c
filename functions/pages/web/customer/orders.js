// A customer's orders, newest first.

import { readServices } from '../../miniprogram/logic/catalogue.js'
import { rowReading } from '../../miniprogram/logic/order.js'
import { placing as C } from '../../miniprogram/logic/words/placing.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { buttonLink, empty, paged, rows, say, screen } from '../parts.js'
import { orderRow } from './services.js'

export const orders = screen(app => {
  const services = app.load(() => readServices(app.api))
  const list = app.pages(cursor => app.api.call('GET /v1/orders', { query: { limit: 20, cursor } }))
  return {
    title: () => say(C.orders),
    view: () => paged(list, items => rows(items.map(order => orderRow(rowReading(order, services.value || [], app.now())))),
      empty({ title: say(W.noOrders), detail: say(W.noOrdersDetail), action: buttonLink({ label: say(C.orderNow), href: '#/new', kind: 'go' }) })),
  }
})
