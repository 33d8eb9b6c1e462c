// Placing an order: service, time, place, whom to reach, wishes, one button.

import { price, readServices } from '../../logic/catalogue.js'
import { DAY, day, isoDay, moment } from '../../logic/format.js'
import { begun, canPrefer, durations, FARTHEST, firstDay, missing, orderOf, startTimes, takenOver } from '../../logic/placing.js'
import { customer as W } from '../../logic/words/customer.js'
import { mini } from '../../logic/words/mini.js'
import { isOnTop, mended, named, page, say, sent, shown, titled, toast } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.newOrder, {
  data: { values: { ...begun(customer.now()), prefer: false }, canPrefer: false, placed: '', refused: false, services: /** @type {any[]} */ ([]), times: /** @type {string[]} */ ([]), durations: /** @type {any[]} */ ([]), durationLabels: /** @type {any[]} */ ([]), wishes: /** @type {any[]} */ ([]), dayLabel: '', durationLabel: '', first: '', last: '', timeAt: 0, durationAt: 0, usual: '', catalogue: /** @type {Contract['OfferedService'][]} */ ([]) },

  onLoad({ service = '', order_id = '' }) {
    if (order_id) titled(W.againOrder)
    this.setData({ values: { ...begun(customer.now(), service || undefined), prefer: false }, first: isoDay(firstDay(customer.now())), last: isoDay(customer.now() + FARTHEST * DAY) })
    this.again()
  },

  again() {
    return shown(this, async () => {
      const catalogue = await readServices(customer)
      this.setData({ catalogue })
      if (this.data.order_id) await this.fillIn(this.data.order_id)
      this.draw()
      return {}
    })
  },

  /** Takes over what an earlier order had. @param {string} order_id */
  async fillIn(order_id) {
    const order = await customer.call('GET /v1/orders/{order_id}', { path: { order_id } })
    const values = { ...this.data.values, ...takenOver(order), prefer: canPrefer(order) }
    this.setData({ values, canPrefer: values.prefer, placed: values.location ? values.address : '' })
  },

  /** Works out what the choices are, now that one has changed. */
  draw() {
    const { catalogue } = this.data
    const values = { ...this.data.values }
    const service = catalogue.find(one => one.service === values.service) || catalogue[0]
    const times = startTimes(values.day, customer.now())
    if (!times.includes(values.start)) values.start = times[0] || ''
    values.duration = values.duration || String(service.usual_duration_min)
    const lengths = durations(service.usual_duration_min)
    const durationAt = lengths.findIndex(one => one.value === values.duration)
    this.setData({
      values, times, timeAt: times.indexOf(values.start), durations: lengths, durationLabels: lengths.map(one => one.label), durationAt, durationLabel: lengths[durationAt] ? lengths[durationAt].label : '',
      dayLabel: day(moment(values.day, '12:00'), customer.now()), usual: say(W.budgetHint, { price: price(service) }),
      services: catalogue.map(one => ({ id: one.service, name: named(one.name), chosen: one.service === values.service })),
      wishes: service.tags.map(tag => ({ id: tag.tag, name: named(tag.name), chosen: values.wishes.includes(tag.tag) })),
    })
  },

  change(values) {
    this.setData({ values: { ...this.data.values, ...values } })
    mended(this, 'start_at')
    this.draw()
  },

  pickService(event) { this.change({ service: event.currentTarget.dataset.id, duration: '' }) },
  pickDay(event) { this.change({ day: event.detail.value }) },
  pickTime(event) { this.change({ start: this.data.times[Number(event.detail.value)] }) },
  pickDuration(event) { this.change({ duration: this.data.durations[Number(event.detail.value)].value }) },
  pickWish(event) {
    const { id } = event.currentTarget.dataset
    const { wishes } = this.data.values
    this.change({ wishes: wishes.includes(id) ? wishes.filter(wish => wish !== id) : [...wishes, id] })
  },
  prefer() { this.change({ prefer: !this.data.values.prefer }) },

  async here() {
    try {
      const { latitude, longitude } = await wx.getLocation({ type: 'gcj02', isHighAccuracy: true })
      this.take(latitude, longitude, say(mini.placeHere))
    } catch {
      this.setData({ refused: true })
    }
  },

  async pick() {
    try {
      const { latitude, longitude, name, address } = await wx.chooseLocation({})
      this.take(latitude, longitude, say(mini.placePicked, { name: name || address }))
      if (!this.data.values.address) this.setData({ 'values.address': address + name })
      mended(this, 'address')
    } catch {
      // It was closed without a choice.
    }
  },

  /** WeChat's places are GCJ-02. @param {number} lat @param {number} lon @param {string} placed */
  take(lat, lon, placed) {
    this.setData({ 'values.location': { lat, lon, datum: 'gcj02' }, placed, refused: false })
    mended(this, 'location')
  },

  place() {
    const { values, order_id, catalogue } = this.data
    const { location } = values
    const service = catalogue.find(one => one.service === values.service)
    return sent(this, async () => {
      if (!location || !service) return
      const order = await customer.call('POST /v1/orders', { intent: 'order', body: orderOf({ ...values, location }, service, values.prefer ? order_id : null) })
      toast(W.placed)
      if (isOnTop(this)) wx.redirectTo({ url: `/pages/order/order?order_id=${order.order_id}` })
    }, missing(values, customer.now()))
  },
})
