// When a worker can work: her agency's hours, and leave, of which she enters her own.

import { Problem } from '../../miniprogram/logic/api.js'
import { isoDay, moment, when } from '../../miniprogram/logic/format.js'
import { told } from '../../miniprogram/logic/problem.js'
import { say, sayOf } from '../../miniprogram/logic/words.js'
import { weekdays, worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, button, card, facts } from '../parts.js'
import { h } from '../view.js'

/** @typedef {import('contract').Schemas['Availability']} Availability */

const DAY = 86_400_000

/** @type {import('../app.js').MakeScreen} */
export const leave = app => {
  const read = app.load(() => app.api.call('GET /v1/me/availability'))
  const tomorrow = isoDay(app.now() + DAY)
  const form = formOf(app, { from: tomorrow, fromTime: '08:00', until: tomorrow, untilTime: '18:00' })
  const span = () => ({ from: moment(form.values.from, form.values.fromTime), until: moment(form.values.until, form.values.untilTime) })
  const times = Array.from({ length: 48 }, (_, half) => `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 ? '30' : '00'}`).map(time => ({ value: time, label: time }))
  return { title: () => say(W.leave), back: 'me', view: () => awaited(read, whole, 6) }

  /** @param {Availability} now */
  function whole(now) {
    const ahead = now.leave.filter(one => Date.parse(one.until) > app.now())
    return [
      card({ title: say(W.leaves) }, ahead.length === 0 ? h('p', { class: 'say' }, say(W.noLeave)) : h('ul', { class: 'said' }, ahead.map(one => h('li', { key: `${one.from} ${one.by}`, class: 'line' },
        h('span', { class: 'row-text' }, h('b', null, `${when(one.from, app.now())} – ${when(one.until, app.now())}`), h('small', null, say(one.by === 'worker' ? W.byWorker : W.byAgency))),
        one.by === 'worker' && button({ label: say(W.takeBack), kind: 'quiet', onclick: () => { put(own(now).filter(other => other.from !== one.from || other.until !== one.until)).catch(problem => app.say(told(problem))) } }))))),
      card({ title: say(W.addLeave) }, form.around({ label: say(W.addLeave), send: async () => { await put([...own(now), span()]); app.say(say(W.leaveSaved)) }, check },
        h('div', { class: 'pair' }, form.text('from', { label: say(W.leaveFrom), type: 'date', min: isoDay(app.now()) }), form.select('fromTime', { label: say(W.leaveFromTime), options: times })),
        h('div', { class: 'pair' }, form.text('until', { label: say(W.leaveUntil), type: 'date', min: form.values.from || isoDay(app.now()), pointer: '/leave' }), form.select('untilTime', { label: say(W.leaveUntilTime), options: times }))),
      h('p', { class: 'hint' }, say(W.leaveKept))),
      card({ title: say(W.hours) }, now.hours ? [facts(Object.keys(weekdays).map(day => [sayOf(weekdays, day), (now.hours || []).filter(one => one.day === day).map(one => `${one.from}–${one.until}`).join('，')])), h('p', { class: 'hint' }, say(W.hoursBy))]
        : h('p', { class: 'say' }, say(W.noHours))),
    ]
  }

  function check() {
    const { from, until } = form.values
    return { '/from': !from && say(W.leaveOrder), '/leave': (!until || !from || Date.parse(span().until) <= Math.max(app.now(), Date.parse(span().from))) && say(W.leaveOrder) }
  }

  /** @param {Availability} now @returns {{ from: string, until: string }[]} */
  function own(now) {
    return now.leave.filter(one => one.by === 'worker').map(({ from, until }) => ({ from, until }))
  }

  /** @param {{ from: string, until: string }[]} spans */
  async function put(spans) {
    try {
      read.value = await app.api.call('PUT /v1/me/availability', { body: { leave: spans, version: read.value?.version } })
      app.update()
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 409) throw problem
      await read.again()
      app.say(say(W.leaveChanged))
    }
  }
}
