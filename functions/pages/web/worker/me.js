// What is a worker's own: her data, leave, consent, whom she works for, and the way out of all of it.

import { day, masked, phoneText, when } from '../../miniprogram/logic/format.js'
import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { told } from '../../miniprogram/logic/problem.js'
import { listed, named, say, sayOf } from '../../miniprogram/logic/words.js'
import { standings } from '../../miniprogram/logic/words/contract.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { badgeStatuses, CONSENT_VERSION, worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, button, card, dialog, facts, note, row, rows, tag } from '../parts.js'
import { h } from '../view.js'

/** @typedef {import('contract').Schemas['OwnRecord']} OwnRecord */

/** @type {import('../app.js').MakeScreen} */
export const me = app => {
  const own = app.load(() => app.api.call('GET /v1/me/record'))
  const services = app.load(() => readServices(app.api))
  /** @type {'withdraw' | 'give' | 'leave' | 'erase' | `agree ${string}` | null} What is asked once more. */
  let asked = null
  const blank = () => formOf(app, { reason: '' })
  let form = blank()
  const ask = (/** @type {typeof asked} */ what) => () => { asked = what; form = blank(); app.update() }
  const close = ask(null)
  /** Does it, and reads what has become of it. @param {() => Promise<any>} act @param {import('../../miniprogram/logic/words.js').Words} done */
  const doing = (act, done) => async () => {
    await act()
    close()
    await own.again()
    app.say(say(done))
  }
  return { title: () => say(W.me), view: () => awaited(own, whole, 8) }

  /** @param {OwnRecord} record */
  function whole(record) {
    const { worker, employer } = record
    return [
      worker.erasure && h('div', { role: 'status' }, note('warn', say(W.eraseDue, { time: when(worker.erasure.due_at, app.now()) })),
        h('p', { class: 'buttons' }, button({ label: say(W.eraseKeep), onclick: () => { doing(() => app.api.call('DELETE /v1/me/erase'), W.eraseKept)().catch(problem => app.say(told(problem))) } }))),
      moves(record),
      card({ title: worker.name, aside: tag(sayOf(standings, worker.status), worker.status === 'approved' ? 'good' : 'warn') }, facts([
        [say(W.agency), employer ? employer.name : say(W.noEmployer)],
        [say(W.phone), worker.phone && phoneText(worker.phone)],
        [say(W.idNumber), worker.id_number && masked(worker.id_number)],
        [say(W.skills), listed(worker.skills.map(skill => serviceName(services.value || [], skill, named)))],
        [say(W.myStars), worker.stars && say(W.starsOf, worker.stars)],
        [say(W.badges), badge(record)],
      ])),
      rows(row({ href: '#/me/leave', icon: 'calendar', title: say(W.leave), detail: say(W.leaveDetail) })),
      consent(worker.consent),
      h('div', { class: 'beside' },
        employer && button({ label: say(W.leaveAgency), kind: 'quiet', onclick: ask('leave') }),
        !worker.erasure && button({ label: say(W.erase), kind: 'quiet', onclick: ask('erase') }),
        button({ label: say(controls.logOut), kind: 'quiet', icon: 'out', onclick: app.logOut })),
      asked && question(record),
    ]
  }

  /** @param {OwnRecord} record */
  function badge({ badges, employer }) {
    const last = badges.filter(one => one.agency_id === employer?.agency_id).sort((a, b) => a.issued_at < b.issued_at ? 1 : -1)[0]
    return last && [sayOf(badgeStatuses, last.status), last.status === 'valid' && ` · ${say(W.badgeUntil, { day: day(Date.parse(last.expires_at) - 1, app.now()) })}`]
  }

  /** Agencies that would employ her, which takes her consent. @param {OwnRecord} record */
  function moves({ worker, employer, wanted_by: wanted }) {
    const proposals = worker.proposals.filter(one => one.agency_id !== employer?.agency_id)
    return proposals.length > 0 && card({ title: say(W.proposals), kind: 'asking' }, proposals.map(one => h('div', { key: one.proposal_id, class: 'block' },
      h('b', null, say(W.moveTo, { agency: wanted.find(({ agency_id }) => agency_id === one.agency_id)?.name || '' })), h('p', { class: 'say' }, say(W.moveDetail)),
      one.agreed_at ? note('good', say(W.agreed)) : h('p', { class: 'buttons' }, button({ label: say(W.agree), icon: 'tick', onclick: ask(`agree ${one.proposal_id}`) })))))
  }

  /** @param {OwnRecord['worker']['consent']} given */
  function consent(given) {
    const holds = given && !given.withdrawn_at
    return card({ title: say(W.consent) }, holds ? h('p', null, say(W.consentGiven, { day: day(given.given_at, app.now()) })) : note('warn', say(given ? W.consentWithdrawn : W.consentNone)),
      h('p', { class: 'say' }, say(W.consentText)),
      h('p', { class: 'buttons' }, holds ? button({ label: say(W.withdraw), onclick: ask('withdraw') }) : button({ label: say(W.give), icon: 'tick', onclick: ask('give') })))
  }

  /** @param {OwnRecord} record */
  function question({ worker, employer, wanted_by: wanted }) {
    const keep = button({ label: say(controls.cancel), kind: 'quiet', onclick: close })
    if (asked === 'withdraw') return dialog({ title: say(W.withdrawAsk), close }, form.around({ label: say(W.withdraw), kind: 'danger', aside: keep, send: doing(() => app.api.call('POST /v1/me/consent/withdraw', { repeats: true }), W.withdrew) }, h('p', null, say(W.withdrawDetail))))
    if (asked === 'give') return dialog({ title: say(W.consent), close }, form.around({ label: say(W.give), aside: keep, send: doing(() => app.api.call('POST /v1/me/consent', { body: { text_version: CONSENT_VERSION }, repeats: true }), W.gave) }, h('p', null, say(W.consentText))))
    if (asked === 'erase') return dialog({ title: say(W.eraseAsk), close }, form.around({ label: say(W.eraseYes), kind: 'danger', aside: keep, send: doing(() => app.api.call('POST /v1/me/erase', { body: { reason: form.values.reason || null }, repeats: true }), W.eraseBegun) },
      h('p', null, say(W.eraseDetail)), form.text('reason', { label: say(W.leaveAgencyWhy), optional: true, maxlength: 200 })))
    if (asked === 'leave') return dialog({ title: say(W.leaveAgencyAsk, { agency: employer?.name || '' }), close }, form.around({ label: say(W.leaveAgencyYes), kind: 'danger', aside: keep, send: doing(() => app.api.call('POST /v1/me/leave-agency', { body: { reason: form.values.reason || null }, repeats: true }), W.left) },
      h('p', null, say(W.leaveAgencyDetail)), form.text('reason', { label: say(W.leaveAgencyWhy), optional: true, maxlength: 200 })))
    const proposal = worker.proposals.find(({ proposal_id }) => asked === `agree ${proposal_id}`)
    return proposal && dialog({ title: say(W.moveTo, { agency: wanted.find(({ agency_id }) => agency_id === proposal.agency_id)?.name || '' }), close },
      form.around({ label: say(W.agree), aside: keep, send: doing(() => app.api.call('POST /v1/me/proposals/{proposal_id}/consent', { path: { proposal_id: proposal.proposal_id }, body: { text_version: CONSENT_VERSION }, repeats: true }), W.agreed) }, h('p', null, say(W.moveDetail)), h('p', { class: 'say' }, say(W.consentText))))
  }
}
