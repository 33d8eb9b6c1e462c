// The customer's area: ordering, following an order, the badge check at the door.

import { placing as W } from '../miniprogram/logic/words/placing.js'
import { lazy, start } from './app.js'
import { placing } from './customer/placing.js'
import { services } from './customer/services.js'

start({
  kind: 'customer',
  name: W.area,
  login: lazy(() => import('./login.js').then(file => file.phoneLogin('customer'))),
  enter: async app => { if (location.search) await (await import('./wechat.js')).comeBack(app) },
  open: ['', 'new/:service?'],
  screens: {
    '': services,
    'new/:service?': placing,
    'orders': lazy(() => import('./customer/orders.js').then(file => file.orders)),
    'orders/:order_id': lazy(() => import('./customer/order.js').then(file => file.order)),
    'orders/:order_id/check': lazy(() => import('./customer/check.js').then(file => file.check)),
    'orders/:order_id/rate': lazy(() => import('./customer/after.js').then(file => file.rating)),
    'orders/:order_id/complain': lazy(() => import('./customer/after.js').then(file => file.complaining)),
    'orders/:order_id/again': placing,
    'me': lazy(() => import('./customer/me.js').then(file => file.me)),
    'me/complaints': lazy(() => import('./customer/me.js').then(file => file.complaints)),
  },
  tabs: [
    { path: '', icon: 'home', label: W.home },
    { path: 'orders', icon: 'list', label: W.orders },
    { path: 'me', icon: 'person', label: W.me },
  ],
})
