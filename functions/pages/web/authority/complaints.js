// Complaints: what the customer and the agency say, and the authority's decision.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { when } from '../../miniprogram/logic/format.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { complaintAbouts, complaintStatuses } from '../../miniprogram/logic/words/contract.js'
import { formOf } from '../form.js'
import { button, card, empty, facts, h, paged, say, sayOf, screen, switcher, tag } from '../parts.js'
import { mayDecide, reasonField } from './deciding.js'
import { lookFor } from './purpose.js'

export const complaints = screen(app => {
  /** @type {'' | 'upheld' | 'dismissed'} */
  let status = ''
  const services = app.load(() => readServices(app.api))
  const list = app.pages(cursor => app.api.call('GET /v1/complaints', { query: { limit: 20, cursor, status: status || null } }))
  const decide = (/** @type {Contract['Complaint']} */ { complaint_id, about }) => app.ask(formOf(app, { decision: null, reason: '' }), form => ({
    title: sayOf(complaintAbouts, about), label: say(W.decideComplaint),
    fields: [
      h('p', { class: 'say' }, say(W.complaintHint)),
      form.choices('decision', { label: say(W.decision), options: ['upheld', 'dismissed'].map(value => ({ value, label: sayOf(complaintStatuses, value) })) }),
      reasonField(form, 1000),
    ],
    send: () => app.api.call('POST /v1/complaints/{complaint_id}/decision', { path: { complaint_id }, body: /** @type {any} */ (form.values), repeats: true }),
    done: () => {
      app.say(say(W.decided, { decision: say(W.decision) }))
      return list.again()
    },
  }))
  return {
    title: () => say(W.complaints),
    view: () => [
      switcher(say(W.which), [{ id: '', label: say(W.toDecide) }, ...['upheld', 'dismissed'].map(id => ({ id, label: sayOf(complaintStatuses, id) }))], status, id => { status = /** @type {typeof status} */ (id); list.anew() }),
      paged(list, items => items.map(one), empty({ icon: 'message', title: say(W.noComplaints), detail: say(W.noComplaintsDetail) })),
    ],
  }

  /** @param {Contract['Complaint']} complaint */
  function one(complaint) {
    const { answer, decision, worker_id: worker } = complaint
    const canAnswer = !answer && Date.parse(complaint.answer_by) > app.now()
    return card({ key: complaint.complaint_id, title: sayOf(complaintAbouts, complaint.about), aside: tag(decision ? sayOf(complaintStatuses, complaint.status) : say(canAnswer ? W.waitsForAgency : W.toDecide), decision ? 'quiet' : 'warn') },
      facts([
        [say(W.visit), h('a', { href: `#/orders/${complaint.order_id}` }, `${when(complaint.start_at, app.now())} ${serviceName(services.value || [], complaint.service)}`)],
        [say(W.company), h('a', { href: `#/agencies/${complaint.agency_id}` }, complaint.agency_name)],
        [say(W.orderWorker), worker && h('a', { href: `#/workers/${worker}`, onclick: () => lookFor(app, worker, W.purposeComplaint) }, say(W.workerTitle))],
      ]),
      h('div', { class: 'sides' },
        h('div', null, h('h3', null, say(W.customerSays)), h('p', { class: 'words' }, complaint.detail), h('small', null, when(complaint.at, app.now()))),
        h('div', null, h('h3', null, say(W.agencySays)), answer ? [h('p', { class: 'words' }, answer.text), h('small', null, when(answer.at, app.now()))] : h('p', { class: 'say' }, canAnswer ? say(W.noAnswerYet, { time: when(complaint.answer_by, app.now()) }) : say(W.noAnswer)))),
      decision && h('p', { class: 'answer' }, h('b', null, sayOf(complaintStatuses, decision.decision)), ` ${decision.reason} `, h('small', null, when(decision.at, app.now()))),
      !decision && !canAnswer && mayDecide(app) && h('div', { class: 'buttons' }, button({ label: say(W.decideComplaint), icon: 'scales', onclick: () => decide(complaint) })))
  }
})
