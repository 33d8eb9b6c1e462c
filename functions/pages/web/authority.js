// The authority's desk.

import { authority as W } from '../miniprogram/logic/words/authority.js'
import { lazy, start } from './app.js'
import { queue } from './authority/queue.js'

start({
  kind: 'authority',
  name: W.area,
  login: lazy(() => import('./login.js').then(file => file.keyLogin('authority'))),
  screens: {
    '': queue,
    'agencies/:agency_id': lazy(() => import('./authority/agency.js').then(file => file.agency)),
    'agencies/:agency_id/stores/:store_id': lazy(() => import('./authority/agency.js').then(file => file.store)),
    'workers/:worker_id': lazy(() => import('./authority/worker.js').then(file => file.worker)),
    'workers/:worker_id/trace': lazy(() => import('./authority/worker.js').then(file => file.trace)),
    'workers/:worker_id/:part/:id': lazy(() => import('./authority/worker.js').then(file => file.worker)),
    'orders/:order_id': lazy(() => import('./authority/order.js').then(file => file.order)),
    'complaints': lazy(() => import('./authority/complaints.js').then(file => file.complaints)),
    'lookup': lazy(() => import('./authority/lookup.js').then(file => file.lookup)),
    'feeds': lazy(() => import('./authority/feeds.js').then(file => file.feeds)),
    'feeds/:source/:batch_id': lazy(() => import('./authority/feeds.js').then(file => file.feed)),
    'log': lazy(() => import('./authority/log.js').then(file => file.log)),
    'team': lazy(() => import('./authority/team.js').then(file => file.team)),
    'team/audit': lazy(() => import('./authority/team.js').then(file => file.audit)),
  },
  tabs: [
    { path: '', icon: 'list', label: W.queue },
    { path: 'complaints', icon: 'message', label: W.complaints },
    { path: 'lookup', icon: 'search', label: W.lookup },
    { path: 'log', icon: 'file', label: W.logTab },
    { path: 'team', icon: 'people', label: W.members },
  ],
})
