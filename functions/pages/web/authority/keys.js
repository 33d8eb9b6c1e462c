// Keys for those who review all day, told on the screen. They can be turned off, because whoever dictates or has other tools
// types letters without meaning to.

import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { kept } from '../browser.js'
import { button, h, say } from '../parts.js'

/** Keys of this screen, and the line that tells them. They work while nothing is typed and no dialog is open.
 * @param {App} app @param {() => { keys: string[], shown: string, words: Words, act?: (key: string) => void }[]} present */
export function shortcuts(app, present) {
  const isOn = () => kept.read('keys') !== 'off'
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target)
    if (!isOn() || document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || target.matches('input, textarea, select')) return
    const found = present().find(({ keys }) => keys.includes(event.key.toLowerCase()))
    if (!found?.act) return
    event.preventDefault()
    found.act(event.key.toLowerCase())
  }
  document.addEventListener('keydown', pressed)
  app.leaving(() => document.removeEventListener('keydown', pressed))
  const turn = () => { kept.write('keys', isOn() ? 'off' : null); app.update() }
  return () => h('p', { class: 'keys', key: 'keys' }, isOn()
    ? [say(W.keys), present().map(({ shown, words }) => h('span', { key: shown }, h('kbd', null, shown), say(words))), button({ label: say(W.keysOff), kind: 'quiet', onclick: turn })]
    : button({ label: say(W.keysOn), kind: 'quiet', onclick: turn }))
}
