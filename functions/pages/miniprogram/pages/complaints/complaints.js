// A customer's complaints and what has come of them.

import { complaintReading } from '../../logic/visit.js'
import { customer as W } from '../../logic/words/customer.js'
import { facts, page, shown } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.complaintsOwn, {
  data: { complaints: /** @type {object[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  onShow() { this.again() },
  again() { return this.read(null) },
  more() { return this.read(this.data.cursor) },

  /** @param {string | null} cursor */
  read(cursor) {
    return shown(this, async () => {
      const found = await customer.call('GET /v1/complaints', { query: { limit: 20, cursor } })
      const complaints = found.items.map(one => complaintReading(one, customer.now())).map(one => ({ ...one, isListed: true, outcome: facts([...one.visit, ...one.outcome]) }))
      return { complaints: cursor ? [...this.data.complaints, ...complaints] : complaints, cursor: found.next_cursor }
    })
  },

  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
})
