// What is a worker's own: her data, leave, consent, whom she works for, and the way out of all of it.

import { when } from '../../miniprogram/logic/format.js'
import { readServices } from '../../miniprogram/logic/catalogue.js'
import { consentReading, deeds, moves, ownFacts } from '../../miniprogram/logic/own.js'
import { standings } from '../../miniprogram/logic/words/contract.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, button, card, facts, h, note, row, rows, say, sayOf, screen, tag, told } from '../parts.js'

export const me = screen(app => {
  const own = app.load(() => app.api.call('GET /v1/me/record'))
  const services = app.load(() => readServices(app.api))
  /** Reads what has become of it, and says so. @param {Words} words */
  const done = async words => {
    await own.again()
    app.say(say(words))
  }
  /** Asks once more. @param {keyof typeof deeds} name @param {{ agency?: string, proposal_id?: string }} [about] */
  const ask = (name, { agency = '', proposal_id = '' } = {}) => () => {
    /** @type {import('../../miniprogram/logic/own.js').Deed} */
    const deed = deeds[name]
    app.ask(formOf(app, { reason: '' }), form => ({
      title: say(deed.ask, { agency }), label: say(deed.yes), kind: deed.isHard ? 'danger' : 'go', keep: say(W.cancel),
      fields: [deed.details.map((words, at) => h('p', { key: at }, say(words))), deed.hasReason && form.text('reason', { label: say(W.leaveAgencyWhy), optional: true, maxlength: 200 })],
      send: () => deed.act(app.api, { reason: form.values.reason || null, proposal_id }),
      done: () => done(deed.done),
    }))
  }
  return { title: () => say(W.me), view: () => awaited(own, whole, 8) }

  /** @param {Contract['OwnRecord']} record */
  function whole(record) {
    const { worker, employer } = record
    const keep = () => app.api.call('DELETE /v1/me/erase').then(() => done(W.eraseKept))
    const consent = consentReading(record, app.now())
    return [
      worker.erasure && h('div', { role: 'status', class: 'block' }, note('warn', say(W.eraseDue, { time: when(worker.erasure.due_at, app.now()) })),
        h('p', { class: 'buttons' }, button({ label: say(W.eraseKeep), onclick: () => { keep().catch(problem => app.say(told(problem))) } }))),
      moves(record).map(({ id, agency, isAgreed }) => card({ key: id, title: say(W.moveTo, { agency }), kind: 'asking' }, h('p', { class: 'say' }, say(W.moveDetail)),
        isAgreed ? note('good', say(W.agreed)) : h('p', { class: 'buttons' }, button({ label: say(W.agree), icon: 'tick', onclick: ask('agree', { agency, proposal_id: id }) })))),
      card({ title: worker.name, aside: tag(sayOf(standings, worker.status), worker.status === 'approved' ? 'good' : 'warn') }, facts(ownFacts(record, services.value || [], app.now()))),
      rows(row({ href: '#/me/leave', icon: 'calendar', title: say(W.leave), detail: say(W.leaveDetail) })),
      card({ title: say(W.consent) }, consent.holds ? h('p', null, consent.words) : note('warn', consent.words), h('p', { class: 'say' }, say(W.consentText)),
        h('p', { class: 'buttons' }, consent.holds ? button({ label: say(W.withdraw), onclick: ask('withdraw') }) : button({ label: say(W.give), icon: 'tick', onclick: ask('give') }))),
      h('div', { class: 'beside' },
        employer && button({ label: say(W.leaveAgency), kind: 'quiet', onclick: ask('leave', { agency: employer.name }) }),
        !worker.erasure && button({ label: say(W.erase), kind: 'quiet', onclick: ask('erase') }),
        button({ label: say(W.logOut), kind: 'quiet', icon: 'out', onclick: app.logOut })),
    ]
  }
})
