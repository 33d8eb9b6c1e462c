// Who is logged in here, and the way out.

import { controls as W } from '../miniprogram/logic/words/controls.js'
import { button, card, say, screen } from './parts.js'

export const account = screen(app => ({
  title: () => say(app.area.name),
  view: () => card({ title: say(W.loggedInAs) }, button({ label: say(W.logOut), icon: 'out', onclick: app.logOut })),
}))
