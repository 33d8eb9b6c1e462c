// Claims that wait for a worker, the most urgent first, and who could go. One tap names her.

import { when } from '../../miniprogram/logic/format.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { awaited, button, buttonLink, card, countdown, empty, h, icon, note, rows, say, SERVICE_ICONS, skeleton } from '../parts.js'
import { candidates } from './candidates.js'
import { orderFacts } from './order.js'
import { giveBack, listScreen, place } from './reading.js'
import { deskScreen } from './watch.js'

export const claims = deskScreen((app, watch, params) => {
  return listScreen(app, params, {
    title: () => say(W.claims),
    list: 'claims', none: W.chooseClaim, detail: (id, app) => one(app, watch, id),
    view: ({ id, pick, beside }) => {
      if (!watch.claims) return skeleton(6)
      if (!watch.claims.length && !id) return card({}, empty({ icon: 'tick', title: say(W.noClaims), detail: say(W.noClaimsDetail), action: buttonLink({ label: say(W.hall), href: '#/', kind: 'go' }) }))
      return beside(rows(watch.claims.map(claim => pick({
        id: claim.order_id, lead: icon(SERVICE_ICONS[claim.service]), title: `${watch.serviceName(claim.service)} · ${when(claim.start_at, app.now())}`, detail: place(claim.area),
        aside: claim.claim && countdown(Date.parse(claim.claim.staff_by) - app.now(), say(W.staffLeft)),
      }))))
    },
  })
})

/** @param {App} app @param {Watch} watch @param {string} order_id */
function one(app, watch, order_id) {
  const order = app.follow('GET /v1/orders/{order_id}', { path: { order_id } }, 10_000)
  const done = () => {
    watch.now()
    app.go(`orders/${order_id}`)
  }
  const people = candidates(app, watch, order_id, done)
  return () => awaited(order, order => [
    card({ title: watch.serviceName(order.service), aside: order.status === 'claimed' && order.claim && countdown(Date.parse(order.claim.staff_by) - app.now(), say(W.staffLeft)) },
      orderFacts(app, watch, order), order.status !== 'claimed' && [note('quiet', say(W.noLonger)), buttonLink({ label: say(W.seeOrder), href: `#/orders/${order_id}` })]),
    order.status === 'claimed' && people.view(order),
    order.status === 'claimed' && watch.may('orders') && h('div', { class: 'buttons' }, button({ label: say(W.release), kind: 'danger', onclick: () => giveBack(app, watch, order_id, () => app.go('claims', true)) })),
  ], 8)
}
