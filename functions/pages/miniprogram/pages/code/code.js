// The worker's rotating code, as large as the screen. The API has drawn those of the next ten minutes, so that it goes on turning
// where there is no network.

import { say } from '../../logic/words.js'
import { mini } from '../../logic/words/mini.js'
import { Problem } from '../../logic/api.js'
import { titled, worded, wordsOf } from '../../page.js'
import { worker } from '../../sessions.js'

/** How long a code is shown, in milliseconds. */
const SHOWN = 30000

Page({
  data: { ...worded(), problem: '', picture: '', digits: '', next: '' },
  codes: /** @type {import('contract').Schemas['Code'][]} */ ([]),
  from: '',
  clock: 0,
  reading: false,

  onLoad() { titled(mini.code) },

  onShow() {
    wx.setKeepScreenOn({ keepScreenOn: true })
    wx.setVisualEffectOnCapture({ visualEffect: 'hidden' })
    this.clock = setInterval(() => this.draw(), 1000)
    this.read()
  },

  onHide() { this.stop() },
  onUnload() { this.stop() },

  stop() {
    clearInterval(this.clock)
    wx.setKeepScreenOn({ keepScreenOn: false })
    wx.setVisualEffectOnCapture({ visualEffect: 'none' })
  },

  async read() {
    if (this.reading) return
    this.reading = true
    try {
      const { items } = await worker.call('GET /v1/me/codes')
      this.codes = items
      this.setData({ problem: '' })
    } catch (problem) {
      this.setData({ problem: problem instanceof Problem && problem.status === 404 ? say(mini.noBadge) : wordsOf(problem) })
    }
    this.reading = false
    this.draw()
  },

  again() { return this.read() },

  draw() {
    const now = worker.now()
    const code = this.codes.filter(code => Date.parse(code.from) <= now).pop()
    const age = code ? now - Date.parse(code.from) : SHOWN
    // Half of them are left: time to ask for more, while the old ones still turn.
    if (code && this.codes.indexOf(code) > this.codes.length / 2) this.read()
    if (!code || age >= SHOWN) {
      // An old code is not shown: it would not match.
      if (this.data.picture) this.setData({ picture: '', digits: '', next: '' })
      return
    }
    this.setData({ next: say(mini.codeNext, { seconds: Math.ceil((SHOWN - age) / 1000) }) })
    if (code.from === this.from && this.data.picture) return
    this.from = code.from
    const { modules, svg_path: path } = code
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${modules} ${modules}"><path fill="#fff" d="M0 0h${modules}v${modules}H0z"/><path d="${path.replace(/[^\w\s.,-]/g, '')}"/></svg>`
    this.setData({ picture: `data:image/svg+xml,${encodeURIComponent(svg)}`, digits: code.digits.replace(/(\d{5})(?=\d)/g, '$1 ') })
  },
})
