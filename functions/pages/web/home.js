// The home page of the web site, and the page for where nothing is.

import { site as W } from '../miniprogram/logic/words/site.js'
import { start } from './app.js'
import { buttonLink, empty, h, promises, row, rows, say, screen } from './parts.js'

/** @type {[Words, Words][]} */
const STEPS = [[W.step1, W.step1Detail], [W.step2, W.step2Detail], [W.step3, W.step3Detail], [W.step4, W.step4Detail]]
/** @type {[string, string, Words, Words][]} */
const VISITORS = [
  ['/order', 'home', W.forCustomers, W.forCustomersDetail],
  ['/desk', 'store', W.forAgencies, W.forAgenciesDetail],
  ['/worker', 'person', W.forWorkers, W.forWorkersDetail],
  ['/authority', 'scales', W.forAuthority, W.forAuthorityDetail],
]
/** @type {[string, Words, Words][]} */
const REASONS = [['scales', W.trust1, W.trust1Detail], ['file', W.trust2, W.trust2Detail], ['shield', W.trust3, W.trust3Detail]]

const home = screen(() => ({
  title: () => say(W.title),
  wide: true,
  view: () => [
    h('section', { class: 'hero' },
      h('div', null, h('p', { class: 'hero-title' }, say(W.lead)), h('p', { class: 'say' }, say(W.leadDetail)),
        h('div', { class: 'buttons' }, buttonLink({ label: say(W.order), href: '/order#/new', kind: 'go' }), buttonLink({ label: say(W.check), href: '/check', icon: 'code' })),
        h('a', { href: '/desk' }, say(W.agencies))),
      h('ol', { class: 'steps', 'aria-label': say(W.how) }, STEPS.map(([title, detail]) => h('li', { key: title[1] }, h('b', null, say(title)), h('span', null, say(detail)))))),
    h('section', { class: 'block', 'aria-labelledby': 'who' }, h('h2', { id: 'who' }, say(W.who)),
      rows(VISITORS.map(([href, picture, title, detail]) => row({ key: href, href, icon: picture, title: say(title), detail: say(detail) })))),
    h('section', { class: 'block', 'aria-labelledby': 'trust' }, h('h2', { id: 'trust' }, say(W.trust)),
      promises(REASONS)),
  ],
}))

const nothing = screen(() => ({
  title: () => say(W.notFound),
  view: () => empty({ icon: 'search', title: say(W.notFound), detail: say(W.notFoundDetail), action: buttonLink({ label: say(W.toHome), href: '/', kind: 'plain' }) }),
}))

start({ kind: 'customer', name: W.title, open: ['*'], screens: { '': location.pathname === '/' ? home : nothing } })
