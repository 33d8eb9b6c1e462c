// An agency's orders: those it has, and those it had, by how they stand, day, store and worker.

import { DAY, isoDay, when } from '../../miniprogram/logic/format.js'
import { orderStatuses } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { isWide } from '../app.js'
import { formOf } from '../form.js'
import { button, buttonLink, empty, h, icon, paged, rows, say, sayOf, SERVICE_ICONS, switcher, tag } from '../parts.js'
import { orderDetail, standing } from './order.js'
import { listScreen } from './reading.js'
import { deskScreen } from './watch.js'

const PAGE = 30
const FRESH = 15_000
const STATUSES = /** @type {const} */ (['claimed', 'staffed', 'in_service', 'completed', 'rated', 'cancelled', 'lost'])
/** @typedef {typeof STATUSES[number]} Status */

export const orders = deskScreen((app, watch, params) => {
  /** @type {Status | ''} */
  let status = ''
  let isFiltering = false
  const filter = formOf(app, { day: '', store_id: '', worker_id: '' })
  /** How many there are of each status, whatever status is shown. @type {Contract['OrderCounts'] | null} */
  let counts = null
  const query = () => ({ day: filter.values.day || null, store_id: filter.values.store_id || null, worker_id: filter.values.worker_id || null })
  const list = app.pages(async cursor => {
    const page = await app.api.call('GET /v1/orders', { query: { ...query(), status: status || null, limit: PAGE, cursor, counts: cursor ? null : true } })
    if (page.counts) counts = page.counts
    return page
  })
  /** For the filter, once it is opened. @type {import('../app.js').Resource<Contract['WorkerSummary'][]> | null} */
  let people = null
  // What is done elsewhere shows here too, unless somebody has read on.
  app.every(FRESH, () => { if (list.value && list.value.length <= PAGE && !list.busy) list.again() })
  /** What the list was asked with. */
  let asked = JSON.stringify(query())
  const nothing = () => status || Object.values(filter.values).some(Boolean) ? empty({ icon: 'search', title: say(W.noMatches), detail: say(W.noMatchesDetail) })
    : empty({ title: say(W.noOrders), detail: say(W.noOrdersDetail), action: buttonLink({ label: say(W.hall), href: '#/', kind: 'go' }) })
  return listScreen(app, params, {
    title: id => say(id && !isWide() ? W.order : W.orders),
    list: 'orders', none: W.chooseOrder, detail: (id, app) => orderDetail(app, watch, id, list.again),
    view: ({ pick, beside }) => {
      if (asked !== JSON.stringify(query())) again()
      return beside([filters(), paged(list, items => rows(items.map(order => pick(one(order)))), nothing())])
    },
  })

  function again() {
    asked = JSON.stringify(query())
    list.anew()
  }

  function open() {
    isFiltering = !isFiltering
    people = people || app.load(async () => (await app.api.call('GET /v1/workers', { query: { limit: 100 } })).items)
    app.update()
  }

  function filters() {
    const total = counts && STATUSES.reduce((sum, status) => sum + (counts?.[status] || 0), 0)
    const isFiltered = Object.values(filter.values).some(Boolean)
    return h('div', { class: 'filters' },
      switcher(say(W.orders), [{ id: '', label: say(W.all), count: total }, ...STATUSES.map(id => ({ id, label: sayOf(orderStatuses, id), count: counts?.[id] }))], status, id => {
        status = /** @type {Status | ''} */ (id)
        again()
      }),
      h('div', { class: 'buttons' },
        switcher(say(W.day), [{ id: isoDay(app.now()), label: say(W.today) }, { id: isoDay(app.now() + DAY), label: say(W.tomorrow) }], filter.values.day, day => filter.set('day', filter.values.day === day ? '' : day)),
        button({ label: say(W.filter), kind: 'quiet', icon: isFiltering ? 'up' : 'down', onclick: open }),
        isFiltered && button({ label: say(W.filterClear), kind: 'quiet', onclick: () => { Object.assign(filter.values, { day: '', store_id: '', worker_id: '' }); app.update() } })),
      isFiltering && h('div', { class: 'pair' },
        filter.text('day', { label: say(W.day), type: 'date', optional: true }),
        filter.select('store_id', { label: say(W.store), optional: true, options: [{ value: '', label: say(W.anyStore) }, ...(watch.agency?.stores || []).map(store => ({ value: store.store_id, label: store.name }))] }),
        filter.select('worker_id', { label: say(W.worker), optional: true, options: [{ value: '', label: say(W.anyWorker) }, ...(people?.value || []).filter(one => one.name).map(one => ({ value: one.worker_id, label: one.name || '' }))] })),
      counts && !counts.exact && h('p', { class: 'hint' }, say(W.countsInexact)))
  }

  /** @param {Contract['OrderSummary']} order */
  function one(order) {
    const { title, tone } = standing(order)
    return {
      id: order.order_id, lead: icon(SERVICE_ICONS[order.service]),
      title: `${when(order.start_at, app.now())} · ${watch.serviceName(order.service)}`,
      detail: [order.ended ? title : order.worker?.name, watch.storeName(order.store_id)].filter(Boolean).join(' · '),
      aside: tag(sayOf(orderStatuses, order.ended ? 'lost' : order.status), tone),
    }
  }
})
