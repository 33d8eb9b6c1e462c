// A worker's objection to her record, and the answer to it.

import { aboutName } from '../../miniprogram/logic/history.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { history as H } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { awaited, card, h, say } from '../parts.js'
import { mayDecide, reasonField } from './asking.js'
import { goOn } from './deciding.js'
import { waitingAt } from './queue.js'

/** @param {import('../app.js').App} app @param {string} worker_id @param {string} objection_id @param {string} href */
export function objectionOf(app, worker_id, objection_id, href) {
  const form = formOf(app, { outcome: '', reason: '' })
  const read = app.load(async () => ({
    waiting: waitingAt(href) || (await app.api.call('GET /v1/reviews', { query: { kind: 'objection', limit: 100 } })).items.find(one => one.objection_id === objection_id),
  }))
  const send = async () => {
    await app.api.call('POST /v1/workers/{worker_id}/objections/{objection_id}/answer', { path: { worker_id, objection_id }, body: { outcome: /** @type {any} */ (form.values.outcome), reason: form.values.reason }, repeats: true })
    goOn(app, href, say(W.answered), read.again)
  }
  return () => card({ title: say(W.objectionTitle), kind: 'asking', key: 'objection' }, awaited(read, ({ waiting }) => waiting ? [
    h('b', null, say(W.objectionAbout, { about: aboutName(waiting.about || '') })), h('p', { class: 'words' }, waiting.text),
    mayDecide(app) && form.around({ label: say(W.answer), send, check: () => ({ '/outcome': !form.values.outcome && say(controls.choose), '/reason': !form.values.reason.trim() && say(controls.required) }) },
      form.choices('outcome', { label: say(W.outcome), options: /** @type {const} */ (['upheld', 'dismissed']).map(value => ({ value, label: say(H.answered, { outcome: say(H[value]) }) })) }), reasonField(form)),
  ] : h('p', null, say(W.objectionGone)), 2))
}
