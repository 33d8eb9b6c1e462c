// Who could go to an order, best first, each with all that stands against her in words.

import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { awaited, button, buttonLink, card, empty, h, note, say, tag, told } from '../parts.js'
import { Problem } from '../../miniprogram/logic/api.js'
import { deeds, initial, why } from './reading.js'

/** @param {App} app @param {Watch} watch @param {string} order_id @param {() => void} done */
export function candidates(app, watch, order_id, done) {
  const path = { order_id }
  const list = app.load(() => app.api.call('GET /v1/orders/{order_id}/candidates', { path }))
  const deed = deeds(app, problem => problem instanceof Problem && problem.reasons.length ? problem.reasons.map(reason => why(reason, app.now())).join('；') : told(problem))
  /** @param {Contract['OwnCandidate']['fit']} fit @param {Contract['Order']} order */
  const fit = (fit, order) => [
    fit.preferred && say(W.preferred), fit.wishes > 0 && say(W.wishesMet, { count: fit.wishes }), order.wishes.length > 0 && !fit.sex && say(W.notSex), fit.nearness > 50 && say(W.nearby),
    fit.years > 0 && say(W.years, { years: fit.years }), say(W.starsShort, { stars: (fit.stars / 1000).toFixed(1) }),
  ].filter(words => typeof words === 'string')
  return {
    /** @param {Contract['Order']} order */
    view: order => awaited(list, ({ items }) => {
      const [able, unable] = [items.filter(one => one.eligible), items.filter(one => !one.eligible)]
      return [
        items.length === 0 ? card({}, empty({ icon: 'people', title: say(W.noWorkers), detail: say(W.noCandidatesDetail), action: watch.may('workers') && buttonLink({ label: say(W.newWorker), href: '#/workers/new', kind: 'go' }) }))
          : card({ title: say(W.candidates) }, able.length ? [h('p', { class: 'hint' }, say(W.candidatesHint)), h('ul', { class: 'rows' }, able.map((one, number) => person(one, order, number === 0)))]
            : note('warn', h('b', null, say(W.nobody)), ' ', say(W.nobodyDetail))),
        unable.length > 0 && card({ key: 'unable' }, h('details', { open: able.length === 0 || null }, h('summary', null, say(W.cannot, { count: unable.length })), h('ul', { class: 'rows' }, unable.map(one => person(one, order, false))))),
      ]
    }, 6),
  }

  /** @param {Contract['OwnCandidate']} one @param {Contract['Order']} order @param {boolean} isBest */
  function person(one, order, isBest) {
    const isNamed = order.worker?.worker_id === one.worker_id
    const fault = deed.words(one.worker_id)
    return h('li', { key: one.worker_id, class: 'candidate' }, initial(one.name),
      h('span', { class: 'row-text' }, h('b', null, one.name),
        one.eligible ? h('span', { class: 'tags' }, isBest && tag(say(W.best), 'good'), fit(one.fit, order).map(words => tag(words))) : h('span', { class: 'reasons' }, one.reasons.map((reason, number) => h('span', { key: number }, why(reason, app.now())))),
        fault && h('span', { class: 'reasons', role: 'alert' }, fault)),
      isNamed ? tag(say(W.named), 'good')
        : one.eligible && watch.may('orders') && button({ label: say(W.send), kind: isBest ? 'go' : 'plain', busy: deed.isBusy(one.worker_id), disabled: deed.isBusy(), onclick: () => deed.do(one.worker_id, () => name(one)) }))
  }

  /** @param {Contract['OwnCandidate']} one */
  async function name({ worker_id, name }) {
    // When it fails, what stands against her now is in the list anew.
    await app.api.call('POST /v1/orders/{order_id}/staff', { path, body: { worker_id }, repeats: true }).catch(problem => { list.again(); throw problem })
    app.say(say(W.sent, { name }))
    done()
  }
}
