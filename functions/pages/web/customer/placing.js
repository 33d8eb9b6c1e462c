// Placing an order. It can be filled in by whoever comes; a login is asked for when it is sent.

import { price, readServices } from '../../miniprogram/logic/catalogue.js'
import { DAY, day, distance, isoDay } from '../../miniprogram/logic/format.js'
import { begun, canPrefer, durations, FARTHEST, firstDay, missing, orderOf, startTimes, takenOver } from '../../miniprogram/logic/placing.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { placing as W } from '../../miniprogram/logic/words/placing.js'
import { keptHere } from '../browser.js'
import { formOf } from '../form.js'
import { awaited, button, card, h, named, note, say, screen, SERVICE_ICONS } from '../parts.js'

/** Kept where an answer is waited for. */
const UNSURE = 'unsure'

export const placing = screen((app, params) => {
  /** The order before, if it is ordered again. @type {Contract['Order'] | null} */
  let before = null
  const catalogue = app.load(async () => {
    if (params.order_id && !before) fillIn(await app.api.call('GET /v1/orders/{order_id}', { path: { order_id: params.order_id } }))
    return readServices(app.api)
  })
  /** Whether it is not known of the order before whether it was placed, and its form is gone. */
  const isUnsure = keptHere.read(UNSURE) !== null
  const form = formOf(app, { ...begun(app.now(), params.service), otherDay: '', prefer: /** @type {string[]} */ ([]) })
  /** What is said of the place. */
  let placed = ''
  /** @type {'idle' | 'locating' | 'refused' | 'failed'} */
  let locating = 'idle'
  /** The map, once it is wanted. @type {(() => Child) | null} */
  let map = null

  const values = form.values
  const chosenService = (/** @type {Contract['OfferedService'][]} */ services) => services.find(one => one.service === values.service) || services[0]
  const chosenDay = () => values.day === 'other' ? values.otherDay : values.day
  const days = () => [0, 1, 2, 3, 4].map(number => firstDay(app.now()) + number * DAY).map(time => ({ value: isoDay(time), label: day(time, app.now()) }))
  return {
    title: () => say(params.order_id ? W.againOrder : W.newOrder),
    back: params.order_id ? `orders/${params.order_id}` : '',
    view: () => awaited(catalogue, services => whole(services, chosenService(services)), 8),
  }

  /** @param {Contract['OfferedService'][]} services @param {Contract['OfferedService']} service */
  function whole(services, service) {
    values.duration = values.duration || String(service.usual_duration_min)
    return [isUnsure && keptHere.read(UNSURE) && [note('warn', say(W.unsure)), h('div', { class: 'middle' }, button({ label: say(W.orders), icon: 'list', onclick: look }))],
      form.around({ label: say(W.placeOrder), send: place, check, aside: h('p', { class: 'hint' }, say(W.placeOrderNote)) },
      card({ title: say(W.what) },
        form.choices('service', { label: say(W.service), kind: 'bare', options: services.map(one => ({ value: one.service, label: named(one.name), icon: SERVICE_ICONS[one.service] })), chosen: () => { values.duration = '' } })),
      card({ title: say(W.time) },
        form.choices('day', { label: say(W.day), pointer: '/start_at', kind: 'days', options: [...days(), { value: 'other', label: say(W.otherDay) }] }),
        values.day === 'other' && form.text('otherDay', { label: say(W.date), pointer: '/other_day', type: 'date', min: isoDay(firstDay(app.now())), max: isoDay(app.now() + FARTHEST * DAY) }),
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
        before && canPrefer(before) && form.choices('prefer', { label: say(W.worker), several: true, kind: 'bare', options: [{ value: 'yes', label: say(W.prefer) }], optional: true }),
        form.choices('wishes', { label: say(W.wishes), hint: say(W.wishesHint), several: true, kind: 'bare', optional: true, options: service.tags.map(tag => ({ value: tag.tag, label: named(tag.name) })) }),
        form.text('budget', { label: say(W.budget), pointer: '/budget_fen', hint: say(W.budgetHint, { price: price(service) }), inputmode: 'decimal', optional: true, maxlength: 9 }),
        form.text('notes', { label: say(W.notes), hint: say(W.notesHint), rows: 2, optional: true, maxlength: 500 })))]
  }

  function look() {
    keptHere.write(UNSURE, null)
    app.go('orders')
  }

  function location() {
    const isSet = values.location !== null && !map
    return form.own('/location', { label: say(W.location), hint: say(W.locationHint) },
      isSet && note('good', placed),
      locating === 'refused' ? note('warn', say(W.placeRefused)) : locating === 'failed' && note('warn', say(W.placeFailed)),
      map ? map() : h('div', { class: 'buttons' },
        button({ label: say(locating === 'locating' ? W.locating : W.here), icon: 'aim', disabled: locating === 'locating', onclick: locate }),
        button({ label: say(isSet ? W.changePlace : W.onMap), icon: 'place', onclick: openMap })))
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
      const { placeMap } = await import('../map.js')
      map = placeMap(app, values.location, (location, near) => take(location, say(W.placeSet, { near })))
    } catch {
      locating = 'failed'
    }
    app.update()
  }

  /** @param {Contract['Location']} location @param {string} words */
  function take(location, words) {
    locating = 'idle'
    map = null
    placed = words
    form.set('location', location)
  }

  /** @returns {Record<string, string | false>} */
  function check() {
    const faults = missing({ ...values, day: chosenDay() }, app.now())
    return values.day === 'other' && !values.otherDay ? { ...faults, '/start_at': false, '/other_day': say(controls.choose) } : faults
  }

  async function place() {
    const { location } = values
    if (!location || !catalogue.value || !await app.logIn({ phone: values.phone })) return
    const body = orderOf({ ...values, day: chosenDay(), location }, chosenService(catalogue.value), values.prefer.length ? params.order_id : null)
    keptHere.write(UNSURE, 'yes')
    const order = await app.api.call('POST /v1/orders', { intent: 'order', body }).catch(problem => {
      if (!problem.unknown) keptHere.write(UNSURE, null)
      throw problem
    })
    keptHere.write(UNSURE, null)
    app.say(say(W.placed))
    app.go(`orders/${order.order_id}`, true)
  }

  /** Takes over what an earlier order had. @param {Contract['Order']} order */
  function fillIn(order) {
    before = order
    Object.assign(values, takenOver(order), { prefer: canPrefer(order) ? ['yes'] : [] })
    if (values.location) placed = say(W.placeSet, { near: values.address })
  }

  function times() {
    const left = startTimes(chosenDay(), app.now())
    if (left.length && !left.includes(values.start)) values.start = left[0]
    return left.map(time => ({ value: time, label: time }))
  }
})
