// What customers hold against visits, and what the agency says to it.

import { when } from '../../miniprogram/logic/format.js'
import { complaintAbouts, complaintStatuses } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { buttonLink, card, empty, h, icon, paged, rows, say, sayOf, skeleton, tag } from '../parts.js'
import { listScreen } from './reading.js'
import { deskScreen } from './watch.js'

export const complaints = deskScreen((app, watch, params) => {
  const list = app.pages(cursor => app.api.call('GET /v1/complaints', { query: { limit: 100, cursor } }))
  /** @param {Words} by @param {string} text @param {string} at */
  const said = (by, text, at) => h('div', { class: 'said' }, h('b', null, say(by)), h('small', null, when(at, app.now())), h('p', { class: 'words' }, text))
  return listScreen(app, params, {
    title: () => say(W.complaints),
    list: 'complaints', before: 'more', none: W.chooseComplaint, detail: one,
    view: ({ pick, beside }) => paged(list, items => beside(rows(items.map(complaint => pick({
      id: complaint.complaint_id, lead: icon('message'), title: `${sayOf(complaintAbouts, complaint.about)} · ${watch.serviceName(complaint.service)}`,
      detail: complaint.status === 'open' ? say(W.answerBy, { time: when(complaint.answer_by, app.now()) }) : when(complaint.at, app.now()), aside: tag(sayOf(complaintStatuses, complaint.status), complaint.status === 'open' ? 'warn' : 'quiet'),
    })))), card({}, empty({ icon: 'message', title: say(W.noComplaints), detail: say(W.noComplaintsDetail) }))),
  })

  /** @param {string} complaint_id */
  function one(complaint_id) {
    const form = formOf(app, { text: '' })
    // One that has come since the list was read.
    if (list.value && !list.value.some(complaint => complaint.complaint_id === complaint_id)) list.again()
    const send = async () => {
      const answered = await app.api.call('POST /v1/complaints/{complaint_id}/answer', { path: { complaint_id }, body: form.values, repeats: true })
      app.say(say(W.answered))
      list.take((list.value || []).map(complaint => complaint.complaint_id === complaint_id ? answered : complaint))
    }
    return () => {
      const complaint = list.value?.find(complaint => complaint.complaint_id === complaint_id)
      // An older one is on a later page.
      if (!complaint && list.hasMore && !list.problem) list.more()
      if (!complaint) return list.hasMore && !list.problem ? skeleton() : empty({ icon: 'message', title: say(W.chooseComplaint) })
      const canAnswer = complaint.status === 'open' && Date.parse(complaint.answer_by) > app.now() && watch.may('orders')
      return [
        card({ title: sayOf(complaintAbouts, complaint.about), aside: tag(sayOf(complaintStatuses, complaint.status), complaint.status === 'open' ? 'warn' : 'quiet') },
          h('p', { class: 'say' }, `${watch.serviceName(complaint.service)} · ${when(complaint.start_at, app.now())}`),
          said(W.complaintSays, complaint.detail, complaint.at), complaint.answer && said(W.yourAnswer, complaint.answer.text, complaint.answer.at), complaint.decision && said(W.decision, complaint.decision.reason, complaint.decision.at),
          h('div', { class: 'buttons' }, buttonLink({ label: say(W.seeOrder), href: `#/orders/${complaint.order_id}` }))),
        canAnswer && card({}, h('p', { class: 'say' }, say(W.answerBy, { time: when(complaint.answer_by, app.now()) })), form.around({ label: say(W.answerSend), send, check: () => ({ '/text': !form.values.text.trim() && say(W.answerNeed) }) },
          form.text('text', { label: say(W.yourAnswer), hint: say(W.answerHint), rows: 5, maxlength: 1000 }))),
      ]
    }
  }
})
