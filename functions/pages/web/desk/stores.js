// An agency's stores, on a map drawn from their places: adding, changing and closing one.

import { around, map } from '../../miniprogram/logic/area.js'
import { CITY, nearest } from '../../miniprogram/logic/city.js'
import { day } from '../../miniprogram/logic/format.js'
import { standings } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { ground, LETTER, placeMap, scaleOf, WIDTH } from '../map.js'
import { button, buttonLink, card, empty, facts, h, icon, listed, named, note, rows, say, sayOf, skeleton, tag } from '../parts.js'
import { hoursFields, hoursText } from './hours.js'
import { against, listScreen } from './reading.js'
import { deskScreen } from './watch.js'

const MARGIN = 0.03

export const stores = deskScreen((app, watch, params) => {
  return listScreen(app, params, {
    title: id => say(id === 'new' ? W.addStore : W.stores),
    list: 'stores', before: 'more', none: W.chooseStore, detail: (id, app) => id === 'new' ? changing(app, watch, null) : one(app, watch, id),
    view: ({ id, pick, beside }) => {
      const all = watch.agency?.stores
      if (!all) return skeleton(6)
      const open = all.filter(store => store.status !== 'closed')
      return beside([
        watch.may('agency') && h('div', { class: 'buttons' }, buttonLink({ label: say(W.addStore), href: '#/stores/new', icon: 'plus' })),
        open.length > 0 && drawn(open, id),
        all.length ? rows([...open, ...all.filter(store => store.status === 'closed')].map(store => pick({
          id: store.store_id, lead: icon('store'), title: store.name, detail: store.address, aside: stateTag(store),
        }))) : empty({ icon: 'store', title: say(W.noStores), detail: say(W.noStoresDetail) }),
      ])
    },
  })
})

/** A store whose change waits goes on as it was. @param {Contract['Store']} store */
const stateTag = ({ status, pending_changes: changes }) => changes && status !== 'closed' ? tag(say(W.changeWaits), 'warn') : tag(sayOf(standings, status), status === 'approved' ? 'good' : status === 'closed' ? 'quiet' : 'warn')

/** Where the stores are. @param {Contract['Store'][]} stores @param {string | null} chosen */
function drawn(stores, chosen) {
  const placed = stores.flatMap(store => store.location || store.proposed_location ? [{ store, at: /** @type {{ lat: number, lon: number }} */ (store.location || store.proposed_location) }] : [])
  if (!placed.length) return null
  const to = map(around(placed.map(({ at }) => at), MARGIN), WIDTH)
  const height = Math.min(to.height, WIDTH)
  const bottom = (to.height + height) / 2
  return h('figure', { class: 'map stores-map' }, h('svg', { viewBox: `0 ${(to.height - height) / 2} ${WIDTH} ${height}`, 'font-size': LETTER, role: 'img', 'aria-label': say(W.storesMap) },
    ground(to, to.height, CITY.places, [{ left: 0, right: WIDTH / 3, top: bottom - 42, bottom }]),
    placed.map(({ store, at }) => h('g', { key: store.store_id, class: `pin ${store.store_id === chosen ? 'chosen' : ''}`, transform: `translate(${to.x(at.lon)} ${to.y(at.lat)})` },
      h('circle', { class: 'reach', r: to.metres(5000) }), h('path', { d: 'M0 0C-10-13-13-18-13-25a13 13 0 0126 0C13-18 10-13 0 0z' }), h('circle', { class: 'hole', cy: -25, r: 4.5 }))),
    scaleOf(to, bottom)))
}

/** @param {App} app @param {Watch} watch @param {string} store_id */
function one(app, watch, store_id) {
  /** @type {(() => Child) | null} */
  let form = null
  const stop = () => { form = null; app.update() }
  const close = (/** @type {string} */ name) => app.ask(formOf(app, {}), () => ({
    title: say(W.closeAsk, { name }), label: say(W.closeStore), kind: 'danger', keep: say(W.keep), fields: h('p', { class: 'say' }, say(W.closeNote)),
    send: () => app.api.call('POST /v1/agencies/{agency_id}/stores/{store_id}/close', { path: { agency_id: watch.agency_id, store_id }, repeats: true }),
    done: store => {
      took(watch, store)
      app.say(say(W.closed))
    },
  }))
  return () => {
    const store = watch.agency?.stores.find(one => one.store_id === store_id)
    if (!store) return watch.agency ? empty({ icon: 'store', title: say(W.chooseStore) }) : skeleton(6)
    if (form) return [form(), h('div', { class: 'buttons' }, button({ label: say(W.keep), kind: 'quiet', onclick: stop }))]
    const { pending_changes: to } = store
    const isClosed = store.status === 'closed'
    const at = store.location || store.proposed_location
    return [
      card({ title: store.name, aside: stateTag(store) },
        !isClosed && against(store, words => note('warn', words)),
        facts([
          [say(W.storeAddress), store.address], [say(W.around), at && say(W.nearPlace, { place: named(nearest(at).name) })],
          [say(W.storeServices), store.services?.length ? listed(store.services.map(watch.serviceName)) : say(W.storeServicesAll)],
          [say(W.openingHours), store.opening_hours?.length ? h('ul', null, hoursText(store.opening_hours).map(line => h('li', { key: line }, line))) : say(W.openAlways)],
          [say(W.closedOn), store.closed_at && day(store.closed_at, app.now())],
        ]),
        to && [note('warn', say(W.pendingChange)), facts([[say(W.storeName), to.name], [say(W.storeAddress), to.address], [say(W.storeLocation), to.location && say(W.nearPlace, { place: named(nearest(to.location).name) })], [say(W.storeServices), to.services && (listed(to.services.map(watch.serviceName)) || say(W.storeServicesAll))]])],
        watch.may('agency') && !isClosed && h('div', { class: 'buttons' }, button({ label: say(W.change), onclick: () => { form = changing(app, watch, store, stop); app.update() } }), button({ label: say(W.closeStore), kind: 'danger', onclick: () => close(store.name) }))),
    ]
  }
}

/** Adds a store, or changes one. @param {App} app @param {Watch} watch @param {Contract['Store'] | null} store @param {() => void} [done] */
function changing(app, watch, store, done) {
  // What waits for review is changed further, not taken back.
  const to = store?.pending_changes
  const form = formOf(app, /** @type {any} */ ({ name: to?.name || store?.name || '', address: to?.address || store?.address || '', services: [...(to?.services || store?.services || [])] }))
  const place = placeField(app, form, to?.location || store?.location || store?.proposed_location || null)
  const hours = hoursFields(form, store?.opening_hours || null, { label: W.openingHours, any: W.openAlways, pointer: '/opening_hours', update: app.update })
  const { values } = form
  const send = async () => {
    const open = hours.read()
    const body = {
      name: values.name, address: values.address, location: place.chosen(),
      // An empty list takes back what was said before.
      ...((values.services.length || store?.services || to?.services) && { services: values.services }), ...((open || store?.opening_hours) && { opening_hours: open || [] }),
    }
    const path = { agency_id: watch.agency_id }
    const saved = store ? await app.api.call('PATCH /v1/agencies/{agency_id}/stores/{store_id}', { path: { ...path, store_id: store.store_id }, body, repeats: true })
      : await app.api.call('POST /v1/agencies/{agency_id}/stores', { intent: 'store', path, body: { ...body, location: /** @type {Contract['Location']} */ (body.location) } })
    took(watch, saved)
    app.say(say(!store ? W.storeAdded : saved.pending_changes ? W.proposed : W.changed))
    if (done) done()
    else app.go(`stores/${saved.store_id}`, true)
  }
  return () => card({ title: say(store ? W.change : W.addStore) }, form.around({ label: say(W.save), send, check: place.check },
    (to || store?.status === 'approved') && h('p', { class: 'hint' }, say(W.storeNote)),
    form.text('name', { label: say(W.storeName), maxlength: 60 }), form.text('address', { label: say(W.storeAddress), maxlength: 200 }), place.view(),
    form.choices('services', { label: say(W.storeServices), hint: say(W.storeServicesHint), several: true, optional: true, options: watch.services.filter(({ service }) => watch.agency?.services.includes(service)).map(({ service, name }) => ({ value: service, label: named(name) })) }),
    hours.view()))
}

/** Where a store is, picked on the map. @param {App} app @param {Pick<import('../form.js').Form<any>, 'own' | 'mended'>} form @param {{ lat: number, lon: number } | null} before @param {string} [pointer] */
export function placeField(app, form, before, pointer = '/location') {
  /** @type {Contract['Location'] | null} */
  let location = before && { lat: before.lat, lon: before.lon, datum: 'wgs84' }
  /** @type {(() => Child) | null} */
  let open = null
  return {
    chosen: () => location,
    check: () => ({ [pointer]: !location && say(W.storeNeedPlace) }),
    view: () => form.own(pointer, { label: say(W.storeLocation) }, location && !open && note('good', say(W.storePlaced, { near: named(nearest(location).name) })),
      open ? open() : h('div', { class: 'buttons' }, button({ label: say(W.storePick), icon: 'place', onclick: () => { open = placeMap(app, location, taken => { location = taken; open = null; form.mended(pointer); app.update() }, W.storeMapHelp); app.update() } }))),
  }
}

/** @param {Watch} watch @param {Contract['Store']} store */
function took(watch, store) {
  if (!watch.agency) return
  const others = watch.agency.stores.filter(one => one.store_id !== store.store_id)
  watch.took({ ...watch.agency, stores: [...others, store].sort((a, b) => a.added_at.localeCompare(b.added_at)) })
}
