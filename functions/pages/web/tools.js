// What some screens have a browser do: copying, saving a file, moving the focus.

import { common as W } from '../miniprogram/logic/words/common.js'
import { say } from './parts.js'

/** Copies a text, and says whether that worked. @param {App} app @param {string} text */
export async function copy(app, text, done = W.copied, failed = W.notCopied) {
  app.say(say(await navigator.clipboard?.writeText(text).then(() => true, () => false) ? done : failed))
}

/** Has the browser save a file. @param {Blob} file @param {string} name */
export function saveFile(file, name) {
  const url = URL.createObjectURL(file)
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Moves the focus by one among what this selects; to the first, if it is elsewhere. @param {string} selector @param {1 | -1} step @returns {boolean} Whether there is anything. */
export function moveFocus(selector, step) {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)])
  const at = all.findIndex(one => one === document.activeElement)
  all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]?.focus()
  return all.length > 0
}
