// The badge check at the door, from within an order: is this the worker who was named?

import { day, when } from '../../logic/format.js'
import { badgeReading, presented, scanned } from '../../logic/record.js'
import { matched } from '../../logic/visit.js'
import { customer as W } from '../../logic/words/customer.js'
import { page, say, sectionFacts, sent } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.check, {
  data: { values: { digits: '' }, result: '', badge: /** @type {object | null} */ (null) },

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
