// One order, from looking for an agency to the rating: what is going on, who comes, and the one thing to do next.

import { readServices } from '../../logic/catalogue.js'
import { countdown, phoneText, when } from '../../logic/format.js'
import { isLive, pictured, reading, timelineReading } from '../../logic/order.js'
import { standingReading } from '../../logic/record.js'
import { canCancel, canComplain, complaintReading, details, outlook, tagNames } from '../../logic/visit.js'
import { customer as W } from '../../logic/words/customer.js'
import { facts, listed, page, say, sectionFacts, sent, shown, wordsOf } from '../../page.js'
import { customer } from '../../sessions.js'

/** What the main button does, by status. @type {Record<string, keyof typeof W>} */
const NEXT = { staffed: 'checkBadge', in_service: 'complete', completed: 'rate', rated: 'againOrder', cancelled: 'againOrder', unfilled: 'againOrder' }

page(W, W.order, {
  data: { photo: '', open: false, complaint: /** @type {object | null} */ (null), canComplain: false },
  order: /** @type {Contract['Order'] | null} */ (null),
  services: /** @type {Contract['OfferedService'][]} */ ([]),
  following: /** @type {{ stop: () => void, now: () => void } | null} */ (null),
  clock: 0,
  /** Counts how often reading has ended. */
  stops: 0,
  /** While one looks on, somebody else may be named. */
  photoOf: 0,
  /** Sends once more what was not done. */
  repeat: /** @type {(() => Promise<void>) | null} */ (null),

  onShow() { this.read() },
  onHide() { this.stop() },
  onUnload() { this.stop() },

  stop() {
    this.stops++
    if (this.following) this.following.stop()
    this.following = null
    clearInterval(this.clock)
  },

  again() { return this.repeat ? this.repeat() : this.read() },

  async read() {
    this.repeat = null
    this.stop()
    const { stops } = this
    await shown(this, async () => {
      this.services = await readServices(customer)
      return {}
    })
    // The page may be closed by now.
    if (this.data.problem || stops !== this.stops) return
    this.following = customer.follow('GET /v1/orders/{order_id}', { path: { order_id: this.data.order_id } }, {
      every: () => this.order && this.order.status === 'open' ? 2000 : 6000,
      show: order => {
        this.order = order
        this.draw()
        this.readPhoto(pictured(order))
        if (canComplain(order)) this.readComplaint()
      },
      fail: problem => this.setData({ problem: problem ? wordsOf(problem) : '' }),
    })
    this.clock = setInterval(() => { if (this.order && this.order.status === 'open') this.draw() }, 1000)
  },

  /** @param {number} who See `pictured`. */
  async readPhoto(who) {
    if (who === this.photoOf) return
    this.photoOf = who
    this.setData({ photo: '' })
    const photo = who && /** @type {any} */ (await customer.call('GET /v1/orders/{order_id}/worker/photo', { path: { order_id: this.data.order_id }, raw: true }).catch(() => null))
    if (who !== this.photoOf) return
    if (photo) this.setData({ photo: `data:image/jpeg;base64,${wx.arrayBufferToBase64(photo)}` })
    else this.photoOf = 0
  },

  /** There is one at most, and a way to complain where there is none. */
  async readComplaint() {
    const found = await customer.call('GET /v1/complaints', { query: { order_id: this.data.order_id } }).catch(() => null)
    const complaint = found && found.items[0] && complaintReading(found.items[0], customer.now())
    this.setData({ canComplain: !complaint, complaint: complaint && { ...complaint, isListed: false, outcome: facts(complaint.outcome) } })
  },

  draw() {
    const { order, services } = this
    if (!order) return
    const now = customer.now()
    const read = reading(order, now)
    const { claim, worker } = order
    const starsOf = (/** @type {{ average: number, count: number } | null} */ stars) => stars ? `★ ${say(W.agencyStars, stars)}` : say(W.noStars)
    this.setData({
      title: read.title, detail: read.detail, lead: read.tone === 'quiet' ? '' : 'lead', left: read.left === null ? '' : countdown(read.left),
      more: outlook(order, now),
      next: NEXT[order.status] ? say(W[NEXT[order.status]]) : '',
      worker: worker && {
        name: worker.name, stars: starsOf(worker.stars), tags: listed(tagNames(worker.tags, order.service, services)), standing: standingReading(worker.standing), asOf: say(W.asOf, { time: when(worker.as_of, now) }),
        sections: sectionFacts(worker.sections),
      },
      agency: claim && { name: claim.agency_name, how: say(claim.how === 'grab' ? W.grabbed : W.assigned), stars: starsOf(claim.stars), phone: claim.phone && isLive(order) ? claim.phone : '', call: claim.phone ? `${say(W.call)} ${phoneText(claim.phone)}` : '' },
      details: facts(details(order, services, now)),
      timeline: [...order.timeline].reverse().map(line => ({ key: line.at + line.what, what: timelineReading(line, order), at: when(line.at, now) })),
      canCancel: canCancel(order), canCheck: order.status === 'in_service', canOrder: order.status === 'completed',
    })
  },

  next() {
    switch (this.order && this.order.status) {
      case 'staffed': return this.to('check')
      case 'in_service': return this.complete()
      case 'completed': return this.to('rate')
      default: return this.to('new')
    }
  },
  go(event) { this.to(event.currentTarget.dataset.page) },
  unfold() { this.setData({ open: !this.data.open }) },
  call() { if (this.order && this.order.claim && this.order.claim.phone) wx.makePhoneCall({ phoneNumber: this.order.claim.phone }).catch(() => {}) },

  /** @param {string} page */
  to(page) { wx.navigateTo({ url: `/pages/${page}/${page}?order_id=${this.data.order_id}` }) },

  async complete() {
    const { confirm } = await wx.showModal({ title: say(W.completeAsk), content: say(W.completeNote) })
    if (!confirm) return
    await sent(this, async () => {
      await customer.call('POST /v1/orders/{order_id}/complete', { path: { order_id: this.data.order_id }, repeats: true })
      this.to('rate')
    })
  },

  async cancel() {
    const itemList = say(W.cancelWhys).split('|')
    const { tapIndex } = await wx.showActionSheet({ alertText: say(W.cancelAsk), itemList }).catch(() => ({ tapIndex: -1 }))
    if (tapIndex < 0) return
    await sent(this, async () => {
      await customer.call('POST /v1/orders/{order_id}/cancel', { path: { order_id: this.data.order_id }, body: { reason: itemList[tapIndex] }, repeats: true })
      if (this.following) this.following.now()
    })
  },
})
