// What is recorded of a worker, for herself: sections with their sources, who looked, all that happened, and her objections.

import { aboutName } from '../../miniprogram/logic/history.js'
import { lookReading, objectionReading } from '../../miniprogram/logic/own.js'
import { standingReading } from '../../miniprogram/logic/record.js'
import { sections, standings } from '../../miniprogram/logic/words/contract.js'
import { history as H } from '../../miniprogram/logic/words/history.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, buttonLink, card, empty, h, paged, row, rows, say, sayOf, screen, tag, verdict } from '../parts.js'
import { eventList, sectionList } from '../record.js'

export const record = screen(app => {
  const own = app.load(() => app.api.call('GET /v1/me/record'))
  return { title: () => say(W.record), view: () => awaited(own, whole, 8) }

  /** @param {Contract['OwnRecord']} record */
  function whole({ worker, objections }) {
    const { word, tone } = standingReading(worker.standing)
    return [
      verdict(tone, word, worker.status !== 'approved' && h('p', null, `${say(W.status)}：${sayOf(standings, worker.status)}`)),
      card({ title: say(W.sections) }, sectionList(worker.sections, app.now()), buttonLink({ label: say(W.object), href: '#/record/object', icon: 'message' })),
      rows(row({ href: '#/record/views', icon: 'person', title: say(W.whoLooked), detail: say(W.whoLookedDetail) }),
        row({ href: '#/record/history', icon: 'list', title: say(W.trace), detail: say(W.historyDetail) })),
      card({ title: say(W.objections) }, objections.length === 0 ? h('p', { class: 'say' }, say(W.noObjections)) : h('ul', { class: 'said' }, [...objections].reverse().map(one => objectionReading(one, app.now())).map(one => h('li', { key: one.id },
        h('div', { class: 'card-head' }, h('b', null, one.about), tag(one.outcome, one.tone)), h('p', { class: 'words' }, one.text), h('small', null, one.at),
        one.answer && h('p', { class: 'answer' }, one.answer, h('small', null, ` ${one.answeredAt}`)))))),
    ]
  }
})

export const views = screen(app => {
  const list = app.pages(cursor => app.api.call('GET /v1/me/views', { query: { limit: 30, cursor } }))
  return {
    title: () => say(W.whoLooked),
    back: 'record',
    view: () => paged(list, items => h('ul', { class: 'rows' }, items.map(one => lookReading(one, app.now())).map(one => h('li', { key: one.key, class: 'row' }, h('span', { class: 'row-text' }, h('b', null, one.title), one.why && h('span', null, one.why), h('small', null, one.at))))),
      empty({ icon: 'person', title: say(W.noViews), detail: say(W.noViewsDetail) })),
  }
})

export const history = screen(app => {
  const list = app.pages(cursor => app.api.call('GET /v1/me/trace', { query: { limit: 30, cursor } }))
  return { title: () => say(W.trace), back: 'record', view: () => [h('p', { class: 'say' }, say(H.hashHint)), paged(list, items => eventList(items, app.now(), seq => `#/record/object/${seq}`), null)] }
})

export const objecting = screen((app, params) => {
  const seq = /^[1-9]\d*$/.test(params.about || '') ? Number(params.about) : 0
  const form = formOf(app, { about: seq ? String(seq) : params.about || 'health_certificate', text: '' })
  const send = async () => {
    const about = seq || /** @type {Contract['Section']} */ (form.values.about)
    await app.api.call('POST /v1/me/objections', { intent: 'objection', body: { about, text: form.values.text } })
    app.say(say(W.objected))
    app.go('record', true)
  }
  return {
    title: () => say(W.objectTitle),
    back: seq ? 'record/history' : 'record',
    view: () => card({}, h('p', { class: 'say' }, say(W.objectWhy)), form.around({ label: say(W.objectSend), send },
      form.select('about', { label: say(W.objectAbout), options: seq ? [{ value: String(seq), label: aboutName(String(seq)) }] : Object.keys(sections).map(value => ({ value, label: sayOf(sections, value) })) }),
      form.text('text', { label: say(W.objectText), rows: 5, maxlength: 1000 }))),
  }
})
