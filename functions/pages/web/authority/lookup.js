// Looking up by number: agencies, workers, orders and badges.

import { Problem } from '../../miniprogram/logic/api.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { formOf } from '../form.js'
import { card, h, row, rows, say, screen } from '../parts.js'

/** Where what has such a number is shown. @type {Record<string, string>} */
const PLACES = { agy: 'agencies', wkr: 'workers', ord: 'orders' }
/** A credit code, with what people put in between. */
const CODE = /^[0-9A-Za-z０-９Ａ-Ｚａ-ｚ\s-]{18,30}$/

/** The address of what has this number, if it can be looked at. @param {string} id */
export const placeOf = id => PLACES[id.slice(0, 3)] ? `${PLACES[id.slice(0, 3)]}/${id}` : null

export const lookup = screen(app => {
  const form = formOf(app, { number: '' })
  const find = async () => {
    const number = form.values.number.trim()
    if (number.startsWith('bdg_')) app.go(`workers/${(await app.api.call('GET /v1/badges/{badge_id}', { path: { badge_id: number } })).worker_id}`)
    else if (number.includes('_')) app.go(placeOf(number) || '')
    else {
      const [found] = await app.api.call('GET /v1/agencies', { query: { uscc: number } }).then(({ items }) => items, problem => {
        // Its check character is wrong, so nobody has it.
        if (problem.status === 400) return []
        throw problem
      })
      if (!found) throw new Problem({ errors: [{ pointer: '/number', detail: say(W.notFound) }] }, 404)
      app.go(`agencies/${found.agency_id}`)
    }
  }
  return {
    title: () => say(W.lookup),
    view: () => [
      card({ title: say(W.lookupLead) }, h('p', { class: 'say' }, say(W.lookupDetail)), form.around({ label: say(W.lookup), icon: 'search', send: find, check: () => ({ '/number': !/^(agy|wkr|ord|bdg)_[0-9a-z]{6,40}$/.test(form.values.number.trim()) && !CODE.test(form.values.number.trim()) && say(W.numberFault) }) },
        form.text('number', { label: say(W.number), autocomplete: 'off', maxlength: 60 }))),
      rows(row({ href: '#/feeds', icon: 'file', title: say(W.feeds), detail: say(W.feedsDetail) })),
    ],
  }
})
