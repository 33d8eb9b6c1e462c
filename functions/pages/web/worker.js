// The worker's pages.

import { lazy, start } from './app.js'
import { account } from './account.js'

start({
  kind: 'worker',
  name: ['服务员', 'Worker'],
  login: lazy(() => import('./login.js').then(file => file.phoneLogin('worker'))),
  screens: { '': account },
})
