// A credential is given: what it is for is asked, and its secret shown once.

import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { formOf } from '../form.js'
import { button, facts, h, note, say } from '../parts.js'
import { copy } from '../tools.js'

/** @typedef {{ access_key: string, secret: string }} Key */

/** Asks what it is for and gives it. @template {Key} K @param {App} app @param {{ title: string, whose: string, detail?: string, send: (body: { name: string }) => Promise<K>, done?: () => any }} how */
export const giveCredential = (app, { title, whose, detail, send, done }) => app.ask(formOf(app, { name: '' }), form => ({
  title, label: say(W.add), send: () => send(form.values), done: key => { handOver(app, whose, key); return done?.() },
  fields: [detail && h('p', { class: 'say' }, detail), form.text('name', { label: say(W.keyName), hint: say(W.keyNameHint), autocomplete: 'off', maxlength: 40 })],
}))

/** Shows one that was given, once. @param {App} app @param {string} whose @param {Key} key */
export const handOver = (app, whose, { access_key, secret }) => app.ask(formOf(app, {}), () => ({
  title: say(W.secretTitle, { whose }), label: say(W.done), isOnce: true, send: async () => {},
  fields: [note('warn', say(W.secretDetail)), facts([[say(W.accessKey), h('code', null, access_key)], [say(W.secret), h('code', null, secret)]]),
    h('div', { class: 'buttons' }, button({ label: say(W.copy), icon: 'file', onclick: () => copy(app, `${access_key}\n${secret}`) }))],
}))
