// Whom the agency has served, and what it has noted of them.

import { day, phoneText, when } from '../../miniprogram/logic/format.js'
import { orderStatuses } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { awaited, button, card, empty, facts, h, listed, paged, row, rows, say, sayOf, SERVICE_ICONS, stars, tag } from '../parts.js'
import { saveFile } from '../tools.js'
import { deeds, initial, listScreen } from './reading.js'
import { deskScreen } from './watch.js'

export const customers = deskScreen((app, watch, params) => {
  const list = app.pages(cursor => app.api.call('GET /v1/customers', { query: { limit: 50, cursor } }))
  const deed = deeds(app)
  return listScreen(app, params, {
    title: () => say(W.customers),
    list: 'customers', before: 'more', none: W.chooseCustomer, detail: (id, app) => one(app, watch, id),
    view: ({ pick, beside }) => beside([
      watch.role === 'owner' && list.value?.length ? h('div', { class: 'filters' }, button({ label: say(W.exportCsv), icon: 'file', busy: deed.isBusy('save'), onclick: () => deed.do('save', save) }), h('p', { class: 'hint' }, say(W.exportNote)), deed.fault()) : null,
      paged(list, items => rows(items.map(customer => pick({
        id: customer.customer_id, lead: initial(customer.name), title: customer.name,
        detail: [phoneText(customer.phone || customer.masked_phone), say(W.lastVisit, { day: day(customer.last_visit_at, app.now()) })].join(' · '), aside: tag(say(W.visitsOf, { count: customer.visits })),
      }))), empty({ icon: 'home', title: say(W.noCustomers), detail: say(W.noCustomersDetail) })),
    ]),
  })

  async function save() {
    const file = /** @type {any} */ (await app.api.call('GET /v1/customers.csv', { raw: true }))
    saveFile(file, `${say(W.csvName)}.csv`)
  }
})

/** @param {App} app @param {Watch} watch @param {string} customer_id */
function one(app, watch, customer_id) {
  const path = { customer_id }
  const form = formOf(app, { notes: '' })
  const read = app.load(async () => {
    const customer = await app.api.call('GET /v1/customers/{customer_id}', { path })
    if (!read.value) form.values.notes = customer.notes || ''
    return customer
  })
  const send = async () => {
    read.take(await app.api.call('PATCH /v1/customers/{customer_id}', { path, body: { notes: form.values.notes }, repeats: true }))
    app.say(say(W.notesSaved))
  }
  return () => awaited(read, customer => [
    card({ title: customer.name, aside: tag(say(W.visitsOf, { count: customer.visits })) }, facts([
      [say(W.phone), customer.phone ? h('a', { href: `tel:${customer.phone}` }, phoneText(customer.phone)) : customer.masked_phone],
      [say(W.service), listed(customer.services.map(watch.serviceName))], [say(W.given), customer.stars && stars(customer.stars, W.givenStars)],
    ])),
    card({ title: watch.may('orders') ? undefined : say(W.notesOwn) }, watch.may('orders') ? form.around({ label: say(W.save), kind: 'plain', send }, form.text('notes', { label: say(W.notesOwn), hint: say(W.notesHint), rows: 4, optional: true, maxlength: 1000 })) : h('p', { class: 'words' }, customer.notes || '—')),
    card({ title: say(W.pastVisits) }, rows(customer.items.map(visit => row({ key: visit.order_id, href: `#/orders/${visit.order_id}`, icon: SERVICE_ICONS[visit.service], title: when(visit.start_at, app.now()),
      detail: [watch.serviceName(visit.service), visit.worker?.name, visit.stars && say(W.ratingStars, { stars: visit.stars })].filter(Boolean).join(' · '), aside: tag(sayOf(orderStatuses, visit.status)) })))),
  ], 8)
}
