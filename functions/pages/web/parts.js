// What screens are put together from. Each part says in words what it shows in colour.

import { say } from '../miniprogram/logic/words.js'
import { controls as W } from '../miniprogram/logic/words/controls.js'
import { countdown as clock } from '../miniprogram/logic/format.js'
import { told } from '../miniprogram/logic/problem.js'
import { icon } from './icons.js'
import { h } from './view.js'

// Every screen is made of these too.
export { listed, named, say, sayOf } from '../miniprogram/logic/words.js'
export { icon, SERVICE_ICONS } from './icons.js'
export { h, told }

/** A screen of an area. @param {import('./app.js').MakeScreen} make */
export const screen = make => make

/** A button. `kind` is `go` for a screen's one main button, `plain`, `quiet` or `danger`.
 * @param {{ label: string, kind?: 'go' | 'plain' | 'quiet' | 'danger', icon?: string, busy?: boolean, disabled?: boolean, onclick?: (event: Event) => void, submit?: boolean, key?: any }} button */
export const button = ({ label, kind = 'plain', icon: name, busy, disabled, onclick, submit, key }) =>
  h('button', { class: `button ${kind}`, type: submit ? 'submit' : 'button', 'aria-disabled': busy || disabled ? 'true' : null, 'aria-busy': busy ? 'true' : null, key,
    onclick: (/** @type {Event} */ event) => {
      // Not `disabled`, which would take the focus away.
      if (busy || disabled) event.preventDefault()
      else if (onclick) onclick(event)
    } },
  name && icon(name), h('span', null, busy ? say(W.busy) : label))

/** A link that looks like a button. @param {{ label: string, href: string, kind?: string, icon?: string }} link */
export const buttonLink = ({ label, href, kind = 'plain', icon: name }) => h('a', { class: `button ${kind}`, href }, name && icon(name), h('span', null, label))

/** A part of a screen with a heading. @param {{ title?: Child, aside?: Child, key?: any, kind?: string }} card @param {Child[]} children */
export const card = ({ title, aside, key, kind = '' }, ...children) =>
  h('section', { class: `card ${kind}`, key }, (title || aside) && h('div', { class: 'card-head' }, title && h('h2', null, title), aside), children)

/** One word with a colour. @param {string} words @param {Tone} [tone] */
export const tag = (words, tone = 'quiet') => h('span', { class: `tag ${tone}` }, words)

/** A block of a verdict: a shape of its own for each tone, so that it needs no colour. @param {Tone} tone @param {string} title @param {Child[]} children */
export const verdict = (tone, title, ...children) =>
  h('div', { class: `verdict ${tone}` }, icon({ good: 'verified', warn: 'warning', bad: 'cross', quiet: 'question' }[tone], 'large'), h('h2', null, title), children)

/** Something to be known before going on. @param {Tone} tone @param {Child[]} children */
export const note = (tone, ...children) => h('p', { class: `note ${tone}` }, icon(tone === 'good' ? 'tick' : tone === 'quiet' ? 'question' : 'warning'), h('span', null, children))

/** Names and values. A value that is empty is left out. @param {[string, Child][]} pairs */
export const facts = pairs => h('dl', { class: 'facts' }, pairs.filter(([, value]) => value).map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))))

/** A row of a list that leads somewhere. @param {{ href: string, title: Child, detail?: Child, aside?: Child, icon?: string, key?: any }} row */
export const row = ({ href, title, detail, aside, icon: name, key }) =>
  h('li', { key }, h('a', { class: 'row', href }, name && icon(name), h('span', { class: 'row-text' }, h('b', null, title), detail && h('small', null, detail)), aside, icon('next', 'faint')))

/** @param {Child[]} rows */
export const rows = (...rows) => h('ul', { class: 'rows' }, rows)

/** What is vouched for, each with its icon. @param {[string, Words, Words][]} reasons */
export const promises = reasons => h('ul', { class: 'promises' }, reasons.map(([name, title, detail]) => h('li', { key: name }, icon(name), h('div', null, h('h3', null, say(title)), h('p', { class: 'say' }, say(detail))))))

/** What is said where nothing is. @param {{ icon?: string, title: string, detail?: string, action?: Child }} state */
export const empty = ({ icon: name = 'list', title, detail, action }) => h('div', { class: 'empty' }, icon(name, 'large'), h('h2', null, title), detail && h('p', null, detail), action)

/** Lines in place of what is loading, as high as that will be. @param {number} lines */
export const skeleton = (lines = 3) => h('div', { class: 'skeleton', role: 'status', 'aria-label': say(W.loading) }, Array.from({ length: lines }, () => h('span', null)))

/** What was read, or that it is loading, or why it is not there.
 * @template T @param {import('./app.js').Resource<T>} resource @param {(value: T) => Child} show @param {number} [lines]
 * @returns {Child} */
export function awaited(resource, show, lines) {
  const { value, problem } = resource
  // What is not there any more, or not for this person, is not shown as it was.
  const isShown = value !== null && !(problem && [403, 404].includes(problem.status))
  const failed = problem && h('div', { class: 'failed', role: 'alert', key: 'failed' }, note('warn', isShown ? '' : say(W.failed), told(problem)), button({ label: say(W.again), icon: 'again', onclick: resource.again }))
  return isShown ? [failed, show(value)] : failed || skeleton(lines)
}

/** A list that is read page by page. @template T @param {import('./app.js').Pages<T>} pages @param {(items: T[]) => Child} show @param {Child} ifEmpty @returns {Child} */
export const paged = (pages, show, ifEmpty) => awaited(pages, items => [
  items.length === 0 && !pages.hasMore ? ifEmpty : show(items),
  pages.hasMore && h('div', { class: 'middle' }, button({ label: say(W.more), busy: pages.busy, onclick: pages.more })),
])

/** Time running out, read aloud by the minute at most. @param {number} ms @param {string} label */
export const countdown = (ms, label) => h('span', { class: `countdown ${ms < 30_000 ? 'late' : ''}`, role: 'timer', 'aria-label': label }, clock(ms))

/** Switches between views of one screen, with how many things each has where that is known. @param {string} label @param {{ id: string, label: string, count?: number | null }[]} choices @param {string} chosen @param {(id: string) => void} choose */
export const switcher = (label, choices, chosen, choose) =>
  h('div', { class: 'switcher', role: 'group', 'aria-label': label }, choices.map(({ id, label: name, count }) =>
    h('button', { key: id, type: 'button', 'aria-pressed': String(id === chosen), onclick: () => choose(id) }, name, count ? h('span', { class: 'amount' }, count) : null)))

/** Stars of an average. @param {{ average: number, count: number } | null} stars @param {Words} words With `{average}` and `{count}`. @param {Child} [none] */
export const stars = (stars, words, none = null) => stars ? h('span', { class: 'stars' }, icon('star', 'filled'), say(words, stars)) : none

/** A dialog over the screen. Escape closes it, unless something of it is on its way.
 * @param {{ title: string, close: (() => void) | null }} dialog Without `close` only what is in it ends it. @param {Child[]} children */
export const dialog = ({ title, close }, ...children) => {
  const leave = (/** @type {any} */ event) => {
    event.preventDefault()
    if (close && !event.target.closest('dialog').querySelector('[aria-busy=true]')) close()
  }
  return h('dialog', { key: 'dialog', 'aria-label': title, made: (/** @type {HTMLDialogElement} */ element) => element.showModal(), oncancel: leave,
    // A browser closes it at the second Escape, whatever was said to the first.
    onclose: (/** @type {any} */ event) => { if (event.target.isConnected) event.target.showModal() } },
    h('div', { class: 'card-head' }, h('h2', { tabindex: '-1' }, title), close && h('button', { type: 'button', class: 'button quiet small', onclick: leave, 'aria-label': say(W.close) }, icon('cross'))), children)
}
