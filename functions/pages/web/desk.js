// The agency's desk.

import { lazy, start } from './app.js'
import { account } from './account.js'

start({
  kind: 'agency',
  name: ['家政公司工作台', 'Agency desk'],
  login: lazy(() => import('./login.js').then(file => file.keyLogin('agency'))),
  screens: { '': account },
})
