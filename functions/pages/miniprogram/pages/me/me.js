// What is kept of a customer, and the way to have it erased; complaints; the way to the worker's part.

import { when } from '../../logic/format.js'
import { customer as W } from '../../logic/words/customer.js'
import { page, say, sent, shown, toast } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.me, {
  data: { due: '' },
  onShow() { this.again() },

  again() {
    return shown(this, async () => {
      const { erasure } = await customer.call('GET /v1/me/erase')
      return { due: erasure ? say(W.eraseDue, { time: when(erasure.due_at, customer.now()) }) : '' }
    })
  },

  complaints() { wx.navigateTo({ url: '/pages/complaints/complaints' }) },
  worker() { wx.navigateTo({ url: '/pages/worker/worker' }) },

  async erase() {
    const { confirm } = await wx.showModal({ title: say(W.eraseAsk), content: say(W.eraseDetail), confirmColor: '#7d1420' })
    if (!confirm) return
    await sent(this, async () => {
      await customer.call('POST /v1/me/erase', { repeats: true })
      await this.again()
    })
  },

  keep() {
    return sent(this, async () => {
      await customer.call('DELETE /v1/me/erase')
      toast(W.eraseKept)
      await this.again()
    })
  },
})
