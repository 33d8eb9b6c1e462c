// What can be ordered, what is under way, and why one can trust who comes.

import { price, readServices } from '../../logic/catalogue.js'
import { span } from '../../logic/format.js'
import { isLive, rowReading } from '../../logic/order.js'
import { customer as W } from '../../logic/words/customer.js'
import { named, page, say, shown } from '../../page.js'
import { customer, isKnownCustomer } from '../../sessions.js'

page(W, W.area, {
  data: {
    services: /** @type {any[]} */ ([]), live: /** @type {any[]} */ ([]), catalogue: /** @type {Contract['OfferedService'][]} */ ([]),
    promises: [[W.vouchReview, W.vouchReviewDetail], [W.vouchRecord, W.vouchRecordDetail], [W.vouchDoor, W.vouchDoorDetail], [W.vouchPrivacy, W.vouchPrivacyDetail]].map(([title, detail]) => ({ title: say(title), detail: say(detail) })),
  },

  onShow() { this.again() },

  async again() {
    await shown(this, async () => {
      const services = await readServices(customer)
      return { catalogue: services, services: services.map(service => ({ id: service.service, name: named(service.name), price: price(service), usual: say(W.usually, { span: span(service.usual_duration_min) }) })) }
    })
    await shown(this, async () => {
      if (!isKnownCustomer()) return { live: [] }
      const { items } = await customer.call('GET /v1/orders', { query: { limit: 5 } })
      return { live: items.filter(isLive).map(order => rowReading(order, this.data.catalogue, customer.now())) }
    })
  },

  order(event) { wx.navigateTo({ url: `/pages/new/new?service=${event.currentTarget.dataset.service || ''}` }) },
  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
  onShareAppMessage() { return { title: say(W.lead), path: '/pages/home/home' } },
})
