// A rating, after the visit.

import { customer as W } from '../../logic/words/customer.js'
import { isOnTop, mended, page, say, sent, toast } from '../../page.js'
import { customer } from '../../sessions.js'

page(W, W.rate, {
  data: { values: { comment: '' }, stars: /** @type {object[]} */ ([]), chosen: 0, word: '' },
  onLoad() { this.draw(0) },

  /** @param {number} chosen */
  draw(chosen) {
    const words = say(W.ratingWords).split('|')
    this.setData({ chosen, word: words[chosen - 1] || '', stars: words.map((word, at) => ({ number: at + 1, sign: at < chosen ? '★' : '☆', label: `${say(W.ratingStars, { stars: at + 1 })} ${word}`, is: at + 1 === chosen ? 'true' : 'false' })) })
  },

  choose(event) {
    this.draw(event.currentTarget.dataset.number)
    mended(this, 'stars')
  },

  send() {
    const { order_id, chosen, values } = this.data
    return sent(this, async () => {
      await customer.call('POST /v1/orders/{order_id}/rating', { path: { order_id }, body: { stars: chosen, comment: values.comment || null }, repeats: true })
      toast(W.rated)
      if (isOnTop(this)) wx.navigateBack()
    }, { '/stars': !chosen && say(W.ratingChoose) })
  },
})
