// When a worker can work: her agency's hours, and leave, of which she enters her own.

import { clockTimes, isoDay } from '../../miniprogram/logic/format.js'
import { changeLeave, leaveAhead, leaveFault, spanOf, tomorrow, weekHours } from '../../miniprogram/logic/leave.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, button, card, facts, h, say, screen, told } from '../parts.js'

export const leave = screen(app => {
  const read = app.load(() => app.api.call('GET /v1/me/availability'))
  const form = formOf(app, tomorrow(app.now()))
  const times = clockTimes.map(time => ({ value: time, label: time }))
  return { title: () => say(W.leave), back: 'me', view: () => awaited(read, whole, 6) }

  /** @param {Contract['Availability']} now */
  function whole(now) {
    const ahead = leaveAhead(now, app.now())
    const hours = weekHours(now)
    const change = async (/** @type {import('../../miniprogram/logic/leave.js').Span} */ span, /** @type {boolean} */ isTaken) => {
      read.take(await changeLeave(app.api, now, span, isTaken))
      app.say(say(isTaken ? W.leaveSaved : W.leaveTakenBack))
    }
    return [
      card({ title: say(W.leaves) }, ahead.length === 0 ? h('p', { class: 'say' }, say(W.noLeave)) : h('ul', { class: 'said' }, ahead.map(one => h('li', { key: `${one.from} ${one.until} ${one.by}`, class: 'line' },
        h('span', { class: 'row-text' }, h('b', null, one.time), h('small', null, one.by)),
        one.isOwn && button({ label: say(W.takeBack), kind: 'quiet', onclick: () => { change(one, false).catch(problem => app.say(told(problem))) } }))))),
      card({ title: say(W.addLeave) }, form.around({ label: say(W.addLeave), send: () => change(spanOf(form.values), true), check: () => ({ '/leave': leaveFault(form.values, app.now()) }) },
        h('div', { class: 'pair' }, form.text('from', { label: say(W.leaveFrom), type: 'date', min: isoDay(app.now()) }), form.select('fromTime', { label: say(W.leaveFromTime), options: times })),
        h('div', { class: 'pair' }, form.text('until', { label: say(W.leaveUntil), type: 'date', min: form.values.from || isoDay(app.now()), pointer: '/leave' }), form.select('untilTime', { label: say(W.leaveUntilTime), options: times }))),
      h('p', { class: 'hint' }, say(W.leaveKept))),
      card({ title: say(W.hours) }, hours.length ? [facts(hours), h('p', { class: 'hint' }, say(W.hoursBy))] : h('p', { class: 'say' }, say(W.noHours))),
    ]
  }
})
