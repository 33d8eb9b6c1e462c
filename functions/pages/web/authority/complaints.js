// Complaints: what the customer and the agency say, and the authority's decision.

import { when } from '../../miniprogram/logic/format.js'
import { say, sayOf } from '../../miniprogram/logic/words.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { complaintAbouts, complaintStatuses } from '../../miniprogram/logic/words/contract.js'
import { formOf } from '../form.js'
import { button, buttonLink, card, dialog, empty, paged, switcher, tag } from '../parts.js'
import { h } from '../view.js'
import { lookFor } from './worker.js'

/** @typedef {import('contract').Complaint} Complaint */

/** @type {import('../app.js').MakeScreen} */
export const complaints = app => {
  /** @type {'' | 'upheld' | 'dismissed'} */
  let status = ''
  const list = app.pages(cursor => app.api.call('GET /v1/complaints', { query: { limit: 20, cursor, status: status || null } }))
  /** @type {Complaint | null} */
  let asked = null
  const blank = () => formOf(app, { decision: '', reason: '' })
  let form = blank()
  const close = () => { asked = null; app.update() }
  const send = async () => {
    if (!asked) return
    await app.api.call('POST /v1/complaints/{complaint_id}/decision', { path: { complaint_id: asked.complaint_id }, body: { decision: /** @type {any} */ (form.values.decision), reason: form.values.reason }, repeats: true })
    close()
    app.say(say(W.decided, { decision: say(W.decision) }))
    await list.again()
  }
  return {
    title: () => say(W.complaints),
    view: () => [
      switcher(say(W.which), [{ id: '', label: say(W.toDecide) }, { id: 'upheld', label: say(W.upheldOnes) }, { id: 'dismissed', label: say(W.dismissedOnes) }], status, id => { status = /** @type {typeof status} */ (id); list.value = null; list.again(); app.update() }),
      paged(list, items => items.map(one), empty({ icon: 'message', title: say(W.noComplaints), detail: say(W.noComplaintsDetail) })),
      asked && dialog({ title: sayOf(complaintAbouts, asked.about), close }, form.around({ label: say(W.decideComplaint), send, check: () => ({ '/decision': !form.values.decision && say(W.choose), '/reason': !form.values.reason.trim() && say(W.reasonHint) }) },
        h('p', { class: 'say' }, say(W.complaintHint)),
        form.choices('decision', { label: say(W.decision), options: [{ value: 'upheld', label: say(W.complaintUpheld) }, { value: 'dismissed', label: say(W.complaintDismissed) }] }),
        form.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 3, maxlength: 1000 }))),
    ],
  }

  /** @param {Complaint} complaint */
  function one(complaint) {
    const { answer, decision, worker_id: worker } = complaint
    const canAnswer = !answer && Date.parse(complaint.answer_by) > app.now()
    return card({ key: complaint.complaint_id, title: sayOf(complaintAbouts, complaint.about), aside: tag(decision ? sayOf(complaintStatuses, complaint.status) : say(canAnswer ? W.waitsForAgency : W.toDecide), decision ? 'quiet' : 'warn') },
      h('div', { class: 'sides' },
        h('div', null, h('h3', null, say(W.customerSays)), h('p', { class: 'words' }, complaint.detail), h('small', null, when(complaint.at, app.now()))),
        h('div', null, h('h3', null, say(W.agencySays)), answer ? [h('p', { class: 'words' }, answer.text), h('small', null, when(answer.at, app.now()))] : h('p', { class: 'say' }, canAnswer ? say(W.noAnswerYet, { time: when(complaint.answer_by, app.now()) }) : say(W.noAnswer)))),
      decision && h('p', { class: 'answer' }, h('b', null, sayOf(complaintStatuses, decision.decision)), ` ${decision.reason} `, h('small', null, when(decision.at, app.now()))),
      h('div', { class: 'buttons' },
        !decision && !canAnswer && button({ label: say(W.decideComplaint), icon: 'scales', onclick: () => { asked = complaint; form = blank(); app.update() } }),
        buttonLink({ label: say(W.toOrder), href: `#/orders/${complaint.order_id}`, kind: 'quiet' }), buttonLink({ label: say(W.toAgency), href: `#/agencies/${complaint.agency_id}`, kind: 'quiet' }),
        worker && h('a', { class: 'button quiet', href: `#/workers/${worker}`, onclick: () => lookFor(worker, W.purposeComplaint) }, say(W.toWorker))))
  }
}
