// An agency or one of its stores, to be decided on and looked up: what is now, what would be, papers, earlier decisions.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { Problem } from '../../miniprogram/logic/api.js'
import { nearest } from '../../miniprogram/logic/city.js'
import { day, distance, phoneText, when } from '../../miniprogram/logic/format.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { paperKinds, standings } from '../../miniprogram/logic/words/contract.js'
import { stillMap } from '../map.js'
import { awaited, button, card, empty, facts, h, listed, named, row, rows, say, sayOf, screen, tag, told } from '../parts.js'
import { hashes } from '../record.js'
import { saveFile } from '../tools.js'
import { giveCredential } from './credential.js'
import { comparison, deciding, pastReviews, possible } from './deciding.js'

/** @param {Contract['OfferedService'][]} services @param {readonly string[]} list */
const offered = (services, list) => listed(list.map(one => serviceName(services, one)))

/** A number that stays on one line. @param {string} number */
export const whole = number => h('span', { class: 'whole' }, number)

/** @param {string} standing */
export const standingTag = standing => tag(sayOf(standings, standing), standing === 'approved' ? 'good' : standing === 'pending' ? 'warn' : 'bad')

export const agency = screen((app, { agency_id }) => {
  const path = { agency_id }
  const services = app.load(() => readServices(app.api))
  const read = app.load(() => app.api.call('GET /v1/agencies/{agency_id}', { path }))
  const decision = deciding(app, `agencies/${agency_id}`, {
    present: () => read.value && { name: read.value.name, version: read.value.version, can: possible(read.value.status, read.value.pending_changes !== null) },
    send: ({ decision, reason }, { version }) => app.api.call('POST /v1/agencies/{agency_id}/reviews', { path, body: { decision, reason, version }, repeats: true }),
    again: read.again,
  })
  const giveKey = () => giveCredential(app, {
    title: say(W.ownerKey), whose: read.value?.name || '', detail: say(W.ownerKeyDetail), send: body => app.api.call('POST /v1/agencies/{agency_id}/credentials', { path, intent: `credential ${agency_id}`, body }),
  })
  return { title: () => say(W.agencyTitle), back: '', wide: true, view: () => awaited(read, dossier, 8) }

  /** @param {Contract['Agency']} it */
  function dossier(it) {
    const changes = it.pending_changes
    const names = (/** @type {readonly string[]} */ list) => offered(services.value || [], list)
    return [
      card({ title: it.name, aside: standingTag(it.status) },
        // Only papers may wait, which are below.
        changes && (changes.name || changes.responsible_person || changes.phone || changes.services) ? comparison([
          [say(W.name), it.name, changes.name],
          [say(W.responsible), it.responsible_person, changes.responsible_person],
          [say(W.phone), phoneText(it.phone), changes.phone && phoneText(changes.phone)],
          [say(W.services), names(it.services), changes.services && names(changes.services)],
        ]) : facts([[say(W.responsible), it.responsible_person], [say(W.phone), whole(phoneText(it.phone))], [say(W.services), names(it.services)]]),
        facts([[say(W.uscc), whole(it.uscc)], [say(W.registered), when(it.registered_at, app.now())], [say(W.rating), it.stars && say(W.starsOf, it.stars)]])),
      papers(app, it),
      card({ title: say(W.store) }, rows(it.stores.map(store => row({ key: store.store_id, href: `#/agencies/${agency_id}/stores/${store.store_id}`, icon: 'store', title: store.name, detail: store.address, aside: standingTag(store.status) })))),
      pastReviews(it.reviews, app.now()),
      decision(),
      app.api.member()?.role === 'supervisor' && h('div', { class: 'beside' }, button({ label: say(W.ownerKey), kind: 'quiet', onclick: giveKey })),
    ]
  }
})

/** Its licences, and those that would take their place. They may hold anything, so they are saved, not shown. @param {App} app @param {Contract['Agency']} agency */
function papers(app, agency) {
  const present = agency.papers
  const proposed = agency.pending_changes?.papers || []
  const save = async (/** @type {Contract['Paper']} */ paper) => {
    const file = await app.api.call('GET /v1/papers/{kind}', { path: { kind: paper.kind }, query: { agency_id: agency.agency_id, sha256: paper.sha256 }, raw: true })
    saveFile(/** @type {any} */ (file), `${agency.name} ${sayOf(paperKinds, paper.kind)}.${paper.media_type.split('/')[1].replace('jpeg', 'jpg')}`)
  }
  const line = (/** @type {Contract['Paper']} */ paper, /** @type {boolean} */ isNew) => h('li', { key: `${paper.kind} ${paper.sha256}` },
    h('div', { class: 'card-head' }, h('span', { class: 'tags' }, h('b', null, sayOf(paperKinds, paper.kind)), isNew && standingTag('pending')), button({ label: say(W.paper), icon: 'down', onclick: () => { save(paper).catch(problem => app.say(told(problem))) } })),
    h('small', null, `${day(paper.uploaded_at, app.now())} · ${Math.max(1, Math.round(paper.bytes / 1024))} KB`), hashes([[say(W.sha), paper.sha256]]))
  return card({ title: say(W.papers) }, present.length + proposed.length === 0 ? h('p', { class: 'say' }, say(W.noPapers))
    : h('ul', { class: 'said' }, proposed.map(paper => line(paper, true)), present.map(paper => line(paper, false))))
}

export const store = screen((app, { agency_id, store_id }) => {
  const href = `agencies/${agency_id}/stores/${store_id}`
  const services = app.load(() => readServices(app.api))
  const read = app.load(() => app.api.call('GET /v1/agencies/{agency_id}', { path: { agency_id } }))
  const found = () => read.value?.stores.find(store => store.store_id === store_id) || null
  const decision = deciding(app, href, {
    present: () => {
      const it = found()
      // One that works while its changes wait can be suspended like any other.
      return it && { name: it.name, version: it.version, can: [...possible(it.status, false), ...(it.status === 'pending' && it.location ? [/** @type {const} */ ('suspend')] : [])] }
    },
    send: ({ decision, reason }, { version }) => app.api.call('POST /v1/agencies/{agency_id}/stores/{store_id}/reviews', { path: { agency_id, store_id }, body: { decision, reason, version }, repeats: true }),
    again: read.again,
  })
  return { title: () => say(W.storeTitle), back: '', wide: true, view: () => awaited(read, agency => { const it = found(); return it ? dossier(it, agency) : empty({ icon: 'store', title: told(new Problem({ type: '/problems/not-found' }, 404)) }) }, 8) }

  /** @param {Contract['Store']} it @param {Contract['Agency']} agency */
  function dossier(it, agency) {
    const { pending_changes: changes, location, proposed_location: proposed } = it
    const after = changes?.location || proposed
    const served = (/** @type {readonly string[] | null} */ list) => list?.length ? offered(services.value || [], list) : say(W.allServices)
    const pins = [...(location ? [{ place: location, kind: 'pin' }] : []), ...(after ? [{ place: after, kind: 'pin hollow' }] : [])]
    const near = (/** @type {Contract['Location'] | null} */ place) => place && say(W.placeNear, { near: named(nearest(place).name) })
    return [
      card({ title: it.name, aside: standingTag(it.status) },
        changes ? comparison([
          [say(W.name), it.name, changes.name],
          [say(W.address), it.address, changes.address],
          [say(W.services), served(it.services), changes.services && served(changes.services)],
          [say(W.place), near(location), changes.location && [near(changes.location), location && say(W.moved, { distance: distance(apart(location, changes.location)) })]],
        ]) : facts([[say(W.address), it.address], [say(W.services), served(it.services)], [say(W.place), near(location || proposed)]]),
        pins.length > 0 && stillMap(pins, [nearest(pins[0].place)], say(W.mapLabel)), facts([[say(W.registered), when(it.added_at, app.now())]])),
      rows(row({ href: `#/agencies/${agency_id}`, icon: 'store', title: agency.name, detail: say(W.agencyTitle), aside: standingTag(agency.status) })),
      pastReviews(it.reviews, app.now()),
      decision(),
    ]
  }
})

/** In metres, to ten. @param {{ lat: number, lon: number }} a @param {{ lat: number, lon: number }} b */
const apart = (a, b) => Math.round(111_195 * Math.hypot(a.lat - b.lat, (a.lon - b.lon) * Math.cos(a.lat * Math.PI / 180)) / 10) * 10
