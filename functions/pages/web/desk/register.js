// An agency registers. Nobody is logged in yet: what comes back are the credentials of its owner, once.

import { readServices } from '../../miniprogram/logic/catalogue.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf, isPhone } from '../form.js'
import { awaited, button, card, h, named, note, say, screen } from '../parts.js'
import { credentials } from './reading.js'
import { placeField } from './stores.js'

/** What is shown once, until its owner says that it is kept. @type {{ access_key: string, secret: string | null } | null} */
let given = null
addEventListener('beforeunload', event => { if (given) event.preventDefault() })

export const register = screen(app => {
  const services = app.load(() => readServices(app.api))
  const form = formOf(app, { name: '', uscc: '', responsible_person: '', phone: '', services: /** @type {string[]} */ ([]), storeName: '', storeAddress: '' })
  const place = placeField(app, form, null, '/stores/0/location')
  const { values } = form
  app.leaving(() => { if (given) app.go('register') })
  const send = async () => {
    const location = place.chosen()
    if (!location) return
    given = await app.api.call('POST /v1/agencies', { open: true, intent: 'register', body: {
      name: values.name, uscc: values.uscc, responsible_person: values.responsible_person, phone: values.phone, services: /** @type {Contract['Service'][]} */ (values.services),
      stores: [{ name: values.storeName, address: values.storeAddress, location }],
    } })
  }
  const goOn = async () => {
    if (given?.secret) await app.api.logIn('POST /v1/sessions/agency', { access_key: given.access_key, secret: given.secret }).catch(() => {})
    given = null
    app.loggedIn()
    app.go('', true)
  }
  return {
    title: () => say(W.register),
    // Not away from what is shown once.
    get back() { return given ? undefined : '' },
    view: () => given ? card({ title: say(W.registered) }, note('warn', say(W.registeredDetail)), credentials(app, given), button({ label: say(W.kept), kind: 'go', onclick: goOn }))
      : awaited(services, all => [h('p', { class: 'say' }, say(W.registerLead)), form.around({ label: say(W.registerSend), send, check: () => ({
        '/uscc': values.uscc.replace(/[\s-]/g, '').length !== 18 && say(W.usccHint), '/phone': !isPhone(values.phone) && say(W.phoneFault),
        '/services': !values.services.length && say(W.needService), ...place.check(),
      }) },
      card({ title: say(W.company) },
        form.text('name', { label: say(W.companyName), hint: say(W.companyNameHint), autocomplete: 'organization', maxlength: 100 }),
        form.text('uscc', { label: say(W.uscc), hint: say(W.usccHint), autocomplete: 'off', maxlength: 30 }),
        h('div', { class: 'pair' }, form.text('responsible_person', { label: say(W.responsible), autocomplete: 'name', maxlength: 50 }),
          form.text('phone', { label: say(W.companyPhone), hint: say(W.phoneHint), type: 'tel', inputmode: 'tel', autocomplete: 'tel-national', maxlength: 20 })),
        form.choices('services', { label: say(W.offers), several: true, options: all.map(({ service, name }) => ({ value: service, label: named(name) })) })),
      card({ title: say(W.firstStore) },
        form.text('storeName', { label: say(W.storeName), pointer: '/stores/0/name', maxlength: 60 }),
        form.text('storeAddress', { label: say(W.storeAddress), pointer: '/stores/0/address', autocomplete: 'street-address', maxlength: 200 }), place.view()))], 10),
  }
})
