// Placing an order. It can be filled in by whoever comes; a login is asked for when it is sent.

import { price, readServices } from '../../miniprogram/logic/catalogue.js'
import { clockTime, day, distance, isoDay, moment, span } from '../../miniprogram/logic/format.js'
import { named, say } from '../../miniprogram/logic/words.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { placing as W } from '../../miniprogram/logic/words/placing.js'
import { formOf, isPhone } from '../form.js'
import { icon, SERVICE_ICONS } from '../icons.js'
import { awaited, button, card, note } from '../parts.js'
import { h } from '../view.js'

const DAY = 86_400_000
const HALF_HOUR = 1_800_000
/** An order needs some time to find an agency before it begins. */
const SOONEST = 2 * 3_600_000

/** @type {import('../app.js').MakeScreen} */
export const placing = (app, params) => {
  const catalogue = app.load(() => readServices(app.api))
  const first = nextHalfHour(app.now() + SOONEST + HALF_HOUR)
  const form = formOf(app, {
    service: params.service || 'cleaning', day: isoDay(first), otherDay: '', start: clockTime(first), duration: '', address: '', name: '', phone: '',
    wishes: /** @type {string[]} */ ([]), budget: '', notes: '', prefer: /** @type {string[]} */ ([]),
    location: /** @type {import('contract').Location | null} */ (null),
  })
  /** Whether somebody came to the order before, who can come again. */
  let canPrefer = false
  /** What is said of the place. */
  let placed = ''
  /** @type {'idle' | 'locating' | 'refused' | 'failed'} */
  let locating = 'idle'
  /** The map, once it is wanted. @type {(() => import('../view.js').Child) | null} */
  let map = null
  if (params.order_id) app.load(() => fillIn(params.order_id))

  const values = form.values
  const chosenDay = () => values.day === 'other' ? values.otherDay : values.day
  const startAt = () => moment(chosenDay(), values.start)
  return {
    title: () => say(params.order_id ? W.againOrder : W.newOrder),
    back: params.order_id ? `orders/${params.order_id}` : '',
    view: () => awaited(catalogue, services => whole(services, services.find(one => one.service === values.service) || services[0]), 8),
  }

  /** @param {import('contract').OfferedService[]} services @param {import('contract').OfferedService} service */
  function whole(services, service) {
    values.duration = values.duration || String(service.usual_duration_min)
    return form.around({ label: say(W.placeOrder), send: place, check, aside: h('p', { class: 'hint' }, say(W.placeOrderNote)) },
      card({ title: say(W.what) },
        form.choices('service', { label: say(W.service), kind: 'bare', options: services.map(one => ({ value: one.service, label: named(one.name), icon: SERVICE_ICONS[one.service] })), chosen: () => { values.wishes = []; values.duration = '' } })),
      card({ title: say(W.time) },
        form.choices('day', { label: say(W.day), pointer: '/start_at', kind: 'days', options: [...days(), { value: 'other', label: say(W.otherDay) }] }),
        values.day === 'other' && form.text('otherDay', { label: say(W.date), pointer: '/other_day', type: 'date', min: isoDay(app.now()), max: isoDay(app.now() + 59 * DAY) }),
        h('div', { class: 'pair' },
          form.select('start', { label: say(W.startTime), pointer: '/start', options: times() }),
          form.select('duration', { label: say(W.duration), pointer: '/duration_min', options: durations(service.usual_duration_min) }))),
      card({ title: say(W.where) }, location(),
        form.text('address', { label: say(W.address), hint: say(W.addressHint), autocomplete: 'street-address', maxlength: 200 })),
      card({ title: say(W.contact) },
        h('div', { class: 'pair' },
          form.text('name', { label: say(W.name), pointer: '/contact/name', hint: say(W.nameHint), autocomplete: 'name', maxlength: 50 }),
          form.text('phone', { label: say(controls.phone), pointer: '/contact/phone', hint: say(controls.phoneHint), type: 'tel', inputmode: 'tel', autocomplete: 'tel-national', maxlength: 20 }))),
      card({ title: say(W.wishes) },
        canPrefer && form.choices('prefer', { label: say(W.worker), several: true, kind: 'bare', options: [{ value: 'yes', label: say(W.prefer) }], optional: true }),
        form.choices('wishes', { label: say(W.wishes), hint: say(W.wishesHint), several: true, kind: 'bare', optional: true, options: service.tags.map(tag => ({ value: tag.tag, label: named(tag.name) })) }),
        form.text('budget', { label: say(W.budget), pointer: '/budget_fen', hint: say(W.budgetHint, { price: price(service) }), inputmode: 'decimal', optional: true, maxlength: 9 }),
        form.text('notes', { label: say(W.notes), hint: say(W.notesHint), rows: 2, optional: true, maxlength: 500 })))
  }

  function location() {
    const fault = form.faultOf('/location')
    const isSet = values.location !== null && !map
    return h('div', { class: 'field', key: 'location' }, h('span', { class: 'label' }, say(W.location)), h('p', { class: 'hint' }, say(W.locationHint)),
      isSet && note('good', placed),
      locating === 'refused' ? note('warn', say(W.placeRefused)) : locating === 'failed' && note('warn', say(W.placeFailed)),
      map ? map() : h('div', { class: 'buttons' },
        button({ label: say(locating === 'locating' ? W.locating : W.here), icon: 'aim', disabled: locating === 'locating', onclick: locate }),
        button({ label: say(isSet ? W.changePlace : W.onMap), icon: 'place', onclick: openMap })),
      fault && h('p', { class: 'fault', role: 'alert' }, icon('warning'), fault))
  }

  function locate() {
    locating = 'locating'
    app.update()
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      // Browsers give WGS-84, WeChat's too; only its own JS interface has GCJ-02.
      take({ lat: coords.latitude, lon: coords.longitude, datum: 'wgs84' }, say(W.placeHere, { metres: distance(Math.max(10, Math.round(coords.accuracy / 10) * 10)) }))
    }, failure => {
      locating = failure.code === failure.PERMISSION_DENIED ? 'refused' : 'failed'
      openMap()
    }, { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 })
  }

  async function openMap() {
    try {
      const { placeMap } = await import('./map.js')
      map = placeMap(app, values.location, (location, near) => take(location, say(W.placeSet, { near })))
    } catch {
      locating = 'failed'
    }
    app.update()
  }

  /** @param {import('contract').Location} location @param {string} words */
  function take(location, words) {
    locating = 'idle'
    map = null
    placed = words
    form.set('location', location)
  }

  function check() {
    const { budget } = values
    return {
      '/start_at': (values.day !== 'other' || values.otherDay) && Date.parse(startAt()) < app.now() + HALF_HOUR && say(W.tooSoon),
      '/other_day': values.day === 'other' && !values.otherDay && say(controls.choose),
      '/location': !values.location && say(W.noPlace),
      '/address': !values.address.trim() && say(controls.required),
      '/contact/name': !values.name.trim() && say(controls.required),
      '/contact/phone': !isPhone(values.phone) && say(controls.phoneHint),
      '/budget_fen': budget.trim() !== '' && !/^\d{1,6}(\.\d{1,2})?$/.test(budget.trim()) && say(W.budgetFault),
    }
  }

  async function place() {
    if (!values.location || !await app.logIn({ phone: values.phone })) return
    const order = await app.api.call('POST /v1/orders', { intent: 'order', body: {
      service: /** @type {import('contract').Service} */ (values.service), start_at: startAt(), duration_min: Number(values.duration), address: values.address, location: values.location,
      contact: { name: values.name, phone: values.phone }, notes: values.notes || null, wishes: values.wishes,
      budget_fen: values.budget.trim() ? Math.round(Number(values.budget) * 100) : null,
      prefer: values.prefer.length ? { order_id: params.order_id } : null,
    } })
    app.say(say(W.placed))
    app.go(`orders/${order.order_id}`, true)
  }

  /** Takes over what an earlier order had. @param {string} id */
  async function fillIn(id) {
    const before = await app.api.call('GET /v1/orders/{order_id}', { path: { order_id: id } })
    canPrefer = before.status === 'completed' || before.status === 'rated'
    Object.assign(values, { service: before.service, duration: String(before.duration_min), wishes: before.wishes, prefer: canPrefer ? ['yes'] : [] })
    if (before.address && before.contact && before.location) {
      Object.assign(values, { address: before.address, name: before.contact.name, phone: before.contact.phone, location: before.location, notes: before.notes || '' })
      placed = say(W.placeSet, { near: before.address })
    }
    return before
  }

  function days() {
    return [0, 1, 2, 3, 4].map(number => app.now() + number * DAY).map(time => ({ value: isoDay(time), label: day(time, app.now()) }))
  }

  function times() {
    const isToday = chosenDay() === isoDay(app.now())
    const all = Array.from({ length: 32 }, (_, number) => `${String(6 + Math.floor(number / 2)).padStart(2, '0')}:${number % 2 ? '30' : '00'}`)
    const left = isToday ? all.filter(time => Date.parse(moment(isoDay(app.now()), time)) > app.now() + HALF_HOUR) : all
    if (left.length && !left.includes(values.start)) values.start = left[0]
    return left.map(time => ({ value: time, label: time }))
  }
}

/** @param {number} usual */
const durations = usual => [...new Set([60, 120, 180, 240, 300, 360, 480, 600, 720, 1440, usual])].sort((a, b) => a - b)
  .map(minutes => ({ value: String(minutes), label: minutes === usual ? say(W.durationUsual, { span: span(minutes) }) : span(minutes) }))

/** @param {number} time */
function nextHalfHour(time) {
  const next = Math.ceil(time / HALF_HOUR) * HALF_HOUR
  const clock = clockTime(next)
  // Nobody comes at night: the next morning.
  return clock >= '06:00' && clock <= '20:00' ? next : Date.parse(moment(isoDay(clock > '20:00' ? next + DAY : next), '09:00'))
}
