// The authority's desk.

import { lazy, start } from './app.js'
import { account } from './account.js'

start({
  kind: 'authority',
  name: ['主管部门工作台', 'Authority desk'],
  login: lazy(() => import('./login.js').then(file => file.keyLogin('authority'))),
  screens: { '': account },
})
