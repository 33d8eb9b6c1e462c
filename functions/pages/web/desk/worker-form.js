// Registering a worker, and changing what is known of her.

import { isoDay, moment } from '../../miniprogram/logic/format.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf, isPhone } from '../form.js'
import { card, h, named, say } from '../parts.js'

/** The text of the consent that workers sign now. */
const CONSENT_TEXT = '2026-01'

/** What both forms ask. What waits for review is changed further, not taken back. @param {Contract['Worker'] | null} before */
function valuesOf(before) {
  const to = before?.pending_changes
  /** Years and strengths by service, as they are typed. @type {Record<string, any>} */
  const experience = {}
  for (const { service, years, tags } of to?.experience || before?.experience || []) Object.assign(experience, { [`years.${service}`]: String(years), [`tags.${service}`]: [...tags] })
  return { name: to?.name || before?.name || '', phone: to?.phone || before?.phone || '', skills: /** @type {string[]} */ ([...(to?.skills || before?.skills || [])]), id_number: '', consent: /** @type {string[]} */ ([]), consentDay: '', ...experience }
}

/** @param {ReturnType<typeof formOf<any>>} form @param {Watch} watch */
function fields(form, watch) {
  const { values } = form
  const offered = watch.services.filter(({ service }) => watch.agency?.services.includes(service) || values.skills.includes(service))
  return [
    h('div', { class: 'pair' }, form.text('name', { label: say(W.personName), autocomplete: 'off', maxlength: 50 }),
      form.text('phone', { label: say(W.phone), hint: say(W.phoneHint), type: 'tel', inputmode: 'tel', autocomplete: 'off', maxlength: 20 })),
    form.choices('skills', { label: say(W.skills), several: true, options: offered.map(({ service, name }) => ({ value: service, label: named(name) })) }),
    offered.filter(({ service }) => values.skills.includes(service)).map(({ service, name, tags }) => {
      const [years, strengths] = [`years.${service}`, `tags.${service}`]
      values[years] = values[years] ?? ''
      values[strengths] = values[strengths] ?? []
      return [
        form.text(years, { label: say(W.yearsOf, { service: named(name) }), pointer: `/years/${service}`, inputmode: 'numeric', optional: true, maxlength: 2 }),
        // A sex is no strength.
        form.choices(strengths, { label: say(W.strengthsOf, { service: named(name) }), pointer: `/tags/${service}`, several: true, optional: true, options: tags.filter(({ tag }) => !['female_worker', 'male_worker'].includes(tag)).map(({ tag, name }) => ({ value: tag, label: named(name) })) }),
      ]
    }),
  ]
}

/** @param {any} values */
const check = values => ({
  '/phone': !isPhone(values.phone) && say(W.phoneFault),
  '/skills': !values.skills.length && say(W.needService),
  ...Object.fromEntries(values.skills.map((/** @type {string} */ service) => [`/years/${service}`, values[`years.${service}`] !== '' && !/^([0-5]?\d|60)$/.test(values[`years.${service}`].trim()) && say(W.yearsFault)])),
})

/** @param {any} values */
const bodyOf = values => ({
  name: values.name, phone: values.phone, skills: /** @type {Contract['Service'][]} */ (values.skills),
  experience: values.skills.filter((/** @type {string} */ service) => values[`years.${service}`] !== '' || values[`tags.${service}`].length)
    .map((/** @type {Contract['Service']} */ service) => ({ service, years: Number(values[`years.${service}`] || 0), tags: values[`tags.${service}`] })),
})

/** @param {App} app @param {Watch} watch @param {() => void} changed */
export function registering(app, watch, changed) {
  const form = formOf(app, /** @type {any} */ ({ ...valuesOf(null), consentDay: isoDay(app.now()) }))
  const { values } = form
  const send = async () => {
    const worker = await app.api.call('POST /v1/workers', { intent: 'worker', body: { ...bodyOf(values), id_number: values.id_number, consent: { text_version: CONSENT_TEXT, given_at: moment(values.consentDay, '00:00') } } })
    app.say(say(W.workerRegistered))
    changed()
    app.go(`workers/${worker.worker_id}`, true)
  }
  return () => card({ title: say(W.newWorker) }, h('p', { class: 'say' }, say(W.newWorkerHint)),
    form.around({ label: say(W.registerWorker), send, check: () => ({ ...check(values), '/id_number': !values.id_number.trim() && say(W.idNumberHint), '/consent': !values.consent.length && say(W.consentNeed) }) },
      fields(form, watch),
      form.text('id_number', { label: say(W.idNumber), hint: say(W.idNumberHint), autocomplete: 'off', maxlength: 30 }),
      form.choices('consent', { label: say(W.consent), several: true, options: [{ value: 'yes', label: say(W.consentText) }], kind: 'whole' }),
      form.text('consentDay', { label: say(W.consentDay), pointer: '/consent/given_at', type: 'date', max: isoDay(app.now()) })))
}

/** @param {App} app @param {Watch} watch @param {Contract['Worker']} worker @param {(worker: Contract['Worker']) => void} done */
export function changing(app, watch, worker, done) {
  const form = formOf(app, /** @type {any} */ (valuesOf(worker)))
  const send = async () => {
    const changed = await app.api.call('PATCH /v1/workers/{worker_id}', { path: { worker_id: worker.worker_id }, body: bodyOf(form.values), repeats: true })
    app.say(say(changed.pending_changes ? W.proposed : W.changed))
    done(changed)
  }
  return () => form.around({ label: say(W.save), send, check: () => check(form.values) }, worker.status === 'approved' && h('p', { class: 'hint' }, say(W.changeNote)), fields(form, watch))
}
