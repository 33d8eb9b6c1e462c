// A customer's orders, newest first.

import { readServices } from '../../logic/catalogue.js'
import { rowReading } from '../../logic/order.js'
import { customer as W } from '../../logic/words/customer.js'
import { shown, titled, worded } from '../../page.js'
import { customer } from '../../sessions.js'

Page({
  data: { ...worded(W), problem: '', loaded: false, orders: /** @type {object[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  onLoad() { titled(W.orders) },
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
      const [services, page] = await Promise.all([readServices(customer), customer.call('GET /v1/orders', { query: { limit: 20, cursor } })])
      const orders = page.items.map(order => rowReading(order, services, customer.now()))
      return { orders: cursor ? [...this.data.orders, ...orders] : orders, cursor: page.next_cursor }
    })
  },

  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
  order() { wx.navigateTo({ url: '/pages/new/new' }) },
})
