// What is recorded of a worker, for herself: sections with their sources, who looked, and what she objects to.

import { sourceLine } from '../../logic/history.js'
import { lookReading, objectionReading } from '../../logic/own.js'
import { sectionReading, standingReading } from '../../logic/record.js'
import { sections } from '../../logic/words/contract.js'
import { worker as W } from '../../logic/words/worker.js'
import { page, say, sayOf, sent, shown, toast } from '../../page.js'
import { worker } from '../../sessions.js'

const SECTIONS = /** @type {Contract['Section'][]} */ (Object.keys(sections))

page(W, W.sections, {
  data: { abouts: SECTIONS.map(section => sayOf(sections, section)), values: { about: SECTIONS.indexOf('health_certificate'), text: '' }, looks: /** @type {object[]} */ ([]), cursor: /** @type {string | null} */ (null) },
  onShow() { this.again() },

  again() {
    return shown(this, async () => {
      const [own, looks] = await Promise.all([worker.call('GET /v1/me/record'), this.looked(null)])
      const now = worker.now()
      return {
        ...looks, standing: standingReading(own.worker.standing), sections: own.worker.sections.map(line => ({ ...sectionReading(line), source: sourceLine(line, now) })),
        objections: [...own.objections].reverse().map(one => objectionReading(one, now)),
      }
    })
  },

  more() { return shown(this, () => this.looked(this.data.cursor)) },

  /** @param {string | null} cursor */
  async looked(cursor) {
    const found = await worker.call('GET /v1/me/views', { query: { limit: 10, cursor } })
    const looks = found.items.map(one => lookReading(one, worker.now()))
    return { looks: cursor ? [...this.data.looks, ...looks] : looks, cursor: found.next_cursor }
  },

  pick(event) { this.setData({ 'values.about': Number(event.detail.value) }) },

  send() {
    const { about, text } = this.data.values
    return sent(this, async () => {
      await worker.call('POST /v1/me/objections', { intent: 'objection', body: { about: SECTIONS[about], text } })
      this.setData({ 'values.text': '' })
      toast(W.objected)
      await this.again()
    }, { text: !text.trim() && say(W.required) })
  },
})
