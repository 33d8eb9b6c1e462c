// A key and its secret, shown once.

import { controls } from '../../miniprogram/logic/words/controls.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { button, h, say } from '../parts.js'

/** @param {import('../app.js').App} app @param {{ access_key: string, secret: string | null }} given */
export const credentials = (app, { access_key, secret }) => h('dl', { class: 'credentials' },
  [[say(controls.accessKey), access_key], [say(controls.secret), secret || '']].map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, h('code', null, value),
    button({ label: say(W.copy), kind: 'quiet', onclick: () => { navigator.clipboard?.writeText(value).then(() => app.say(say(W.copied)), () => {}) } })))))
