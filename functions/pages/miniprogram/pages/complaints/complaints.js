// A customer's complaints and what has come of them.

import { when } from '../../logic/format.js'
import { say, sayOf } from '../../logic/words.js'
import { complaintAbouts, complaintStatuses } from '../../logic/words/contract.js'
import { customer as W } from '../../logic/words/customer.js'
import { shown, titled, worded } from '../../page.js'
import { customer, entered } from '../../sessions.js'

Page({
  data: { ...worded(W), problem: '', loaded: false, complaints: /** @type {object[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  onLoad() { titled(W.complaintsOwn) },
  onShow() { this.again() },
  again() { return this.read(null) },
  more() { return this.read(this.data.cursor) },

  /** @param {string | null} cursor */
  read(cursor) {
    return shown(this, async () => {
      await entered()
      const page = await customer.call('GET /v1/complaints', { query: { limit: 20, cursor } })
      const complaints = page.items.map(one => ({
        id: one.complaint_id, about: sayOf(complaintAbouts, one.about), status: sayOf(complaintStatuses, one.status), tone: one.decision ? 'good' : 'warn', detail: one.detail, at: when(one.at, customer.now()), order_id: one.order_id,
        facts: [{ name: say(W.answer), value: one.answer && one.answer.text }, { name: say(W.decision), value: one.decision && one.decision.reason }].filter(fact => fact.value),
      }))
      return { complaints: cursor ? [...this.data.complaints, ...complaints] : complaints, cursor: page.next_cursor }
    })
  },

  open(event) { wx.navigateTo({ url: `/pages/order/order?order_id=${event.currentTarget.dataset.id}` }) },
})
