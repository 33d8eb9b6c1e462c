// An agency's stores, on a map drawn from their places: adding, changing and closing one.

import { around, map } from '../../miniprogram/logic/area.js'
import { CITY, nearest } from '../../miniprogram/logic/city.js'
import { day, distance } from '../../miniprogram/logic/format.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { standings } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { ground, LETTER, placeMap } from '../map.js'
import { formOf } from '../form.js'
import { button, buttonLink, card, dialog, empty, facts, h, icon, listed, named, note, rows, say, sayOf, screen, skeleton, tag } from '../parts.js'
import { hoursFields, hoursText } from './hours.js'
import { against, chosen, listScreen, pick, split } from './reading.js'
import { watchOf } from './watch.js'

const WIDTH = 360
const MARGIN = 0.03

export const stores = screen((app, params) => {
  const watch = watchOf(app)
  const choice = chosen(app, params, 'store_id', id => id === 'new' ? changing(app, watch, null) : one(app, watch, id))
  return listScreen(choice, {
    title: () => say(choice.id() === 'new' ? W.addStore : W.stores),
    list: 'stores', before: 'more',
    view: () => {
      const all = watch.agency?.stores
      if (!all) return skeleton(6)
      const open = all.filter(store => store.status !== 'closed')
      return split(choice.id() !== null, [
        watch.may('agency') && h('div', { class: 'buttons' }, buttonLink({ label: say(W.addStore), href: '#/stores/new', icon: 'plus' })),
        open.length > 0 && drawn(open, choice.id()),
        all.length ? rows([...open, ...all.filter(store => store.status === 'closed')].map(store => pick({
          key: store.store_id, href: `#/stores/${store.store_id}`, isChosen: store.store_id === choice.id(), lead: icon('store'), title: store.name, detail: store.address,
          aside: stateTag(store),
        }))) : empty({ icon: 'store', title: say(W.noStores), detail: say(W.noStoresDetail) }),
      ], choice.view(), say(W.chooseStore))
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
  const scale = [20000, 10000, 5000, 2000, 1000, 500].find(metres => to.metres(metres) < WIDTH / 4) || 500
  const bottom = (to.height + height) / 2
  return h('figure', { class: 'map stores-map' }, h('svg', { viewBox: `0 ${(to.height - height) / 2} ${WIDTH} ${height}`, 'font-size': LETTER, role: 'img', 'aria-label': say(W.storesMap) },
    ground(to, WIDTH, to.height, CITY.places, [{ left: 0, right: WIDTH / 3, top: bottom - 42, bottom }]),
    placed.map(({ store, at }) => h('g', { key: store.store_id, class: `pin ${store.store_id === chosen ? 'chosen' : ''}`, transform: `translate(${to.x(at.lon)} ${to.y(at.lat)})` },
      h('circle', { class: 'reach', r: to.metres(5000) }), h('path', { d: 'M0 0C-10-13-13-18-13-25a13 13 0 0126 0C13-18 10-13 0 0z' }), h('circle', { class: 'hole', cy: -25, r: 4.5 }))),
    h('path', { class: 'scale', d: `M12 ${bottom - 14}v6h${to.metres(scale)}v-6` }), h('text', { x: 14, y: bottom - 18 }, distance(scale))))
}

/** @param {import('../app.js').App} app @param {import('./watch.js').Watch} watch @param {string} store_id */
function one(app, watch, store_id) {
  /** @type {(() => import('../view.js').Child) | null} */
  let form = null
  let isClosing = false
  const closing = formOf(app, {})
  const stop = () => { isClosing = false; form = null; app.update() }
  const close = async () => {
    const store = await app.api.call('POST /v1/agencies/{agency_id}/stores/{store_id}/close', { path: { agency_id: watch.agency_id, store_id }, repeats: true })
    took(watch, store)
    app.say(say(W.closed))
    stop()
  }
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
        watch.may('agency') && !isClosed && h('div', { class: 'buttons' }, button({ label: say(W.change), onclick: () => { form = changing(app, watch, store, stop); app.update() } }), button({ label: say(W.closeStore), kind: 'danger', onclick: () => { isClosing = true; app.update() } }))),
      isClosing && dialog({ title: say(W.closeAsk, { name: store.name }), close: stop }, closing.around({ label: say(W.closeStore), kind: 'danger', send: close, aside: button({ label: say(W.keep), kind: 'quiet', onclick: stop }) }, h('p', { class: 'say' }, say(W.closeNote)))),
    ]
  }
}

/** Adds a store, or changes one. @param {import('../app.js').App} app @param {import('./watch.js').Watch} watch @param {Contract['Store'] | null} store @param {() => void} [done] */
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
  return () => card({ title: say(store ? W.change : W.addStore) }, form.around({ label: say(controls.save), send, check: () => ({ ...place.check(), '/name': !values.name.trim() && say(controls.required), '/address': !values.address.trim() && say(controls.required) }) },
    (to || store?.status === 'approved') && h('p', { class: 'hint' }, say(W.storeNote)),
    form.text('name', { label: say(W.storeName), maxlength: 60 }), form.text('address', { label: say(W.storeAddress), maxlength: 200 }), place.view(),
    form.choices('services', { label: say(W.storeServices), hint: say(W.storeServicesHint), several: true, optional: true, options: watch.services.filter(({ service }) => watch.agency?.services.includes(service)).map(({ service, name }) => ({ value: service, label: named(name) })) }),
    hours.view()))
}

/** Where a store is, picked on the map. @param {import('../app.js').App} app @param {{ faultOf: (pointer: string) => string | null, mended: (pointer: string) => void }} form @param {{ lat: number, lon: number } | null} before @param {string} [pointer] */
export function placeField(app, form, before, pointer = '/location') {
  /** @type {Contract['Location'] | null} */
  let location = before && { lat: before.lat, lon: before.lon, datum: 'wgs84' }
  /** @type {(() => import('../view.js').Child) | null} */
  let open = null
  return {
    chosen: () => location,
    check: () => ({ [pointer]: !location && say(W.storeNeedPlace) }),
    view: () => {
      const fault = form.faultOf(pointer)
      return h('div', { class: 'field', key: 'location' }, h('span', { class: 'label' }, say(W.storeLocation)), location && !open && note('good', say(W.storePlaced, { near: named(nearest(location).name) })),
        open ? open() : h('div', { class: 'buttons' }, button({ label: say(W.storePick), icon: 'place', onclick: () => { open = placeMap(app, location, taken => { location = taken; open = null; form.mended(pointer); app.update() }, W.storeMapHelp); app.update() } })),
        fault && h('p', { class: 'fault', role: 'alert' }, icon('warning'), fault))
    },
  }
}

/** @param {import('./watch.js').Watch} watch @param {Contract['Store']} store */
function took(watch, store) {
  if (!watch.agency) return
  const others = watch.agency.stores.filter(one => one.store_id !== store.store_id)
  watch.took({ ...watch.agency, stores: [...others, store].sort((a, b) => a.added_at.localeCompare(b.added_at)) })
}
