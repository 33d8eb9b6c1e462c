// Weekly hours, of workers and stores, and a worker's leave: how they read and how they are set.

import { Problem } from '../../miniprogram/logic/api.js'
import { clockTimes, DAY, day, isoDay, moment } from '../../miniprogram/logic/format.js'
import { weekdays } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { button, h, say, sayOf } from '../parts.js'

const DAYS = /** @type {Contract['Hours']['day'][]} */ (Object.keys(weekdays))
/** As many as the API takes. */
const MOST = 28

/** A line a day. @param {Contract['Hours'][]} hours */
export const hoursText = hours => DAYS.map(name => ({ name, spans: hours.filter(span => span.day === name) })).filter(({ spans }) => spans.length)
  .map(({ name, spans }) => `${sayOf(weekdays, name)} ${spans.map(({ from, until }) => `${from}–${until}`).join('、')}`)

/** Fields for weekly hours, in a form whose values they are put into. @param {ReturnType<typeof formOf<any>>} form @param {Contract['Hours'][] | null} before @param {{ label: Words, any: Words, pointer?: string, update: () => void }} words */
export function hoursFields(form, before, { label, any, pointer = '/hours', update }) {
  let next = 0
  /** @type {number[]} */
  const lines = []
  const { values } = form
  const add = (/** @type {Contract['Hours']} */ span) => {
    Object.assign(values, { [`day${next}`]: span.day, [`from${next}`]: span.from, [`until${next}`]: span.until })
    lines.push(next++)
  }
  values.limited = before?.length ? 'some' : 'any'
  for (const span of before || []) add(span)
  const options = (/** @type {string[]} */ times, /** @type {string} */ own) => [...new Set([...times, own])].sort().map(value => ({ value, label: value }))
  const more = () => {
    const last = lines.length ? values[`day${lines[lines.length - 1]}`] : 'sunday'
    add({ day: DAYS[(DAYS.indexOf(last) + 1) % 7], from: '08:00', until: '18:00' })
    update()
  }
  return {
    /** As the API takes them. @returns {Contract['Hours'][] | null} */
    read: () => values.limited === 'any' || !lines.length ? null : lines.map(line => ({ day: values[`day${line}`], from: values[`from${line}`], until: values[`until${line}`] })),
    view: () => [
      form.choices('limited', { label: say(label), pointer, options: [{ value: 'any', label: say(any) }, { value: 'some', label: say(W.hoursSome) }], chosen: value => { if (value === 'some' && !lines.length) for (let number = 0; number < 6; number++) more() } }),
      values.limited === 'some' && h('div', { class: 'spans' }, lines.map((line, number) => h('div', { key: line, class: 'span' },
        form.select(`day${line}`, { label: say(W.weekday), pointer: `${pointer}/${number}/day`, options: DAYS.map(value => ({ value, label: sayOf(weekdays, value) })) }),
        form.select(`from${line}`, { label: say(W.from), pointer: `${pointer}/${number}/from`, options: options(clockTimes, values[`from${line}`]) }),
        form.select(`until${line}`, { label: say(W.until), pointer: `${pointer}/${number}/until`, options: options([...clockTimes.slice(1), '24:00'], values[`until${line}`]) }),
        button({ label: say(W.removeHours, { what: '' }), kind: 'quiet', onclick: () => { lines.splice(lines.indexOf(line), 1); update() } }))),
      lines.length < MOST && button({ label: say(W.addHours), icon: 'plus', onclick: more })),
    ],
  }
}

/** Sets when a worker can work.
 * @param {App} app @param {string} worker_id @param {Contract['Calendar']} known @param {(now: Contract['Availability'] | null) => void} done Without anything when somebody else has changed it. */
export function changingHours(app, worker_id, known, done) {
  const form = formOf(app, /** @type {any} */ ({}))
  const { values } = form
  const hours = hoursFields(form, known.hours, { label: W.hoursLimit, any: W.hoursAny, update: app.update })
  // Her own leave is hers.
  const kept = known.leave.filter(one => one.by === 'agency').map(({ from, until }) => ({ from, until }))
  let next = 0
  /** @type {number[]} */
  const added = []
  const add = () => {
    Object.assign(values, { [`leaveFrom${next}`]: isoDay(app.now() + DAY), [`leaveUntil${next}`]: isoDay(app.now() + DAY) })
    added.push(next++)
    app.update()
  }
  const send = async () => {
    const leave = [...kept, ...added.map(line => ({ from: moment(values[`leaveFrom${line}`], '00:00'), until: new Date(Date.parse(moment(values[`leaveUntil${line}`], '00:00')) + DAY).toISOString() }))]
    try {
      done(await app.api.call('PUT /v1/workers/{worker_id}/availability', { path: { worker_id }, body: { hours: hours.read(), leave, version: known.version } }))
      app.say(say(W.changed))
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.slug !== 'changed-since') throw problem
      app.say(say(W.changedSince))
      done(null)
    }
  }
  const check = () => Object.fromEntries(added.map(line => [`/leave/${line}/until`, !(values[`leaveUntil${line}`] >= values[`leaveFrom${line}`]) && say(W.leaveFault)]))
  const remove = (/** @type {() => void} */ what) => button({ label: say(W.removeHours, { what: '' }), kind: 'quiet', onclick: () => { what(); app.update() } })
  return () => form.around({ label: say(W.save), send, check }, hours.view(),
    h('fieldset', { class: 'field' }, h('legend', null, say(W.leave)),
      kept.map(one => h('div', { key: one.from, class: 'span' }, h('span', null, `${day(one.from, app.now())}–${day(Date.parse(one.until) - 1, app.now())}`), remove(() => kept.splice(kept.indexOf(one), 1)))),
      added.map(line => h('div', { key: line, class: 'span' },
        form.text(`leaveFrom${line}`, { label: say(W.leaveFrom), pointer: `/leave/${line}/from`, type: 'date', min: isoDay(app.now()) }), form.text(`leaveUntil${line}`, { label: say(W.leaveUntil), pointer: `/leave/${line}/until`, type: 'date', min: isoDay(app.now()) }),
        remove(() => added.splice(added.indexOf(line), 1)))),
      button({ label: say(W.addLeave), icon: 'plus', onclick: add })))
}
