// When a worker can work: her agency's hours, and leave, of which she enters her own.

import { clockTimes, day, isoDay, moment } from '../../logic/format.js'
import { changeLeave, leaveAhead, leaveFault, spanOf, tomorrow, weekHours } from '../../logic/leave.js'
import { worker as W } from '../../logic/words/worker.js'
import { facts, mended, page, sent, shown, toast } from '../../page.js'
import { worker } from '../../sessions.js'

page(W, W.leave, {
  data: { values: tomorrow(0), today: '', times: clockTimes },
  availability: /** @type {Contract['Availability']} */ ({ version: 0, hours: null, leave: [] }),
  onLoad() {
    this.setData({ values: tomorrow(worker.now()), today: isoDay(worker.now()) })
  },

  onShow() { this.again() },

  again() {
    return shown(this, async () => {
      this.availability = await worker.call('GET /v1/me/availability')
      return this.drawn()
    })
  },

  drawn() {
    const { values } = this.data
    const label = (/** @type {string} */ date) => day(moment(date, '12:00'), worker.now())
    return {
      ahead: leaveAhead(this.availability, worker.now()), hours: facts(weekHours(this.availability)), fromLabel: label(values.from), untilLabel: label(values.until),
      fromAt: clockTimes.indexOf(values.fromTime), untilAt: clockTimes.indexOf(values.untilTime),
    }
  },

  pick(event) {
    const { field } = event.currentTarget.dataset
    const { value } = event.detail
    this.setData({ [`values.${field}`]: field.endsWith('Time') ? clockTimes[Number(value)] : value })
    mended(this, 'leave')
    this.setData(this.drawn())
  },

  add() { return this.change(spanOf(this.data.values), true, { leave: leaveFault(this.data.values, worker.now()) }) },
  takeBack(event) { return this.change(event.currentTarget.dataset.span, false) },

  /** @param {import('../../logic/leave.js').Span} span @param {boolean} isTaken @param {Record<string, string | false>} [missing] */
  change(span, isTaken, missing) {
    return sent(this, async () => {
      this.availability = await changeLeave(worker, this.availability, span, isTaken)
      this.setData(this.drawn())
      toast(isTaken ? W.leaveSaved : W.leaveTakenBack)
    }, missing)
  },
})
