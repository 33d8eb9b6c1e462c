// A worker's visits, with the way to those that are to come, and what else is hers.

import { readServices, serviceName } from '../../logic/catalogue.js'
import { gcj02 } from '../../logic/datum.js'
import { phoneText, span, visitTime } from '../../logic/format.js'
import { isComing, visitEnd } from '../../logic/own.js'
import { login } from '../../logic/words/login.js'
import { mini } from '../../logic/words/mini.js'
import { worker as W } from '../../logic/words/worker.js'
import { facts, page, say, sent, shown } from '../../page.js'
import { isKnownWorker, worker } from '../../sessions.js'

// Another page of hers stays as it is below the login, and is come back to.
worker.ended = () => { if (getCurrentPages().slice(-1)[0]?.route !== 'pages/worker/worker') wx.navigateTo({ url: '/pages/worker/worker?back=yes' }) }

page({ ...login, ...W }, mini.visits, {
  data: { isIn: false, comesBack: false, coming: /** @type {object[]} */ ([]), past: /** @type {object[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  visits: /** @type {Contract['OwnVisit'][]} */ ([]),

  onLoad({ back = '' }) {
    this.setData({ comesBack: back !== '' })
  },

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
      const [services, found] = await Promise.all([readServices(worker), worker.call('GET /v1/me/visits', { query: { limit: 50, cursor } })])
      this.visits = cursor ? [...this.visits, ...found.items] : found.items
      const card = (/** @type {Contract['OwnVisit']} */ visit) => ({
        id: visit.order_id, title: visitTime(visit.start_at, visit.duration_min, worker.now()), service: `${serviceName(services, visit.service)} · ${span(visit.duration_min)}`,
        end: visitEnd(visit), comment: visit.rating ? visit.rating.comment : '', hasHome: visit.home !== null, call: visit.home ? `${say(W.call)} ${phoneText(visit.home.contact.phone)}` : '',
        facts: facts([[say(W.address), visit.home?.address], [say(W.customer), visit.home?.contact.name], [say(W.notes), visit.home?.notes], [say(W.company), visit.agency]]),
      })
      return { isIn: true, coming: this.visits.filter(isComing).reverse().map(card), past: this.visits.filter(visit => !isComing(visit)).map(card), cursor: found.next_cursor }
    })
  },

  /** WeChat has asked her for the number, and gives a code for it. */
  logIn({ detail }) {
    if (!detail.code) return this.setData({ problem: say(mini.workerRefused) })
    return sent(this, async () => {
      await worker.logIn('POST /v1/sessions/worker', { code: detail.code })
      if (this.data.comesBack) wx.navigateBack()
      else await this.again()
    })
  },

  async logOut() {
    await worker.logOut().catch(() => {})
    this.setData({ isIn: false, coming: [], past: [] })
  },

  open(event) { wx.navigateTo({ url: `/pages/${event.currentTarget.dataset.page}` }) },

  /** Where a visit is, if she may know. */
  homeOf(event) {
    const visit = this.visits.find(({ order_id }) => order_id === event.currentTarget.dataset.id)
    return visit ? visit.home : null
  },

  way(event) {
    const home = this.homeOf(event)
    if (!home) return
    const { lat, lon } = gcj02(home.place)
    wx.openLocation({ latitude: lat, longitude: lon, address: home.address }).catch(() => {})
  },

  call(event) {
    const home = this.homeOf(event)
    if (home) wx.makePhoneCall({ phoneNumber: home.contact.phone }).catch(() => {})
  },
})
