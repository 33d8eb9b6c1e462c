// A badge check for anybody: whether a badge is genuine, and how its worker's record stands.

import { when } from '../miniprogram/logic/format.js'
import { badgeReading, scanned } from '../miniprogram/logic/record.js'
import { site as W } from '../miniprogram/logic/words/site.js'
import { visit as V } from '../miniprogram/logic/words/visit.js'
import { start } from './app.js'
import { sectionFacts } from './customer/cards.js'
import { formOf } from './form.js'
import { button, card, facts, h, note, say, screen, verdict } from './parts.js'
import { scanner } from './scanner.js'

const check = screen(app => {
  const form = formOf(app, { digits: '' })
  /** @type {Contract['BadgePage'] | null} */
  let found = null
  const camera = scanner(app, text => {
    form.values.digits = text
    ask().catch(() => app.update())
  })
  const ask = async () => {
    const badge = scanned(form.values.digits)
    // What is no badge's is not genuine, and nobody need be asked.
    found = badge === null ? { result: 'not_genuine', standing: null, name: null, agency: null, as_of: null, sections: [] }
      : badge.kind === 'b' ? await app.api.call('GET /b/{token}', { open: true, path: { token: badge.digits } })
        : await app.api.call('GET /p/{code}', { open: true, path: { code: badge.digits } })
    app.update()
  }
  return { title: () => say(W.checkTitle), view: () => found ? result(found) : asking() }

  function asking() {
    return [
      card({ title: say(W.checkLead) }, h('p', { class: 'say' }, say(W.checkLeadDetail)), camera.view()),
      card({}, form.around({ label: say(V.checkDigits), kind: camera.isThere ? 'plain' : 'go', send: ask, check: () => ({ '/digits': scanned(form.values.digits) === null && say(V.digitsFault) }) },
        form.text('digits', { label: say(W.digits), hint: say(V.digitsHint), rows: 3, inputmode: 'numeric', autocomplete: 'off', maxlength: 400 }))),
    ]
  }

  /** @param {Contract['BadgePage']} badge */
  function result(badge) {
    const reading = badgeReading(badge.result, badge.standing)
    return h('div', { class: 'block', role: 'status' },
      verdict(reading.tone, reading.verdict, reading.standing && h('p', null, reading.standing)), note('warn', reading.advice),
      badge.name && card({}, facts([[say(W.name), badge.name], [say(W.agency), badge.agency], [say(W.asOf), badge.as_of && when(badge.as_of, app.now())]])),
      badge.sections.length > 0 && card({ title: say(W.record) }, sectionFacts(badge.sections)),
      button({ label: say(W.another), kind: 'plain', onclick: () => { found = null; form.values.digits = ''; app.update() } }))
  }
})

start({ kind: 'customer', name: W.checkTitle, open: ['*'], screens: { '': check } })
