// What is a worker's own: her data, leave, consent, whom she works for, and the way out of all of it.

import { when } from '../../miniprogram/logic/format.js'
import { readServices } from '../../miniprogram/logic/catalogue.js'
import { consentReading, deeds, moves, ownFacts } from '../../miniprogram/logic/own.js'
import { standings } from '../../miniprogram/logic/words/contract.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { formOf } from '../form.js'
import { awaited, button, card, dialog, facts, h, note, row, rows, say, sayOf, screen, tag, told } from '../parts.js'

/** What is asked once more, and of which agency. @typedef {{ deed: keyof typeof deeds, agency?: string, proposal_id?: string }} Asked */

export const me = screen(app => {
  const own = app.load(() => app.api.call('GET /v1/me/record'))
  const services = app.load(() => readServices(app.api))
  /** @type {Asked | null} */
  let asked = null
  let form = formOf(app, { reason: '' })
  const ask = (/** @type {Asked | null} */ what) => () => { asked = what; form = formOf(app, { reason: '' }); app.update() }
  /** Does it, and reads what has become of it. @param {() => Promise<unknown>} act @param {import('../../miniprogram/logic/words.js').Words} done */
  const doing = (act, done) => async () => {
    await act()
    ask(null)()
    await own.again()
    app.say(say(done))
  }
  return { title: () => say(W.me), view: () => awaited(own, whole, 8) }

  /** @param {Contract['OwnRecord']} record */
  function whole(record) {
    const { worker, employer } = record
    const keep = doing(() => app.api.call('DELETE /v1/me/erase'), W.eraseKept)
    const consent = consentReading(record, app.now())
    return [
      worker.erasure && h('div', { role: 'status', class: 'block' }, note('warn', say(W.eraseDue, { time: when(worker.erasure.due_at, app.now()) })),
        h('p', { class: 'buttons' }, button({ label: say(W.eraseKeep), onclick: () => { keep().catch(problem => app.say(told(problem))) } }))),
      moves(record).map(({ id, agency, isAgreed }) => card({ key: id, title: say(W.moveTo, { agency }), kind: 'asking' }, h('p', { class: 'say' }, say(W.moveDetail)),
        isAgreed ? note('good', say(W.agreed)) : h('p', { class: 'buttons' }, button({ label: say(W.agree), icon: 'tick', onclick: ask({ deed: 'agree', agency, proposal_id: id }) })))),
      card({ title: worker.name, aside: tag(sayOf(standings, worker.status), worker.status === 'approved' ? 'good' : 'warn') }, facts(ownFacts(record, services.value || [], app.now()))),
      rows(row({ href: '#/me/leave', icon: 'calendar', title: say(W.leave), detail: say(W.leaveDetail) })),
      card({ title: say(W.consent) }, consent.holds ? h('p', null, consent.words) : note('warn', consent.words), h('p', { class: 'say' }, say(W.consentText)),
        h('p', { class: 'buttons' }, consent.holds ? button({ label: say(W.withdraw), onclick: ask({ deed: 'withdraw' }) }) : button({ label: say(W.give), icon: 'tick', onclick: ask({ deed: 'give' }) }))),
      h('div', { class: 'beside' },
        employer && button({ label: say(W.leaveAgency), kind: 'quiet', onclick: ask({ deed: 'leave', agency: employer.name }) }),
        !worker.erasure && button({ label: say(W.erase), kind: 'quiet', onclick: ask({ deed: 'erase' }) }),
        button({ label: say(controls.logOut), kind: 'quiet', icon: 'out', onclick: app.logOut })),
      asked && question(asked),
    ]
  }

  /** @param {Asked} asked */
  function question({ deed: name, agency = '', proposal_id = '' }) {
    /** @type {import('../../miniprogram/logic/own.js').Deed} */
    const deed = deeds[name]
    const send = doing(() => deed.act(app.api, { reason: form.values.reason || null, proposal_id }), deed.done)
    return dialog({ title: say(deed.ask, { agency }), close: ask(null) },
      form.around({ label: say(deed.yes), kind: deed.isHard ? 'danger' : 'go', aside: button({ label: say(controls.cancel), kind: 'quiet', onclick: ask(null) }), send },
        deed.details.map((words, at) => h('p', { key: at }, say(words))), deed.hasReason && form.text('reason', { label: say(W.leaveAgencyWhy), optional: true, maxlength: 200 })))
  }
})
