// The badge check at the door, from within an order: is this the worker who was named?

import { day, when } from '../../logic/format.js'
import { badgeReading, presented, scanned } from '../../logic/record.js'
import { matched } from '../../logic/visit.js'
import { customer as W } from '../../logic/words/customer.js'
import { say, sectionFacts, sent, titled, typed, worded } from '../../page.js'
import { customer } from '../../sessions.js'

Page({
  data: { ...worded(W), problem: '', busy: false, locked: false, faults: {}, values: { digits: '' }, order_id: '', result: '', badge: /** @type {object | null} */ (null) },

  onLoad({ order_id = '' }) {
    titled(W.check)
    this.setData({ order_id })
  },

  typed(event) { typed(this, event) },

  async scan() {
    const found = await wx.scanCode({ scanType: ['qrCode'] }).catch(() => null)
    if (found) await sent(this, () => this.ask(found.result))
  },

  check() {
    const { digits } = this.data.values
    return sent(this, () => this.ask(digits), { '/token': scanned(digits) === null && say(W.digitsFault) })
  },

  /** @param {string} text */
  async ask(text) {
    const path = { order_id: this.data.order_id }
    const { result, badge } = await customer.call('POST /v1/orders/{order_id}/badge-check', { path, body: { token: presented(text) }, repeats: true })
    const order = result === 'match' ? await customer.call('GET /v1/orders/{order_id}', { path }).catch(() => null) : null
    const { tone, verdict, advice, standing } = badgeReading(result, badge && badge.standing)
    this.setData({
      result, tone, verdict, advice, standing, change: order && matched(order, customer.now()),
      badge: badge && {
        name: badge.name, agency: badge.agency, photo: badge.photo, valid: say(W.validUntil, { day: day(Date.parse(badge.valid_until) - 1, customer.now()) }), asOf: say(W.asOf, { time: when(badge.as_of, customer.now()) }),
        sections: sectionFacts(badge.sections),
      },
    })
  },

  again() { this.setData({ result: '', badge: null, values: { digits: '' } }) },
  back() { wx.navigateBack() },
})
