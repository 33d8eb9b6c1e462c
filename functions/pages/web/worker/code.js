// The rotating code, as large as the screen allows. Codes of the next ten minutes are kept, so that it works without a network too.

import { Problem } from '../../miniprogram/logic/api.js'
import { say } from '../../miniprogram/logic/words.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { awaited, empty } from '../parts.js'
import { h } from '../view.js'

/** @typedef {import('contract').Schemas['Code']} Code */

/** In milliseconds, how long a code is shown. */
const STEP = 30_000
/** With fewer than so many codes ahead, the next are asked for, every so many milliseconds until they come. */
const FEW = 12
const PAUSE = 5_000

/** They outlive the screen, because one may come back to it without a network. @type {{ subject: string | null, items: Code[] }} */
let kept = { subject: null, items: [] }

/** @type {import('../app.js').MakeScreen} */
export const code = app => {
  const subject = app.api.subject()
  if (kept.subject !== subject) kept = { subject, items: [] }
  let isAwake = false
  let timer = 0
  let nextTry = 0
  const read = app.load(fetched)
  tick()
  app.leaving(() => clearTimeout(timer))
  stayAwake()
  return { title: () => say(W.codeTitle), back: '', view }

  async function fetched() {
    nextTry = app.now() + PAUSE
    try {
      const { items } = await app.api.call('GET /v1/me/codes')
      if (kept.subject === subject) kept.items = items
    } catch (problem) {
      // She has none any more, say; what only did not come is waited for as long as there are codes.
      if (problem instanceof Problem && [401, 403, 404].includes(problem.status)) kept.items = []
      throw problem
    }
    return kept.items
  }

  /** Draws as each second begins, so that a code changes when it should. */
  function tick() {
    app.update()
    timer = window.setTimeout(tick, 1_000 - app.now() % 1_000 + 5)
    if (ahead().length < FEW && !read.busy && app.now() > nextTry && read.problem?.status !== 404) read.again()
  }

  function ahead() {
    return kept.items.filter(code => Date.parse(code.from) + STEP > app.now())
  }

  /** Where the browser can. It lets go by itself when the page is hidden. */
  function stayAwake() {
    const { wakeLock } = /** @type {any} */ (navigator)
    if (!wakeLock) return
    /** @type {any} */
    let lock = null
    let isLeft = false
    const ask = async () => {
      if (document.visibilityState !== 'visible') return
      lock = await wakeLock.request('screen').catch(() => null)
      if (isLeft) lock?.release()
      isAwake = lock !== null
    }
    document.addEventListener('visibilitychange', ask)
    app.leaving(() => {
      isLeft = true
      document.removeEventListener('visibilitychange', ask)
      lock?.release()
    })
    ask()
  }

  function view() {
    const codes = ahead()
    if (codes.length) return shown(codes[0], codes.length)
    if (read.problem?.status === 404) return empty({ icon: 'code', title: say(W.noBadge), detail: say(W.noBadgeDetail) })
    if (read.problem && kept.items.length) return empty({ icon: 'warning', title: say(W.codeOver), detail: say(W.codeOverDetail) })
    return awaited({ ...read, value: null }, () => null, 8)
  }

  /** @param {Code} code @param {number} count */
  function shown(code, count) {
    const left = Math.max(1, Math.ceil((Date.parse(code.from) + STEP - app.now()) / 1000))
    return h('div', { class: 'rotating', key: 'rotating' },
      h('p', null, say(W.codeHint)),
      h('svg', { class: 'qr', viewBox: `0 0 ${code.modules} ${code.modules}`, role: 'img', 'aria-label': say(W.codeLabel), 'shape-rendering': 'crispEdges' }, h('path', { d: code.svg_path })),
      h('svg', { class: 'left-bar', viewBox: '0 0 30 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, h('rect', { width: left, height: 1 })),
      h('p', { class: 'say' }, say(W.codeNext, { seconds: left })),
      !navigator.onLine && h('p', { class: 'say' }, say(W.codeOffline, { minutes: Math.max(1, Math.floor(count / 2)) })),
      h('div', { class: 'digits' }, h('p', { class: 'say' }, say(W.codeDigits)), h('p', null, groups(code.digits).map((group, at) => h('span', { key: at }, group, ' ')))),
      isAwake && h('small', null, say(W.awake)))
  }
}

/** Five digits at a time, which is what one reads at once. @param {string} digits */
const groups = digits => digits.match(/.{1,5}/g) || []
