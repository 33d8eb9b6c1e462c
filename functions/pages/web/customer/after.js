// After a visit: a rating, or a complaint.

import { complaintAbouts } from '../../miniprogram/logic/words/contract.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { formOf } from '../form.js'
import { card, h, icon, say, sayOf, screen } from '../parts.js'

export const rating = screen((app, { order_id }) => {
  const form = formOf(app, { stars: '', comment: '' })
  const send = async () => {
    await app.api.call('POST /v1/orders/{order_id}/rating', { path: { order_id }, body: { stars: Number(form.values.stars), comment: form.values.comment || null }, repeats: true })
    app.say(say(W.rated))
    app.go(`orders/${order_id}`, true)
  }
  return {
    title: () => say(W.rate),
    back: `orders/${order_id}`,
    view: () => {
      const words = say(W.ratingWords).split('|')
      return card({}, form.around({ label: say(W.rate), send, check: () => ({ '/stars': !form.values.stars && say(W.ratingChoose) }) },
        form.choices('stars', { label: say(W.ratingAsk), kind: 'rating', options: [1, 2, 3, 4, 5].map(number => ({ value: String(number), label: [icon('star', Number(form.values.stars) >= number ? 'filled' : ''), h('span', { class: 'unseen' }, say(W.ratingStars, { stars: number }), words[number - 1])] })) }),
        h('p', { class: 'rating-word', role: 'status' }, form.values.stars && words[Number(form.values.stars) - 1]),
        form.text('comment', { label: say(W.comment), hint: say(W.commentHint), rows: 4, optional: true, maxlength: 500 })))
    },
  }
})

export const complaining = screen((app, { order_id }) => {
  const form = formOf(app, { about: 'quality', detail: '' })
  const send = async () => {
    await app.api.call('POST /v1/orders/{order_id}/complaints', { intent: 'complaint', path: { order_id }, body: { about: /** @type {any} */ (form.values.about), detail: form.values.detail } })
    app.say(say(W.complained))
    app.go('me/complaints', true)
  }
  return {
    title: () => say(W.complain),
    back: `orders/${order_id}`,
    view: () => card({}, h('p', { class: 'say' }, say(W.complainHint)), form.around({ label: say(W.complainSend), send },
      form.choices('about', { label: say(W.complainAbout), options: Object.keys(complaintAbouts).map(value => ({ value, label: sayOf(complaintAbouts, value) })) }),
      form.text('detail', { label: say(W.complainDetail), rows: 5, maxlength: 1000 }))),
  }
})
