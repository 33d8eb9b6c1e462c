// A complaint about a visit.

import { complaintAbouts } from '../../logic/words/contract.js'
import { controls } from '../../logic/words/controls.js'
import { customer as W } from '../../logic/words/customer.js'
import { isOnTop, page, say, sayOf, sent, toast } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.complain, {
  data: { values: { detail: '' }, about: '', abouts: /** @type {object[]} */ ([]) },
  onLoad() { this.draw('quality') },

  /** @param {string} about */
  draw(about) { this.setData({ about, abouts: Object.keys(complaintAbouts).map(id => ({ id, name: sayOf(complaintAbouts, id), chosen: id === about })) }) },
  choose(event) { this.draw(event.currentTarget.dataset.id) },

  send() {
    const { order_id, about, values } = this.data
    return sent(this, async () => {
      await customer.call('POST /v1/orders/{order_id}/complaints', { intent: 'complaint', path: { order_id }, body: { about: /** @type {any} */ (about), detail: values.detail } })
      toast(W.complained)
      if (isOnTop(this)) wx.redirectTo({ url: '/pages/complaints/complaints' })
    }, { '/detail': !values.detail.trim() && say(controls.required) })
  },
})
