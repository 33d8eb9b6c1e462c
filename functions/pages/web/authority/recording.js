// What the authority does about a worker by hand: a section of her record, what she is said to have done, and her badges.

import { DAY, day, isoDay, moment } from '../../miniprogram/logic/format.js'
import { badgeState } from '../../miniprogram/logic/record.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { badgeStatuses, sections, states } from '../../miniprogram/logic/words/contract.js'
import { actors, history as H } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { button, card, h, paged, say, sayOf, tag } from '../parts.js'
import { mayDecide, reasonField } from './deciding.js'

/** @type {Contract['SectionResult']['state'][]} */
const STATES = ['clear', 'flagged', 'pending', 'withheld', 'unknown']
/** What follows from what is done to a badge. */
const HINTS = { suspend: W.badgeSuspendHint, reinstate: W.badgeReinstateHint, revoke: W.badgeRevokeHint }
/** Sections that are clear until a day that has to be named. */
const ENDING = ['health_certificate', 'personal_insurance', 'occupational_insurance']

/** @param {App} app @param {string} worker_id @param {() => any} again */
export function recordSection(app, worker_id, again) {
  const opened = app.now()
  const today = isoDay(opened)
  app.ask(formOf(app, { section: '', state: /** @type {string | null} */ (null), as_of: today, valid_until: '', reference: '' }), form => ({
    title: say(W.record), label: say(W.record),
    check: () => form.values.state === 'clear' && ENDING.includes(form.values.section) ? {} : { '/valid_until': false },
    fields: [
      h('p', { class: 'say' }, say(W.recordHint)),
      form.select('section', { label: say(W.section), options: ['', ...Object.keys(sections)].map(value => ({ value, label: value ? sayOf(sections, value) : '—' })) }),
      form.choices('state', { label: say(W.state), options: STATES.map(value => ({ value, label: sayOf(states, value) })) }),
      h('div', { class: 'pair' }, form.text('as_of', { label: say(W.checkedOn), type: 'date', max: today }), form.text('valid_until', { label: say(W.validUntil), hint: say(W.validUntilHint), type: 'date', min: today })),
      form.text('reference', { label: say(W.reference), maxlength: 100, autocomplete: 'off', optional: true }),
    ],
    send: () => {
      const { section, state, as_of: since, valid_until: until, reference } = form.values
      return app.api.call('POST /v1/workers/{worker_id}/sections', { path: { worker_id }, repeats: true, body: {
        section: /** @type {any} */ (section), state: /** @type {any} */ (state), reference: reference || null,
        // The moment is the dialog's, so that a repeat says the same.
        as_of: since === today ? new Date(opened).toISOString() : moment(since, '00:00'),
        // Through the whole of the last day.
        valid_until: until ? new Date(Date.parse(moment(until, '00:00')) + DAY).toISOString() : null,
      } })
    },
    done: () => { app.say(say(W.recorded)); return again() },
  }))
}

/** @param {App} app @param {string} worker_id @param {() => any} again */
export function recordComplaint(app, worker_id, again) {
  app.ask(formOf(app, { reason: '' }), form => ({
    title: say(W.complain), label: say(W.complain),
    fields: [h('p', { class: 'say' }, say(W.complainHint)), reasonField(form)],
    send: () => app.api.call('POST /v1/workers/{worker_id}/complaints', { path: { worker_id }, intent: `complaint ${worker_id}`, body: form.values }),
    done: () => { app.say(say(W.recorded)); return again() },
  }))
}

/** The badges that she was issued, the last first. @param {App} app @param {string} worker_id @param {(agency_id: string) => string} agencyName */
export function badgesOf(app, worker_id, agencyName) {
  const list = app.pages(cursor => app.api.call('GET /v1/workers/{worker_id}/badges', { path: { worker_id }, query: { limit: 20, cursor } }))
  const change = (/** @type {Contract['Badge']} */ { badge_id }, /** @type {keyof typeof HINTS} */ what) => button({ key: what, label: say(W[what]), kind: what === 'reinstate' ? 'plain' : 'danger', onclick: () => app.ask(formOf(app, { reason: '' }), form => ({
    title: say(W.ask, { deed: say(W[what]), name: say(W.thisBadge) }), label: say(W[what]), kind: what === 'reinstate' ? 'go' : 'danger',
    fields: [h('p', { class: 'say' }, say(HINTS[what])), reasonField(form)],
    send: () => app.api.call(`POST /v1/badges/{badge_id}/${what}`, { path: { badge_id }, body: form.values, repeats: true }),
    done: list.again,
  })) })
  return () => card({ title: say(W.badges), key: 'badges' }, paged(list, badges => h('ul', { class: 'said' }, badges.map(badge => {
    const { state, tone } = badgeState(badge, app.now())
    return h('li', { key: badge.badge_id },
      h('div', { class: 'card-head' }, h('b', null, say(W.badgeIssued, { day: day(badge.issued_at, app.now()) })), tag(sayOf(badgeStatuses, state), tone)),
      h('small', null, [agencyName(badge.agency_id), say(W.badgeUntil, { day: day(Date.parse(badge.expires_at) - 1, app.now()) })].filter(Boolean).join(' · ')),
      state === 'suspended' && h('p', null, say(W.suspendedBy, { who: sayOf(actors, badge.suspended_by === 'authority' ? 'aut' : 'agy') }), badge.reason && ` · ${say(H.reason, { reason: badge.reason })}`),
      mayDecide(app) && (state === 'valid' || state === 'suspended') && h('div', { class: 'buttons' }, change(badge, state === 'valid' ? 'suspend' : 'reinstate'), change(badge, 'revoke')))
  })), h('p', { class: 'say' }, say(W.noBadges))))
}
