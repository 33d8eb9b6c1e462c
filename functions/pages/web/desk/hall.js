// The grab hall: all that can be grabbed now, the soonest deadline first, and what has just come of it.

import { money, span, visitTime, when } from '../../miniprogram/logic/format.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { buttonLink, card, countdown, empty, h, icon, note, row, rows, say, SERVICE_ICONS, skeleton, tag, told } from '../parts.js'
import { moveFocus } from '../tools.js'
import { fromStore, place, standing } from './reading.js'
import { deskScreen } from './watch.js'

/** @typedef {import('./watch.js').News} News */

export const hall = deskScreen((app, watch) => {
  return {
    title: () => say(W.hall),
    wide: true,
    view: () => {
      if (watch.agency && !watch.isApproved()) return standing(watch)
      if (!watch.isRead() || !watch.services.length) return skeleton(6)
      const offers = watch.offers()
      return h('div', { class: 'hall' },
        h('div', { class: 'hall-offers' },
          h('div', { class: 'hall-bar' }, h('h2', { 'aria-live': 'polite' }, say(W.open, { count: offers.length })), h('span', { class: 'hint keys' }, say(W.keys)),
            h('button', { type: 'button', class: 'button sound', 'aria-pressed': String(!watch.isSilent()), onclick: watch.turnSound }, icon(watch.isSilent() ? 'mute' : 'sound'), say(watch.isSilent() ? W.soundOff : W.soundOn))),
          watch.isStale() && h('div', { role: 'alert' }, note('warn', say(W.stale))),
          !watch.may('orders') && note('quiet', say(W.mayNot)),
          offers.length ? h('ul', { class: 'offers' }, offers.map(one)) : card({ key: 'none' }, empty({ icon: 'bell', title: say(W.noOffers), detail: say(W.noOffersDetail) }))),
        h('div', { class: watch.news.length ? 'hall-side' : 'hall-side if-wide' },
          h('section', { class: 'block', 'aria-labelledby': 'news' }, h('h2', { id: 'news' }, say(W.news)),
            h('div', { class: 'block', role: 'status' }, watch.news.length ? watch.news.map(told1) : h('p', { class: 'hint' }, say(W.noNews)))),
          watch.claims?.length ? h('section', { class: 'block if-wide', 'aria-labelledby': 'waiting' }, h('h2', { id: 'waiting' }, say(W.claims)),
            rows(watch.claims.slice(0, 6).map(claim => row({ key: claim.order_id, href: `#/claims/${claim.order_id}`, icon: SERVICE_ICONS[claim.service], title: `${watch.serviceName(claim.service)} · ${when(claim.start_at, app.now())}`,
              detail: claim.claim && [`${say(W.staffLeft)} `, countdown(Date.parse(claim.claim.staff_by) - app.now(), say(W.staffLeft))] })))) : null))
    },
  }

  /** @param {Contract['Offer']} offer */
  function one(offer) {
    const busy = watch.isGrabbing(offer.order_id)
    const name = watch.serviceName(offer.service)
    const time = visitTime(offer.start_at, offer.duration_min, app.now())
    const left = Date.parse(offer.grab_deadline) - app.now()
    return h('li', { key: `${offer.order_id} ${offer.epoch}`, class: `card offer ${left < 30_000 ? 'late' : ''}` },
      h('div', { class: 'offer-text' },
        h('div', { class: 'offer-head' }, icon(SERVICE_ICONS[offer.service]), h('h3', null, name)),
        h('p', { class: 'offer-time' }, time, h('small', null, span(offer.duration_min))),
        h('p', { class: 'offer-price' }, offer.budget_fen === null ? h('span', { class: 'say' }, say(W.noBudget)) : h('b', null, money(offer.budget_fen))),
        h('p', { class: 'offer-where' }, icon('place'), h('span', null, place(offer.area), h('small', null, fromStore(watch, offer.store_id, offer.distance_m)))),
        (offer.wishes.length > 0 || offer.preferred_worker_id) && h('p', { class: 'tags' }, offer.preferred_worker_id && tag(say(W.again), 'warn'), offer.wishes.map(watch.tagName).filter(Boolean).map(name => tag(name))),
        h('p', { class: 'offer-left' }, countdown(left, say(W.leftLabel)), h('small', null, say(W.left)))),
      watch.may('orders') && h('button', { type: 'button', class: 'button go', 'aria-label': say(W.grabOne, { what: `${name}，${time}` }), 'aria-busy': busy ? 'true' : null, 'aria-disabled': busy || watch.isStale() ? 'true' : null,
        onclick: () => { if (!busy && !watch.isStale()) watch.grab(offer) } }, say(busy ? W.grabbing : W.grab)))
  }

  /** @param {News} news */
  function told1(news) {
    const { title, detail, tone } = reading(news)
    const { offer } = news
    const isOurs = news.kind === 'won' || news.kind === 'colleague' || news.kind === 'assigned'
    return h('div', { key: `${news.kind} ${news.order_id}`, class: `news ${tone}` }, icon(tone === 'good' ? 'tick' : tone === 'bad' ? 'warning' : 'question'),
      h('div', { class: 'news-text' }, h('b', null, title), h('small', null, `${watch.serviceName(offer.service)} · ${when(offer.start_at, app.now())}`), h('p', null, detail),
        h('div', { class: 'buttons' },
          isOurs && watch.may('orders') && buttonLink({ label: say(W.toStaff), href: `#/claims/${news.order_id}` }),
          news.problem?.slug === 'too-many-unstaffed' && buttonLink({ label: say(W.claims), href: '#/claims' }))),
      h('button', { type: 'button', class: 'button quiet small', 'aria-label': `${say(W.forget)} ${title}`, onclick: () => watch.forget(news) }, icon('cross')))
  }

  /** @param {News} news @returns {{ title: string, detail: string, tone: 'good' | 'quiet' | 'bad' }} */
  function reading(news) {
    const { kind, problem, offer } = news
    switch (kind) {
      case 'won': {
        const claim = watch.claims?.find(claim => claim.order_id === offer.order_id)?.claim
        return { title: say(W.won), detail: claim ? say(W.wonDetail, { time: when(claim.staff_by, app.now()) }) : say(W.wonSoon), tone: 'good' }
      }
      case 'colleague': case 'assigned': return { title: say(W[kind]), detail: say(W[`${kind}Detail`]), tone: 'good' }
      case 'gone': return { title: say(W.gone), detail: say(W.goneDetail), tone: 'quiet' }
      default: {
        const slug = /** @type {keyof typeof W} */ (problem?.slug || '')
        return W[slug] ? { title: say(W[slug]), detail: say(W[/** @type {keyof typeof W} */ (`${slug}Detail`)]), tone: kind === 'lost' ? 'quiet' : 'bad' }
          : { title: say(problem?.unknown ? W.unsure : W.failed), detail: told(problem), tone: 'bad' }
      }
    }
  }
})

/** Up and down go from one offer's button to the next, from wherever one is but a field. @param {KeyboardEvent} event */
function move(event) {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step && !/** @type {Element} */ (event.target).matches('input, select, textarea') && moveFocus('.offer .button.go', step)) event.preventDefault()
}

addEventListener('keydown', move)
