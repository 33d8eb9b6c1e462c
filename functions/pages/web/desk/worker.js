// One worker: who she is, her record, when she works, her badges.

import { Problem } from '../../miniprogram/logic/api.js'
import { clockTime, DAY, day, isoDay, masked, phoneText, when } from '../../miniprogram/logic/format.js'
import { sectionReading, standingReading } from '../../miniprogram/logic/record.js'
import { orderStatuses, standings } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { awaited, button, card, facts, h, icon, listed, note, row, rows, say, sayOf, SERVICE_ICONS, stars, tag, told } from '../parts.js'
import { fileButton, smaller } from '../photo.js'
import { badgesOf } from './badges.js'
import { changingHours, hoursText } from './hours.js'
import { askWhy, deeds, unlessGone } from './reading.js'
import { changing } from './worker-form.js'

const WEEKS = 14 * DAY
/** The API takes a photo of 1 MiB. */
const PHOTO_SIDE = 1024

/** @param {App} app @param {Watch} watch @param {string} worker_id @param {() => void} changed */
export function workerDetail(app, watch, worker_id, changed) {
  const path = { worker_id }
  /** @type {Promise<Contract['Worker']>} */
  let asked
  const read = app.load(() => (asked = app.api.call('GET /v1/workers/{worker_id}', { path })))
  const photo = app.picture(async () => {
    if (!(await asked).photo) throw new Problem({ type: '/problems/none' }, 404)
    return app.api.call('GET /v1/workers/{worker_id}/photo', { path, raw: true })
  })
  const calendar = app.load(async () => {
    if ((await asked).status !== 'approved') throw new Problem({ type: '/problems/none' }, 404)
    return app.api.call('GET /v1/workers/{worker_id}/calendar', { path, query: { from: new Date(app.now()).toISOString(), until: new Date(app.now() + WEEKS).toISOString() } })
  })
  const badges = badgesOf(app, watch, worker_id, () => read.value?.name || '')
  /** What is being changed, and its form. @type {{ what: 'data' | 'hours', form: () => Child } | null} */
  let editing = null
  const deed = deeds(app, problem => problem instanceof Error && problem.message === 'photo' ? say(W.photoFault) : told(problem))
  const end = () => askWhy(app, {
    title: W.endTitle, note: W.endNote, label: W.endWork, whys: W.endWhys,
    send: reason => app.api.call('POST /v1/workers/{worker_id}/leave', { path, body: { reason }, repeats: true }).catch(unlessGone),
    done: () => {
      app.say(say(W.workEnded))
      changed()
      app.go('workers', true)
    },
  })
  const stop = () => { editing = null; app.update() }
  return () => awaited(read, worker => [
    head(worker), worker.pending_changes && waiting(worker.pending_changes), record(worker), worker.status === 'approved' && [hours(worker), badges.view()],
    watch.may('workers') && worker.status === 'approved' && h('div', { class: 'buttons' }, button({ label: say(W.endWork), kind: 'danger', onclick: end })),
    badges.sheet(),
  ], 10)

  /** @param {Contract['Worker']} worker */
  function head(worker) {
    const { word, tone } = standingReading(worker.standing)
    const isApproved = worker.status === 'approved'
    return card({ key: 'head' },
      h('div', { class: 'person' }, photo.value ? h('img', { class: 'face', src: photo.value, alt: say(W.photoOf, { name: worker.name || '' }) }) : h('span', { class: 'face' }, icon('person', 'large')),
        h('div', { class: 'row-text' }, h('h2', null, worker.name || say(W.erased)),
          h('span', { class: 'tags' }, isApproved ? tag(word, tone) : tag(sayOf(standings, worker.status), worker.status === 'pending' ? 'warn' : 'bad'), stars(worker.stars, W.starsOf)))),
      deed.fault(),
      worker.status === 'rejected' && note('warn', say(W.rejectedWhy)),
      worker.consent?.withdrawn_at && note('bad', say(W.consentGone)),
      worker.erasure && note('bad', say(W.erasing, { time: when(worker.erasure.due_at, app.now()) })),
      !worker.photo && !worker.pending_changes?.photo && !worker.erased && note('warn', say(W.waitsPhoto), say(W.photoHint)),
      editing?.what === 'data' ? [editing.form(), h('div', { class: 'buttons' }, button({ label: say(W.keep), kind: 'quiet', onclick: stop }))] : [
        facts([
          [say(W.phone), worker.phone && h('a', { href: `tel:${worker.phone}` }, phoneText(worker.phone))],
          [say(W.idNumber), worker.id_number && masked(worker.id_number)],
          ...worker.skills.map(skill => {
            const known = worker.experience.find(one => one.service === skill)
            return /** @type {[string, Child]} */ ([watch.serviceName(skill), h('span', { class: 'tags' }, known?.years ? tag(say(W.years, { years: known.years })) : !known?.tags.length && '—', known?.tags.map(one => tag(watch.tagName(one))))])
          }),
        ]),
        watch.may('workers') && !worker.erased && h('div', { class: 'buttons' },
          fileButton({ label: say(worker.photo ? W.photoChange : W.photoAdd), busy: deed.isBusy('photo'), chosen: file => { deed.do('photo', () => sendPhoto(file)) } }),
          button({ label: say(W.change), onclick: () => { editing = { what: 'data', form: changing(app, watch, worker, took) }; app.update() } }))])
  }

  /** @param {Contract['Worker']} worker */
  function took(worker) {
    read.take(worker)
    asked = Promise.resolve(worker)
    stop()
    changed()
  }

  /** @param {Blob} file */
  async function sendPhoto(file) {
    const worker = await app.api.call('PUT /v1/workers/{worker_id}/photo', { path, file: await smaller(file, PHOTO_SIDE) })
    app.say(say(worker.status === 'approved' ? W.photoWaits : W.photoSent))
    took(worker)
    photo.again()
  }

  /** @param {NonNullable<Contract['Worker']['pending_changes']>} to */
  function waiting(to) {
    return card({ title: say(W.proposals), key: 'waiting' }, facts([
      [say(W.personName), to.name], [say(W.phone), to.phone && phoneText(to.phone)], [say(W.skills), to.skills && listed(to.skills.map(watch.serviceName))],
      [say(W.years, { years: '' }).trim(), to.experience && listed(to.experience.map(one => `${watch.serviceName(one.service)} ${say(W.years, { years: one.years })}`))],
      [say(W.photo), to.photo && say(W.newPhoto)],
    ]))
  }

  /** @param {Contract['Worker']} worker */
  function record(worker) {
    const takesTemperature = worker.skills.some(skill => watch.services.find(({ service }) => service === skill)?.requires.includes('body_temperature'))
    return card({ title: say(W.record), key: 'record' },
      h('ul', { class: 'record' }, worker.sections.map(line => {
        const { name, state, tone } = sectionReading(line)
        return h('li', { key: line.section }, h('span', null, name), tag(state, tone), h('small', null, line.valid_until ? say(W.validUntil, { day: day(Date.parse(line.valid_until) - 1, app.now()) }) : line.as_of ? say(W.asOf, { time: when(line.as_of, app.now()) }) : ''))
      })),
      takesTemperature && watch.may('workers') && worker.status === 'approved' && [h('p', { class: 'hint' }, say(W.temperatureHint)), h('div', { class: 'buttons' },
        button({ label: say(W.temperatureGood), busy: deed.isBusy('clear'), onclick: () => deed.do('clear', () => temperature('clear')) }), button({ label: say(W.temperatureBad), kind: 'quiet', busy: deed.isBusy('flagged'), onclick: () => deed.do('flagged', () => temperature('flagged')) }))])
  }

  /** @param {'clear' | 'flagged'} state */
  async function temperature(state) {
    const worker = await app.api.call('POST /v1/workers/{worker_id}/sections', { path, body: { section: 'body_temperature', state, as_of: new Date(app.now()).toISOString() }, repeats: true })
    app.say(say(W.temperatureNoted))
    took(worker)
  }

  /** @param {Contract['Worker']} worker */
  function hours(worker) {
    return card({ title: say(W.hours), key: 'hours' }, awaited(calendar, known => editing?.what === 'hours' ? [editing.form(), h('div', { class: 'buttons' }, button({ label: say(W.keep), kind: 'quiet', onclick: stop }))] : [
      facts([
        [say(W.hoursLimit), known.hours?.length ? h('ul', null, hoursText(known.hours).map(line => h('li', { key: line }, line))) : say(W.hoursAlways)],
        [say(W.leave), known.leave.length ? h('ul', null, known.leave.map(one => h('li', { key: one.from }, leaveText(one), one.by === 'worker' && h('small', null, ` ${say(W.leaveOwn)}`)))) : say(W.leaveNone)],
      ]),
      watch.may('workers') && h('div', { class: 'buttons' }, button({ label: say(W.edit), onclick: () => { editing = { what: 'hours', form: changingHours(app, worker.worker_id, known, now => { if (now) calendar.take({ ...(calendar.value || known), ...now }); stop(); if (!now) calendar.again() }) }; app.update() } })),
      h('h3', null, say(W.visits)),
      known.visits.length ? rows(known.visits.map(visit => row({ key: visit.order_id, href: `#/orders/${visit.order_id}`, icon: SERVICE_ICONS[visit.service], title: `${when(visit.start_at, app.now())}–${clockTime(visit.ends_at)}`, detail: watch.serviceName(visit.service), aside: tag(sayOf(orderStatuses, visit.status)) })))
        : h('p', { class: 'hint' }, say(W.noVisitsHers)),
    ], 4))
  }

  /** @param {{ from: string, until: string }} leave */
  function leaveText({ from, until }) {
    const last = Date.parse(until) - 1
    return isoDay(from) === isoDay(last) ? day(from, app.now()) : `${day(from, app.now())}–${day(last, app.now())}`
  }
}
