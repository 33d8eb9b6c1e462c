// The agency's desk.

import { desk as W } from '../miniprogram/logic/words/desk.js'
import { lazy, start } from './app.js'
import { hall } from './desk/hall.js'
import { counts } from './desk/watch.js'
import { buttonLink, card, say } from './parts.js'

/** The login, with the way to it for agencies that have none. @param {import('./login.js').Login} login @returns {import('./login.js').Login} */
const withRegistration = login => (app, done, hint) => {
  const view = login(app, done, hint)
  return () => [view(), card({}, buttonLink({ label: say(W.registerLink), href: '#/register', kind: 'quiet', icon: 'store' }))]
}

start({
  kind: 'agency',
  name: W.area,
  login: lazy(() => import('./login.js').then(file => withRegistration(file.keyLogin('agency')))),
  open: ['register'],
  screens: {
    '': hall,
    'register': lazy(() => import('./desk/register.js').then(file => file.register)),
    'claims/:order_id?': lazy(() => import('./desk/claims.js').then(file => file.claims)),
    'orders/:order_id?': lazy(() => import('./desk/orders.js').then(file => file.orders)),
    'calendar': lazy(() => import('./desk/calendar.js').then(file => file.calendar)),
    'workers/:worker_id?': lazy(() => import('./desk/workers.js').then(file => file.workers)),
    'stores/:store_id?': lazy(() => import('./desk/stores.js').then(file => file.stores)),
    'customers/:customer_id?': lazy(() => import('./desk/customers.js').then(file => file.customers)),
    'complaints/:complaint_id?': lazy(() => import('./desk/complaints.js').then(file => file.complaints)),
    'more': lazy(() => import('./desk/company.js').then(file => file.company)),
    'more/change': lazy(() => import('./desk/company.js').then(file => file.changing)),
    'more/papers': lazy(() => import('./desk/company.js').then(file => file.papers)),
    'more/members': lazy(() => import('./desk/members.js').then(file => file.members)),
    'more/audit': lazy(() => import('./desk/members.js').then(file => file.audit)),
  },
  tabs: [
    { path: '', icon: 'bell', label: W.grab, count: counts.offers },
    { path: 'claims', icon: 'clock', label: W.claims, count: counts.claims },
    { path: 'orders', icon: 'list', label: W.orders },
    { path: 'calendar', icon: 'calendar', label: W.calendar, wide: true },
    { path: 'workers', icon: 'people', label: W.workers },
    { path: 'stores', icon: 'store', label: W.stores, wide: true },
    { path: 'customers', icon: 'home', label: W.customers, wide: true },
    { path: 'complaints', icon: 'message', label: W.complaints, wide: true },
    { path: 'more', icon: 'shield', label: W.company },
  ],
})
