// What is kept of a customer, and the way to have it erased; own complaints.

import { when } from '../../miniprogram/logic/format.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { placing as C } from '../../miniprogram/logic/words/placing.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { formOf } from '../form.js'
import { awaited, button, card, empty, h, note, paged, row, rows, say, screen } from '../parts.js'
import { complaintCard } from './cards.js'

export const me = screen(app => {
  const waiting = app.load(() => app.api.call('GET /v1/me/erase'))
  const keeping = formOf(app, {})
  const erase = () => app.ask(formOf(app, {}), () => ({
    title: say(W.eraseAsk), label: say(W.eraseYes), kind: 'danger', fields: h('p', null, say(W.eraseDetail)),
    send: () => app.api.call('POST /v1/me/erase', { repeats: true }),
    done: erasure => waiting.take({ erasure }),
  }))
  const keep = async () => {
    await app.api.call('DELETE /v1/me/erase')
    waiting.take({ erasure: null })
    app.say(say(W.eraseKept))
  }
  return {
    title: () => say(C.me),
    view: () => [
      rows(
        row({ href: '#/me/complaints', icon: 'message', title: say(W.complaintsOwn) }),
        row({ href: '/check', icon: 'code', title: say(W.checkAny) })),
      card({ title: say(W.myData) }, h('p', { class: 'say' }, say(W.myDataDetail)),
        awaited(waiting, ({ erasure }) => erasure
          ? [h('div', { role: 'status' }, note('warn', say(W.eraseDue, { time: when(erasure.due_at, app.now()) }))), keeping.around({ label: say(W.eraseKeep), kind: 'plain', send: keep })]
          : h('div', { class: 'buttons' }, button({ label: say(W.erase), kind: 'danger', onclick: erase })), 1)),
      h('div', { class: 'middle' }, button({ label: say(controls.logOut), kind: 'quiet', icon: 'out', onclick: app.logOut })),
    ],
  }
})

export const complaints = screen(app => {
  const list = app.pages(cursor => app.api.call('GET /v1/complaints', { query: { limit: 20, cursor } }))
  return {
    title: () => say(W.complaintsOwn),
    back: 'me',
    view: () => paged(list, items => items.map(one => complaintCard(one, app.now(), true)),
    empty({ icon: 'message', title: say(W.noComplaints), detail: say(W.noComplaintsDetail) })),
  }
})
