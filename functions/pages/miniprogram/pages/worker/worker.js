// A worker's visits, today's and those to come, with the way there.

import { readServices, serviceName } from '../../logic/catalogue.js'
import { gcj02 } from '../../logic/datum.js'
import { visitTime } from '../../logic/format.js'
import { named, say, sayOf } from '../../logic/words.js'
import { orderStatuses } from '../../logic/words/contract.js'
import { customer as W } from '../../logic/words/customer.js'
import { mini } from '../../logic/words/mini.js'
import { sent, shown, titled, worded } from '../../page.js'
import { isKnownWorker, worker } from '../../sessions.js'

Page({
  data: { ...worded(), problem: '', loaded: false, busy: false, locked: false, faults: {}, isIn: false, visits: /** @type {{ id: string, home: import('contract').Schemas['OwnVisit']['home'] }[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  onLoad() { titled(mini.visits) },
  onShow() { this.again() },
  again() { return this.read(null) },
  more() { return this.read(this.data.cursor) },
  async onPullDownRefresh() {
    await this.again()
    wx.stopPullDownRefresh()
  },

  /** @param {string | null} cursor */
  read(cursor) {
    return shown(this, async () => {
      if (!await isKnownWorker()) return { isIn: false }
      const [services, page] = await Promise.all([readServices(worker), worker.call('GET /v1/me/visits', { query: { limit: 20, cursor } })])
      const visits = page.items.map(visit => ({
        id: visit.order_id, title: serviceName(services, visit.service, named), time: visitTime(visit.start_at, visit.duration_min, worker.now()),
        status: visit.lost ? say(mini.lost) : sayOf(orderStatuses, visit.status), tone: visit.lost ? '' : visit.home ? 'good' : '',
        agency: visit.agency, home: visit.home, stars: visit.rating ? say(W.ratingStars, { stars: visit.rating.stars }) : '', comment: visit.rating ? visit.rating.comment : '',
      }))
      return { isIn: true, visits: cursor ? [...this.data.visits, ...visits] : visits, cursor: page.next_cursor }
    })
  },

  /** WeChat has asked her for the number, and gives a code for it. */
  logIn({ detail }) {
    if (!detail.code) return this.setData({ problem: say(mini.workerRefused) })
    return sent(this, async () => {
      await worker.logIn('POST /v1/sessions/worker', { code: detail.code })
      await this.again()
    })
  },

  async logOut() {
    await worker.logOut().catch(() => {})
    this.setData({ isIn: false, visits: [] })
  },

  code() { wx.navigateTo({ url: '/pages/code/code' }) },

  /** Where a visit is, if she may know. @param {string} id */
  homeOf(id) {
    const visit = this.data.visits.find(visit => visit.id === id)
    return visit ? visit.home : null
  },

  way(event) {
    const home = this.homeOf(event.currentTarget.dataset.id)
    if (!home) return
    const { lat, lon } = gcj02(home.place)
    wx.openLocation({ latitude: lat, longitude: lon, address: home.address }).catch(() => {})
  },

  call(event) {
    const home = this.homeOf(event.currentTarget.dataset.id)
    if (home) wx.makePhoneCall({ phoneNumber: home.contact.phone }).catch(() => {})
  },
})
