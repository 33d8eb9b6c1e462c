// A customer's orders, newest first.

import { readServices, serviceName } from '../../logic/catalogue.js'
import { when } from '../../logic/format.js'
import { isLive } from '../../logic/order.js'
import { named, sayOf } from '../../logic/words.js'
import { orderStatuses } from '../../logic/words/contract.js'
import { customer as W } from '../../logic/words/customer.js'
import { shown, titled, worded } from '../../page.js'
import { customer, entered } from '../../sessions.js'

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
      await entered()
      const [services, page] = await Promise.all([readServices(customer), customer.call('GET /v1/orders', { query: { limit: 20, cursor } })])
      const orders = page.items.map(order => ({
        id: order.order_id, title: serviceName(services, order.service, named), detail: [when(order.start_at, customer.now()), order.claim && order.claim.agency_name].filter(Boolean).join(' · '),
        status: sayOf(orderStatuses, order.status), tone: order.status === 'open' ? 'warn' : isLive(order) ? 'good' : '',
      }))
      return { orders: cursor ? [...this.data.orders, ...orders] : orders, cursor: page.next_cursor }
    })
  },

  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
  order() { wx.navigateTo({ url: '/pages/new/new' }) },
})
