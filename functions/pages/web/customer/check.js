// The badge check at the door, from within an order: is this the worker who was named?

import { Problem } from '../../miniprogram/logic/api.js'
import { day, when } from '../../miniprogram/logic/format.js'
import { badgeReading, presented, scanned } from '../../miniprogram/logic/record.js'
import { matched } from '../../miniprogram/logic/visit.js'
import { visit as W } from '../../miniprogram/logic/words/visit.js'
import { formOf } from '../form.js'
import { button, buttonLink, card, h, note, say, screen, verdict } from '../parts.js'
import { fileButton, smaller } from '../photo.js'
import { canScan, scan } from '../wechat.js'
import { sectionFacts } from './cards.js'

/** A photo of a code needs no more, and the API takes 2 MiB. */
const LONGEST_SIDE = 1600

export const check = screen((app, { order_id }) => {
  const form = formOf(app, { digits: '' })
  /** @type {Contract['BadgeCheckResult'] | null} */
  let found = null
  /** What a match has changed. @type {ReturnType<typeof matched> | null} */
  let change = null
  /** @param {string} text */
  const ask = text => show(app.api.call('POST /v1/orders/{order_id}/badge-check', { path: { order_id }, body: { token: presented(text) }, repeats: true }))
  return { title: () => say(W.check), back: `orders/${order_id}`, view: () => found ? result(found) : asking() }

  function asking() {
    const busy = form.isBusy()
    return card({ title: say(W.checkHow) }, form.around({ label: say(W.checkDigits), kind: 'plain', send: () => ask(form.values.digits), check: () => ({ '/token': scanned(form.values.digits) === null && say(W.digitsFault) }) },
      canScan() && button({ label: say(W.scan), kind: 'go', icon: 'code', busy, onclick: () => form.send(async () => ask(await scan(app))) }),
      fileButton({ label: say(busy ? W.checking : W.takePhoto), kind: canScan() ? 'plain' : 'go', capture: 'environment', busy, chosen: photo => { form.send(() => askBy(photo)) } }),
      h('h3', null, say(W.typeDigits)),
      form.text('digits', { label: say(W.digits), pointer: '/token', hint: say(W.digitsHint), rows: 3, inputmode: 'numeric', autocomplete: 'off', maxlength: 400 })))
  }

  /** @param {Contract['BadgeCheckResult']} result */
  function result({ result, badge }) {
    const reading = badgeReading(result, badge?.standing)
    return h('div', { class: 'block', role: 'status' },
      verdict(reading.tone, reading.verdict, reading.standing && h('p', null, reading.standing)),
      badge && card({}, h('div', { class: 'meeting' }, h('img', { src: badge.photo, alt: say(W.workerPhoto) }), h('h2', null, say(W.isItHer)),
        h('b', { class: 'big' }, badge.name), h('p', null, badge.agency), h('p', { class: 'hint' }, say(W.validUntil, { day: day(Date.parse(badge.valid_until) - 1, app.now()) })))),
      change && note(change.tone, change.words),
      !badge && note('bad', reading.advice),
      badge && card({ title: say(W.recordOf) }, sectionFacts(badge.sections), h('p', { class: 'hint' }, say(W.asOf, { time: when(badge.as_of, app.now()) }))),
      result === 'match' ? buttonLink({ label: say(W.toOrder), href: `#/orders/${order_id}`, kind: 'go' })
        : button({ label: say(W.checkAgain), kind: 'go', onclick: () => { found = null; form.values.digits = ''; app.update() } }))
  }

  /** @param {Blob} photo Of a code. */
  async function askBy(photo) {
    const file = await smaller(photo, LONGEST_SIDE).catch(() => { throw new Problem({ type: '/problems/photo', detail: say(W.photoTooLarge) }, 422) })
    return show(app.api.call('POST /v1/orders/{order_id}/badge-check', { path: { order_id }, file, repeats: true }))
  }

  /** @param {Promise<Contract['BadgeCheckResult']>} asked */
  async function show(asked) {
    const answer = await asked
    const order = answer.result === 'match' ? await app.api.call('GET /v1/orders/{order_id}', { path: { order_id } }).catch(() => null) : null
    change = order && matched(order, app.now())
    found = answer
    app.update()
  }
})
