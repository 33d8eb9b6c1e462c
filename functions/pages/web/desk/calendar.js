// The visits of a day by worker: beside each other where there is room, one list after the other on a phone.

import { clockTime, DAY, day, isoDay, moment } from '../../miniprogram/logic/format.js'
import { orderStatuses } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { awaited, button, card, empty, h, note, row, rows, say, sayOf, SERVICE_ICONS, tag } from '../parts.js'
import { standing } from './order.js'
import { place } from './reading.js'
import { deskScreen } from './watch.js'

const HOUR = 3_600_000
const WIDTH = 1000
const LINE = 56
const NAMES = 120

export const calendar = deskScreen((app, watch) => {
  const form = formOf(app, { day: isoDay(app.now()) })
  let shown = form.values.day
  const read = () => app.part(() => ({
    visits: app.follow('GET /v1/orders', { query: { day: shown, limit: 100 } }, 15_000),
    free: app.load(async () => {
      if (shown < isoDay(app.now())) return []
      return (await app.api.call('GET /v1/workers', { query: { free_from: moment(shown, '08:00'), free_until: moment(shown, '20:00'), limit: 100 } })).items
    }),
  }))
  let part = read()
  return {
    title: () => say(W.calendar),
    wide: true,
    view: () => {
      const { visits, free } = part.shown
      return [
        h('div', { class: 'buttons calendar-bar' }, button({ label: say(W.before), icon: 'back', onclick: () => step(-1) }), form.text('day', { label: say(W.day), type: 'date', oninput: () => changeTo(form.values.day) }), button({ label: say(W.after), icon: 'next', onclick: () => step(1) }),
          shown !== isoDay(app.now()) && button({ label: say(W.today), kind: 'quiet', onclick: () => changeTo(isoDay(app.now())) })),
        awaited(visits, ({ items, next_cursor }) => {
          const orders = items.filter(order => !order.ended && order.status !== 'cancelled').sort((a, b) => a.start_at.localeCompare(b.start_at))
          const groups = byWorker(orders)
          return [
            orders.length === 0 ? card({}, empty({ icon: 'calendar', title: say(W.noVisits), detail: say(W.noVisitsDetail) })) : [
              card({ key: 'drawn', kind: 'if-wide', title: say(W.calendarOf, { day: day(moment(shown, '12:00'), app.now()) }) }, drawing(groups)),
              groups.map(({ key, name, orders }) => h('section', { key, class: 'block if-phone' }, h('h2', null, name), rows(orders.map(order => row({
                key: order.order_id, href: addressOf(order), icon: SERVICE_ICONS[order.service], title: `${clockTime(order.start_at)}–${clockTime(endOf(order))} ${watch.serviceName(order.service)}`, detail: place(order.area), aside: tag(sayOf(orderStatuses, order.status), standing(order).tone),
              }))))),
            ],
            next_cursor && note('warn', say(W.truncated)),
          ]
        }, 8),
        watch.isApproved() && card({ title: say(W.freeDay) }, awaited(free, people => people.length ? h('div', { class: 'tags' }, people.map(one => h('a', { key: one.worker_id, class: 'tag link', href: `#/workers/${one.worker_id}` }, one.name))) : h('p', { class: 'hint' }, say(W.noFree)), 2)),
      ]
    },
  }

  /** @param {number} days */
  function step(days) {
    changeTo(isoDay(Date.parse(moment(shown, '12:00')) + days * DAY))
  }

  /** @param {string} next */
  function changeTo(next) {
    form.set('day', next)
    if (!/^20\d\d-/.test(next) || next === shown) return
    shown = next
    part.end()
    part = read()
  }

  /** @param {Contract['OrderSummary'][]} orders */
  function byWorker(orders) {
    /** @type {Map<string, Contract['OrderSummary'][]>} */
    const groups = new Map()
    for (const order of orders) {
      const key = order.worker?.worker_id || ''
      groups.set(key, [...(groups.get(key) || []), order])
    }
    // Those without a worker need somebody, so they come first.
    return [...groups].map(([key, orders]) => ({ key, name: orders[0].worker?.name || say(W.unstaffed), orders, isOpen: !orders[0].worker })).sort((a, b) => Number(b.isOpen) - Number(a.isOpen))
  }

  /** A line a worker, with hours from left to right. @param {ReturnType<typeof byWorker>} groups */
  function drawing(groups) {
    const midnight = Date.parse(moment(shown, '00:00'))
    const first = Math.min(7, ...groups.flatMap(({ orders }) => orders.map(order => Math.floor((Date.parse(order.start_at) - midnight) / HOUR))))
    const last = Math.max(20, ...groups.flatMap(({ orders }) => orders.map(order => Math.min(24, Math.ceil((endOf(order) - midnight) / HOUR)))))
    const x = (/** @type {number} */ time) => NAMES + Math.round((Math.min(last, Math.max(first, (time - midnight) / HOUR)) - first) / (last - first) * (WIDTH - NAMES - 4))
    const height = 30 + groups.length * LINE
    const hours = Array.from({ length: last - first + 1 }, (_, number) => first + number)
    return h('svg', { class: 'day', viewBox: `0 0 ${WIDTH} ${height}`, role: 'group', 'aria-label': say(W.calendarOf, { day: day(moment(shown, '12:00'), app.now()) }) },
      hours.map(hour => h('g', { key: hour }, h('path', { class: 'hour', d: `M${x(midnight + hour * HOUR)} 22V${height}` }), hour < last && (hours.length < 16 || (hour - first) % 2 === 0) && h('text', { class: 'hour-name', x: x(midnight + hour * HOUR) + 3, y: 16 }, `${hour}:00`))),
      app.now() > midnight + first * HOUR && app.now() < midnight + last * HOUR && h('path', { class: 'now', d: `M${x(app.now())} 22V${height}` }),
      groups.map(({ key, name, orders, isOpen }, line) => h('g', { key, transform: `translate(0 ${30 + line * LINE})` },
        h('path', { class: 'hour', d: `M0 0H${WIDTH}` }), h('text', { class: isOpen ? 'name open' : 'name', x: 0, y: LINE / 2 + 5 }, name),
        orders.map(order => {
          const [from, to] = [x(Date.parse(order.start_at)), x(endOf(order))]
          const label = `${clockTime(order.start_at)}–${clockTime(endOf(order))} ${watch.serviceName(order.service)}`
          return h('a', { key: order.order_id, href: addressOf(order), class: `visit ${standing(order).tone}` },
            h('rect', { x: from + 1, y: 6, width: Math.max(6, to - from - 2), height: LINE - 12, rx: 6 }), h('title', null, `${name} ${label} ${sayOf(orderStatuses, order.status)} ${place(order.area)}`),
            to - from > 70 && h('text', { x: from + 9, y: LINE / 2 - 4 }, clockTime(order.start_at)), to - from > 70 && h('text', { x: from + 9, y: LINE / 2 + 17 }, watch.serviceName(order.service)))
        }))))
  }
})

/** @param {Contract['OrderSummary']} order */
const endOf = order => Date.parse(order.start_at) + order.duration_min * 60_000

/** @param {Contract['OrderSummary']} order */
const addressOf = order => order.status === 'claimed' ? `#/claims/${order.order_id}` : `#/orders/${order.order_id}`
