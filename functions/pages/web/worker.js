// The worker's pages: where to go, the code for the customer's door, her own record.

import { worker as W } from '../miniprogram/logic/words/worker.js'
import { lazy, start } from './app.js'
import { code } from './worker/code.js'
import { visits } from './worker/visits.js'

start({
  kind: 'worker',
  name: W.area,
  login: lazy(() => import('./login.js').then(file => file.phoneLogin('worker'))),
  screens: {
    '': visits,
    // Not fetched when it is needed, because then there may be no network.
    'code': code,
    'record': lazy(() => import('./worker/record.js').then(file => file.record)),
    'record/views': lazy(() => import('./worker/record.js').then(file => file.views)),
    'record/history': lazy(() => import('./worker/record.js').then(file => file.history)),
    'record/object/:about?': lazy(() => import('./worker/record.js').then(file => file.objecting)),
    'me': lazy(() => import('./worker/me.js').then(file => file.me)),
    'me/leave': lazy(() => import('./worker/leave.js').then(file => file.leave)),
  },
  tabs: [
    { path: '', icon: 'calendar', label: W.visits },
    { path: 'code', icon: 'code', label: W.code },
    { path: 'record', icon: 'shield', label: W.record },
    { path: 'me', icon: 'person', label: W.me },
  ],
})
