// What is a worker's own: her data, consent, whom she works for, and the way out of all of it.

import { readServices } from '../../logic/catalogue.js'
import { when } from '../../logic/format.js'
import { consentReading, deeds, moves, ownFacts } from '../../logic/own.js'
import { standings } from '../../logic/words/contract.js'
import { mini } from '../../logic/words/mini.js'
import { worker as W } from '../../logic/words/worker.js'
import { facts, page, say, sayOf, sent, shown, toast } from '../../page.js'
import { worker } from '../../sessions.js'

page(W, mini.dataAndWork, {
  data: {},
  onShow() { this.again() },

  again() {
    return shown(this, async () => {
      const [record, services] = await Promise.all([worker.call('GET /v1/me/record'), readServices(worker)])
      const { worker: { name, status, erasure }, employer } = record
      const now = worker.now()
      return {
        name, status: sayOf(standings, status), tone: status === 'approved' ? 'good' : 'warn', facts: facts(ownFacts(record, services, now)), consent: consentReading(record, now), employer: employer ? employer.name : '',
        moves: moves(record).map(one => ({ ...one, title: say(W.moveTo, { agency: one.agency }) })), due: erasure ? say(W.eraseDue, { time: when(erasure.due_at, now) }) : '',
      }
    })
  },

  /** Asks once more, and does it. */
  async ask(event) {
    const { deed: name, agency = '', id: proposal_id = '' } = event.currentTarget.dataset
    /** @type {import('../../logic/own.js').Deed} */
    const deed = deeds[/** @type {keyof typeof deeds} */ (name)]
    const { confirm } = await wx.showModal({ title: say(deed.ask, { agency }), content: deed.details.map(words => say(words)).join('\n'), confirmColor: deed.isHard ? '#7d1420' : '#00594f' })
    if (confirm) await this.change(() => deed.act(worker, { reason: null, proposal_id }), deed.done)
  },

  keep() { return this.change(() => worker.call('DELETE /v1/me/erase'), W.eraseKept) },

  /** @param {() => Promise<unknown>} act @param {Words} done */
  change(act, done) {
    return sent(this, async () => {
      await act()
      toast(done)
      await this.again()
    })
  },
})
