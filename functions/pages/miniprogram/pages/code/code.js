// The worker's rotating code, as large as the screen.

import { codesOf, groups } from '../../logic/codes.js'
import { worker as W } from '../../logic/words/worker.js'
import { page, say, wordsOf } from '../../page.js'
import { worker } from '../../sessions.js'

/** They outlive the page, because one may come back to it without a network. */
const codes = codesOf(worker)

page(W, W.code, {
  data: { loaded: true, picture: '', next: '', digits: '' },
  clock: 0,

  onShow() {
    wx.setKeepScreenOn({ keepScreenOn: true })
    wx.setVisualEffectOnCapture({ visualEffect: 'hidden' })
    this.tick()
  },

  onHide() { this.stop() },
  onUnload() { this.stop() },

  stop() {
    clearTimeout(this.clock)
    wx.setKeepScreenOn({ keepScreenOn: false })
    wx.setVisualEffectOnCapture({ visualEffect: 'none' })
  },

  again() { return codes.again().then(() => this.draw()) },

  /** Draws as each second begins, so that a code changes when it should. */
  tick() {
    this.draw()
    this.clock = setTimeout(() => this.tick(), 1005 - worker.now() % 1000)
    codes.more().then(() => this.draw())
  },

  draw() {
    const present = codes.present()
    const { problem } = codes
    if (!present) return this.setData({ picture: '', problem: problem && problem.status === 404 ? `${say(W.noBadge)} — ${say(W.noBadgeDetail)}` : codes.hasRunOut() ? say(W.codeOverDetail) : problem ? wordsOf(problem) : '' })
    const { code: { modules, svg_path: path, digits }, seconds, minutes } = present
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${modules} ${modules}"><path fill="#fff" d="M0 0h${modules}v${modules}H0z"/><path d="${path.replace(/[^\w\s.,-]/g, '')}"/></svg>`
    const picture = `data:image/svg+xml,${encodeURIComponent(svg)}`
    this.setData({ next: say(W.codeNext, { seconds }), problem: problem ? say(W.codeOffline, { minutes }) : '', ...(picture !== this.data.picture && { picture, digits: groups(digits).join(' ') }) })
  },
})
