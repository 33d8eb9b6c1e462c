// A customer's orders, newest first.

import { readServices } from '../../logic/catalogue.js'
import { rowReading } from '../../logic/order.js'
import { customer as W } from '../../logic/words/customer.js'
import { page, shown } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.orders, {
  data: { orders: /** @type {object[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  onShow() { this.again() },
  again() { return this.read(null) },
  more() { return this.read(this.data.cursor) },
  onReachBottom() { if (this.data.cursor) this.more() },
  async onPullDownRefresh() {
    await this.again()
    wx.stopPullDownRefresh()
  },

  /** @param {string | null} cursor */
  read(cursor) {
    return shown(this, async () => {
      const [services, found] = await Promise.all([readServices(customer), customer.call('GET /v1/orders', { query: { limit: 20, cursor } })])
      const orders = found.items.map(order => rowReading(order, services, customer.now()))
      return { orders: cursor ? [...this.data.orders, ...orders] : orders, cursor: found.next_cursor }
    })
  },

  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
  order() { wx.navigateTo({ url: '/pages/new/new' }) },
})
