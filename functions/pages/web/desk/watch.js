// What the desk keeps an eye on whichever screen is shown: its agency, what can be grabbed, and what waits for a worker. There is
// one of it in a document; it begins anew when somebody else logs in, and what it keeps has a limit.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { named } from '../../miniprogram/logic/words.js'
import { kept } from '../browser.js'
import { chime, isQuiet, wake } from './sound.js'

/** @typedef {import('contract').Schemas['Offer']} Offer */
/** @typedef {import('contract').Schemas['Agency']} Agency */
/** @typedef {import('contract').OrderSummary} OrderSummary */
/** @typedef {'orders' | 'workers' | 'agency' | 'members'} Right As in the platform's table of rights. */
/** What has happened to an offer or a claim. `lost` has the problem's slug.
 * @typedef {{ kind: 'won' | 'colleague' | 'gone' | 'assigned' | 'lost' | 'failed', order_id: string, offer: Offer | OrderSummary, problem?: import('../../miniprogram/logic/api.js').Problem, at: number }} News */

const OFFERS_EVERY = 1_000
/** Claims are dearer to read; when an offer has gone, they are read at once. */
const CLAIMS_EVERY = 10_000
const AGENCY_EVERY = 60_000
/** An agency that waits for its review wants to know. */
const WAITING_EVERY = 5_000
/** What was heard longer ago may not hold any more. */
const STALE = 3_000
/** How long somebody of the same agency may need to show as the winner. */
const DOUBT = 1_500
const MOST_NEWS = 8
/** After these the order is not to be had any more. */
const OVER = ['order-taken', 'order-cancelled', 'grab-window-closed', 'not-offered']
/** @type {Record<string, Right[]>} */
const RIGHTS = { owner: ['orders', 'workers', 'agency', 'members'], dispatcher: ['orders', 'workers'], viewer: [] }

/** @typedef {ReturnType<typeof begun>} Watch */
/** @type {Watch | null} */
let watch = null

/** @param {import('../app.js').App} app @returns {Watch} */
export function watchOf(app) {
  watch = watch || begun(app)
  watch.begin()
  return watch
}

/** How many offers there are to grab, and claims to name a worker for: for the tabs. */
export const counts = { offers: () => watch ? watch.offers().length : 0, claims: () => watch?.claims?.length || 0 }

/** @param {import('../app.js').App} app */
function begun(app) {
  const { api } = app
  /** @type {{ stop: () => void, now: () => void }[]} */
  let follows = []
  /** @type {{ stop: () => void, now: () => void } | null} */
  let claimsRead = null
  let isOver = true
  let isReading = false
  /** Whose role is known. @type {string | null} */
  let token = null
  let heard = 0
  /** @type {Offer[] | null} */
  let offers = null
  /** Offers that cannot be had any more, whatever the list says. @type {Set<string>} */
  const dropped = new Set()
  /** @type {Set<string>} */
  const grabbing = new Set()
  /** What this desk has grabbed itself. @type {Set<string>} */
  let own = new Set()
  /** What this desk may have grabbed: the answer was lost. @type {Set<string>} */
  const unsure = new Set()
  /** Offers that are no longer there, and when that was seen. @type {Map<string, { offer: Offer, at: number }>} */
  const doubtful = new Map()
  const self = {
    agency_id: '',
    role: 'viewer',
    /** @type {Agency | null} */
    agency: null,
    /** @type {import('contract').OfferedService[]} */
    services: [],
    /** Claims without a worker, the most urgent first. @type {OrderSummary[] | null} */
    claims: null,
    /** @type {News[]} */
    news: [],
    begin,
    grab,
    offers: shown,
    isRead: () => offers !== null,
    isGrabbing: (/** @type {string} */ id) => grabbing.has(id),
    /** Whether the list of offers may not hold any more. */
    isStale: () => offers !== null && Date.now() - heard > STALE,
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
    serviceName: (/** @type {string} */ id) => serviceName(self.services, id, named),
    /** Every tag of the catalogue by its name. @param {string} tag */
    tagName(tag) {
      const found = self.services.flatMap(service => service.tags).find(one => one.tag === tag)
      return found ? named(found.name) : ''
    },
    /** @param {string | null} id */
    storeName: id => self.agency?.stores.find(store => store.store_id === id)?.name || '',
    /** Reads claims and offers at once, such as after something was done. */
    now: () => follows.forEach(follow => follow.now()),
    /** Takes over an agency that a request has answered. @param {Agency} agency */
    took(agency) { self.agency = agency; app.update() },
    /** @param {News} news */
    forget(news) { self.news = self.news.filter(one => one !== news); app.update() },
  }
  setInterval(tick, 1_000)
  addEventListener('visibilitychange', () => { if (!document.hidden) self.now() })
  for (const gesture of ['pointerdown', 'keydown']) addEventListener(gesture, () => { if (kept.read('desk.silent') !== 'yes') wake().then(app.update) }, { once: true })
  return self

  /** Follows what whoever is logged in may see, unless it does so already. */
  function begin() {
    const id = api.subject()
    if (token !== api.token()) {
      token = api.token()
      self.role = roleOf(token)
    }
    if (!id || (!isOver && id === self.agency_id)) return
    follows.forEach(follow => follow.stop())
    if (id !== self.agency_id) {
      Object.assign(self, { agency: null, claims: null, news: [] })
      offers = null
      own = new Set()
      doubtful.clear()
      unsure.clear()
      dropped.clear()
    }
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

  /** @param {Agency} agency */
  function seeAgency(agency) {
    self.agency = agency
    if (agency.status === 'approved' && !claimsRead) {
      claimsRead = api.follow('GET /v1/orders', { query: { status: 'claimed', limit: 100 } }, { every: () => doubtful.size ? OFFERS_EVERY : CLAIMS_EVERY, show: ({ items }) => seeClaims(items), fail: failed })
      follows.push(claimsRead, api.follow('GET /v1/offers/open', {}, { every: OFFERS_EVERY, show: ({ items }) => seeOffers(items), fail: failed, heard: () => { heard = Date.now() } }))
    }
    app.update()
  }

  /** @param {import('../../miniprogram/logic/api.js').Problem | null} problem */
  function failed(problem) {
    if (problem && [401, 403].includes(problem.status)) isOver = true
  }

  /** @param {Offer[]} now */
  function seeOffers(now) {
    const before = new Map((offers || []).map(offer => [keyOf(offer), offer]))
    const isNew = offers !== null && now.some(offer => !before.has(keyOf(offer)))
    for (const offer of now) before.delete(keyOf(offer))
    for (const offer of before.values()) {
      if (!dropped.has(keyOf(offer)) && !grabbing.has(offer.order_id) && Date.parse(offer.grab_deadline) > app.now()) doubtful.set(offer.order_id, { offer, at: Date.now() })
    }
    // A claim may have been read before the offer was seen to be gone: the list of claims does not change again.
    if (before.size && self.claims) seeClaims(self.claims)
    if (before.size) claimsRead?.now()
    offers = now
    const there = new Set(now.map(keyOf))
    for (const key of dropped) if (!there.has(key)) dropped.delete(key)
    if (isNew && shown().length && !self.isSilent()) chime()
    app.update()
  }

  /** @param {OrderSummary[]} items */
  function seeClaims(items) {
    const before = self.claims && new Set(self.claims.map(claim => claim.order_id))
    self.claims = [...items].sort((a, b) => staffBy(a) - staffBy(b))
    for (const claim of self.claims) {
      // Whoever was told too soon that it is gone is told better.
      const doubt = doubtful.get(claim.order_id) || self.news.find(news => news.kind === 'gone' && news.order_id === claim.order_id)
      if (unsure.delete(claim.order_id)) tell({ kind: 'won', order_id: claim.order_id, offer: claim, at: app.now() })
      else if (doubt) tell({ kind: 'colleague', order_id: claim.order_id, offer: doubt.offer, at: app.now() })
      doubtful.delete(claim.order_id)
      if (before && !before.has(claim.order_id) && claim.claim?.how === 'assignment') {
        tell({ kind: 'assigned', order_id: claim.order_id, offer: claim, at: app.now() })
        if (!self.isSilent()) chime()
      }
    }
    const ids = new Set(items.map(claim => claim.order_id))
    for (const id of own) if (!ids.has(id)) own.delete(id)
    app.update()
  }

  function tick() {
    if (api.isLoggedIn()) begin()
    if (!isOver) readCatalogue()
    for (const [id, { offer, at }] of doubtful) {
      if (Date.now() - at < DOUBT) continue
      doubtful.delete(id)
      if (!own.has(id)) tell({ kind: 'gone', order_id: id, offer, at: app.now() })
    }
    if (api.isLoggedIn()) app.update()
  }

  /** What can still be grabbed, the soonest deadline first. */
  function shown() {
    return (offers || []).filter(offer => !dropped.has(keyOf(offer)) && (grabbing.has(offer.order_id) || Date.parse(offer.grab_deadline) > app.now()))
  }

  /** @param {Offer} offer */
  async function grab(offer) {
    const { order_id, claim_token } = offer
    if (grabbing.has(order_id) || !claim_token) return
    grabbing.add(order_id)
    self.news = self.news.filter(news => news.order_id !== order_id)
    app.update()
    try {
      await api.call('POST /v1/orders/{order_id}/grab', { path: { order_id }, body: { claim_token }, repeats: true })
      own.add(order_id)
      unsure.delete(order_id)
      dropped.add(keyOf(offer))
      doubtful.delete(order_id)
      tell({ kind: 'won', order_id, offer, at: app.now() })
    } catch (failure) {
      const problem = /** @type {import('../../miniprogram/logic/api.js').Problem} */ (failure)
      const isLost = OVER.includes(problem.slug)
      const isOurs = problem.unknown && self.claims?.some(claim => claim.order_id === order_id)
      if (problem.unknown && !isOurs) unsure.add(order_id)
      if (isLost) dropped.add(keyOf(offer))
      tell({ kind: isOurs ? 'won' : isLost ? 'lost' : 'failed', order_id, offer, problem, at: app.now() })
    }
    grabbing.delete(order_id)
    self.now()
  }

  /** @param {News} news */
  function tell(news) {
    self.news = [news, ...self.news.filter(one => one.order_id !== news.order_id)].slice(0, MOST_NEWS)
    app.update()
  }
}

/** @param {Offer} offer */
const keyOf = offer => `${offer.order_id} ${offer.epoch}`

/** @param {OrderSummary} order */
const staffBy = order => order.claim ? Date.parse(order.claim.staff_by) : 0

/** The role that a session is for. It is signed for the platform; here it only spares people buttons that would be refused. @param {string | null} token */
function roleOf(token) {
  try {
    const claims = (token || '').split('.')[1].replace(/-/g, '+').replace(/_/g, '/')
    return String(JSON.parse(atob(claims)).member_role)
  } catch {
    return 'viewer'
  }
}
