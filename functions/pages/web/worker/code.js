// The rotating code, as large as the screen allows.

import { codesOf, groups } from '../../miniprogram/logic/codes.js'
import { worker as W } from '../../miniprogram/logic/words/worker.js'
import { awaited, empty, h, say, screen } from '../parts.js'

/** They outlive the screen, because one may come back to it without a network. @type {ReturnType<typeof codesOf> | null} */
let kept = null

export const code = screen(app => {
  const codes = kept = kept || codesOf(app.api)
  let timer = 0
  tick()
  app.leaving(() => clearTimeout(timer))
  stayAwake()
  return { title: () => say(W.code), back: '', full: true, view }

  /** Draws as each second begins, so that a code changes when it should. */
  function tick() {
    app.update()
    timer = window.setTimeout(tick, 1_000 - app.now() % 1_000 + 5)
    codes.more().then(app.update)
  }

  /** Where the browser can. It lets go by itself when the page is hidden. */
  function stayAwake() {
    /** @type {Promise<any> | undefined} */
    let lock
    const ask = () => { if (document.visibilityState === 'visible') lock = /** @type {any} */ (navigator).wakeLock?.request('screen').catch(() => null) }
    ask()
    document.addEventListener('visibilitychange', ask)
    app.leaving(() => {
      document.removeEventListener('visibilitychange', ask)
      lock?.then(held => held?.release())
    })
  }

  function view() {
    const present = codes.present()
    if (present) return shown(present)
    if (codes.problem?.status === 404) return empty({ icon: 'code', title: say(W.noBadge), detail: say(W.noBadgeDetail) })
    if (codes.hasRunOut()) return empty({ icon: 'warning', title: say(W.codeOver), detail: say(W.codeOverDetail) })
    return awaited({ value: null, busy: false, problem: codes.problem, again: codes.again }, () => null, 8)
  }

  /** @param {NonNullable<ReturnType<typeof codes.present>>} present */
  function shown({ code, seconds, minutes }) {
    return h('div', { class: 'rotating', key: 'rotating' },
      h('p', null, say(W.codeHint)),
      h('svg', { class: 'qr', viewBox: `0 0 ${code.modules} ${code.modules}`, role: 'img', 'aria-label': say(W.codeLabel), 'shape-rendering': 'crispEdges' }, h('path', { d: code.svg_path })),
      h('svg', { class: 'left-bar', viewBox: '0 0 30 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, h('rect', { width: seconds, height: 1 })),
      h('p', { class: 'say' }, say(W.codeNext, { seconds })),
      !navigator.onLine && h('p', { class: 'say' }, say(W.codeOffline, { minutes })),
      h('div', { class: 'digits' }, h('p', { class: 'say' }, say(W.codeDigits)), h('p', null, groups(code.digits).map((group, at) => h('span', { key: at }, group, ' ')))))
  }
})
