// What can be ordered, what is under way, and why one can trust who comes.

import { price, readServices, serviceName } from '../../logic/catalogue.js'
import { span, when } from '../../logic/format.js'
import { isLive } from '../../logic/order.js'
import { named, say, sayOf } from '../../logic/words.js'
import { orderStatuses } from '../../logic/words/contract.js'
import { customer as W } from '../../logic/words/customer.js'
import { shown, titled, worded } from '../../page.js'
import { customer, isKnown } from '../../sessions.js'

Page({
  data: { ...worded(W), problem: '', loaded: false, services: /** @type {any[]} */ ([]), live: /** @type {any[]} */ ([]), promises: /** @type {any[]} */ ([]), catalogue: /** @type {import('../../logic/catalogue.js').OfferedService[]} */ ([]) },

  onLoad() {
    titled(W.area)
    this.setData({ promises: [[W.vouchReview, W.vouchReviewDetail], [W.vouchRecord, W.vouchRecordDetail], [W.vouchDoor, W.vouchDoorDetail], [W.vouchPrivacy, W.vouchPrivacyDetail]].map(([title, detail]) => ({ title: say(title), detail: say(detail) })) })
  },

  onShow() { this.again() },

  async again() {
    await shown(this, async () => {
      const services = await readServices(customer)
      return { catalogue: services, services: services.map(service => ({ id: service.service, name: named(service.name), usual: say(W.usually, { price: price(service), span: span(service.usual_duration_min) }) })) }
    })
    await shown(this, async () => {
      if (!await isKnown(customer)) return { live: [] }
      const { items } = await customer.call('GET /v1/orders', { query: { limit: 5 } })
      return { live: items.filter(isLive).map(order => ({ id: order.order_id, title: when(order.start_at, customer.now()), detail: order.claim ? order.claim.agency_name : serviceName(this.data.catalogue, order.service, named), status: sayOf(orderStatuses, order.status), tone: order.status === 'open' ? 'warn' : 'good' })) }
    })
  },

  order(event) { wx.navigateTo({ url: `/pages/new/new?service=${event.currentTarget.dataset.service || ''}` }) },
  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
  onShareAppMessage() { return { title: say(W.lead), path: '/pages/home/home' } },
})
