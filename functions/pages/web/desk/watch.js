// What the desk keeps an eye on whichever screen is shown: its agency, what can be grabbed, and what waits for a worker. There is
// one of it in a document; it begins anew when somebody else logs in, and what it keeps has a limit.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { named } from '../../miniprogram/logic/words.js'
import { kept } from '../browser.js'
import { chime, isQuiet, wake } from './sound.js'

/** @typedef {'orders' | 'workers' | 'agency' | 'members'} Right As in the platform's table of rights. */
/** What has happened to an offer or a claim. `problem` is why a grab has failed; `unsure` that it may have been done all the same.
 * @typedef {{ kind: 'won' | 'colleague' | 'gone' | 'assigned' | 'lost' | 'failed', order_id: string, offer: Contract['Offer'] | Contract['OrderSummary'], problem?: import('../../miniprogram/logic/api.js').Problem, unsure?: boolean }} News */

const OFFERS_EVERY = 1_000
/** While nobody looks: a read costs whether anything is new or not. */
const OFFERS_EVERY_AWAY = 5_000
/** Nobody looks at an empty hall that has not been touched for so long. */
const LEFT_ALONE = 30 * 60_000
/** Claims are dearer to read; when an offer has gone, they are read at once. */
const CLAIMS_EVERY = 10_000
const AGENCY_EVERY = 60_000
/** An agency that waits for its review wants to know. */
const WAITING_EVERY = 5_000
/** A list that is so much overdue may not hold any more. */
const STALE = 2_000
const MOST_NEWS = 8
/** After these the order is not to be had any more. */
const OVER = ['order-taken', 'order-cancelled', 'grab-window-closed', 'not-offered']
/** @type {Record<string, Right[]>} */
const RIGHTS = { owner: ['orders', 'workers', 'agency', 'members'], dispatcher: ['orders', 'workers'], viewer: [] }

/** @typedef {ReturnType<typeof begun>} Watch */
/** @type {Watch | null} */
let watch = null

/** A screen of the desk, which is given the watch. @param {(app: App, watch: Watch, params: Record<string, string>) => import('../app.js').Screen} make @returns {import('../app.js').MakeScreen} */
export const deskScreen = make => (app, params) => {
  watch = watch || begun(app)
  watch.begin()
  return make(app, watch, params)
}

/** How many offers there are to grab, and claims to name a worker for: for the tabs. */
export const counts = { offers: () => watch ? watch.offers().length : 0, claims: () => watch?.claims?.length || 0 }

/** @param {App} app */
function begun(app) {
  const { api } = app
  /** @typedef {ReturnType<typeof api.follow>} Following */
  /** @type {Following[]} */
  let follows = []
  /** @type {Following | null} */
  let claimsRead = null
  let isOver = true
  let isReading = false
  let touched = Date.now()
  let heard = 0
  /** How soon after that the offers are read again. */
  let pace = OFFERS_EVERY
  /** @type {Contract['Offer'][] | null} */
  let offers = null
  /** Offers that cannot be had any more, whatever the list says. @type {Set<string>} */
  const dropped = new Set()
  /** @type {Set<string>} */
  const grabbing = new Set()
  const self = {
    agency_id: '',
    get role() { return api.member()?.role || 'viewer' },
    /** @type {Contract['Agency'] | null} */
    agency: null,
    /** @type {Contract['OfferedService'][]} */
    services: [],
    /** Claims without a worker, the most urgent first. @type {Contract['OrderSummary'][] | null} */
    claims: null,
    /** @type {News[]} */
    news: [],
    begin,
    grab,
    offers: shown,
    isRead: () => offers !== null,
    isGrabbing: (/** @type {string} */ id) => grabbing.has(id),
    /** Whether the list of offers may not hold any more. */
    isStale: () => offers !== null && Date.now() - heard > pace + STALE,
    isSilent: () => kept.read('desk.silent') === 'yes' || isQuiet(),
    /** Turns sound and vibration on or off; turning on is heard. */
    turnSound() {
      const on = self.isSilent()
      kept.write('desk.silent', on ? null : 'yes')
      if (on) wake().then(() => { chime(); app.update() })
      app.update()
    },
    /** @param {Right} right */
    may: right => (RIGHTS[self.role] || []).includes(right),
    isApproved: () => self.agency?.status === 'approved',
    serviceName: (/** @type {string} */ id) => serviceName(self.services, id),
    /** Every tag of the catalogue by its name. @param {string} tag */
    tagName(tag) {
      const found = self.services.flatMap(service => service.tags).find(one => one.tag === tag)
      return found ? named(found.name) : ''
    },
    /** @param {string | null} id */
    storeName: id => self.agency?.stores.find(store => store.store_id === id)?.name || '',
    /** Reads claims and offers at once, such as after something was done. */
    now: () => follows.forEach(follow => follow.now()),
    /** Takes over an agency that a request has answered. @param {Contract['Agency']} agency */
    took(agency) { self.agency = agency; app.update() },
    /** @param {News} news */
    forget(news) { self.news = self.news.filter(one => one !== news); app.update() },
  }
  setInterval(tick, 1_000)
  addEventListener('visibilitychange', () => { if (!document.hidden) self.now() })
  for (const gesture of ['pointermove', 'pointerdown', 'keydown']) addEventListener(gesture, touch, { passive: true })
  for (const gesture of ['pointerdown', 'keydown']) addEventListener(gesture, () => { if (kept.read('desk.silent') !== 'yes') wake().then(app.update) }, { once: true })
  return self

  function touch() {
    const wasAway = isAway()
    touched = Date.now()
    if (wasAway) self.now()
  }

  /** Whether nobody looks. A new offer is heard all the same. */
  function isAway() {
    return document.hidden || (!shown().length && Date.now() - touched > LEFT_ALONE)
  }

  /** Follows what whoever is logged in may see, unless it does so already. */
  function begin() {
    const id = api.subject()
    if (!id || (!isOver && id === self.agency_id)) return
    follows.forEach(follow => follow.stop())
    self.agency_id = id
    isOver = false
    follows = [api.follow('GET /v1/agencies/{agency_id}', { path: { agency_id: id } }, { every: () => self.isApproved() ? AGENCY_EVERY : WAITING_EVERY, show: seeAgency, fail: failed })]
    claimsRead = null
    readCatalogue()
  }

  async function readCatalogue() {
    if (isReading || self.services.length) return
    isReading = true
    self.services = await readServices(api).catch(() => [])
    isReading = false
    app.update()
  }

  /** @param {Contract['Agency']} agency */
  function seeAgency(agency) {
    self.agency = agency
    if (agency.status === 'approved' && !claimsRead) {
      claimsRead = api.follow('GET /v1/orders', { query: { status: 'claimed', limit: 100 } }, { every: CLAIMS_EVERY, show: ({ items }) => seeClaims(items), fail: failed })
      follows.push(claimsRead, api.follow('GET /v1/offers/open', {}, { every: () => (pace = isAway() ? OFFERS_EVERY_AWAY : OFFERS_EVERY), show: ({ items }) => seeOffers(items), fail: failed, heard: () => { heard = Date.now() } }))
    }
    app.update()
  }

  /** @param {import('../../miniprogram/logic/api.js').Problem | null} problem */
  function failed(problem) {
    if (problem && [401, 403].includes(problem.status)) isOver = true
  }

  /** @param {Contract['Offer'][]} now */
  function seeOffers(now) {
    const there = new Set(now.map(keyOf))
    const isNew = offers !== null && now.some(offer => !offers?.some(before => keyOf(before) === keyOf(offer)))
    const gone = (offers || []).filter(offer => !there.has(keyOf(offer)) && !dropped.has(keyOf(offer)) && !grabbing.has(offer.order_id) && Date.parse(offer.grab_deadline) > app.now())
    if (gone.length) findOut(gone)
    offers = now
    for (const key of dropped) if (!there.has(key)) dropped.delete(key)
    if (isNew && shown().length && !self.isSilent()) chime()
    app.update()
  }

  /** Says who has what is gone, as claims say that are read from now on. @param {Contract['Offer'][]} gone */
  async function findOut(gone) {
    await claimsRead?.now()
    for (const offer of gone) {
      const { order_id } = offer
      const before = toldOf(order_id)
      if (before?.kind !== 'won') tell({ kind: hasClaim(order_id) ? 'colleague' : 'gone', order_id, offer, unsure: before?.unsure })
    }
  }

  /** @param {Contract['OrderSummary'][]} items */
  function seeClaims(items) {
    const before = self.claims && new Set(self.claims.map(claim => claim.order_id))
    self.claims = [...items].sort((a, b) => staffBy(a) - staffBy(b))
    for (const claim of self.claims) {
      const { order_id } = claim
      const told = toldOf(order_id)
      const isAssigned = before && !before.has(order_id) && claim.claim?.how === 'assignment'
      // A grab whose answer was lost has come through, or the list was behind and somebody was told too soon that it is gone.
      const kind = isAssigned ? 'assigned' : told?.unsure ? 'won' : told?.kind === 'gone' ? 'colleague' : null
      if (kind) tell({ kind, order_id, offer: claim })
      if (isAssigned && !self.isSilent()) chime()
    }
    app.update()
  }

  /** @param {string} order_id */
  function toldOf(order_id) {
    return self.news.find(news => news.order_id === order_id)
  }

  /** @param {string} order_id */
  function hasClaim(order_id) {
    return self.claims?.some(claim => claim.order_id === order_id)
  }

  function tick() {
    if (!api.isLoggedIn()) return
    begin()
    readCatalogue()
    if (!document.hidden) app.update()
  }

  /** What can still be grabbed, the soonest deadline first. */
  function shown() {
    return (offers || []).filter(offer => !dropped.has(keyOf(offer)) && (grabbing.has(offer.order_id) || Date.parse(offer.grab_deadline) > app.now()))
  }

  /** @param {Contract['Offer']} offer */
  async function grab(offer) {
    const { order_id, claim_token } = offer
    if (grabbing.has(order_id) || !claim_token) return
    grabbing.add(order_id)
    self.news = self.news.filter(news => news.order_id !== order_id)
    app.update()
    try {
      await api.call('POST /v1/orders/{order_id}/grab', { path: { order_id }, body: { claim_token }, repeats: true })
      dropped.add(keyOf(offer))
      tell({ kind: 'won', order_id, offer })
    } catch (failure) {
      const problem = /** @type {import('../../miniprogram/logic/api.js').Problem} */ (failure)
      const isLost = OVER.includes(problem.slug)
      const isOurs = problem.unknown && hasClaim(order_id)
      if (isLost) dropped.add(keyOf(offer))
      tell({ kind: isOurs ? 'won' : isLost ? 'lost' : 'failed', order_id, offer, problem, unsure: problem.unknown && !isOurs })
    }
    grabbing.delete(order_id)
    if (toldOf(order_id)?.unsure && !offers?.some(one => one.order_id === order_id)) findOut([offer])
    self.now()
  }

  /** @param {News} news */
  function tell(news) {
    self.news = [news, ...self.news.filter(one => one.order_id !== news.order_id)].slice(0, MOST_NEWS)
    app.update()
  }
}

/** @param {Contract['Offer']} offer */
const keyOf = offer => `${offer.order_id} ${offer.epoch}`

/** @param {Contract['OrderSummary']} order */
const staffBy = order => order.claim ? Date.parse(order.claim.staff_by) : 0
