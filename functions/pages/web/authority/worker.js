// A worker, to be decided on and looked up. Whoever looks has said why, and she can read it.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { day, masked, phoneText, when } from '../../miniprogram/logic/format.js'
import { aboutName } from '../../miniprogram/logic/history.js'
import { standingReading } from '../../miniprogram/logic/record.js'
import { listed, named, say } from '../../miniprogram/logic/words.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { history as H } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { icon } from '../icons.js'
import { awaited, button, buttonLink, card, dialog, facts, note, paged, row, rows, tag } from '../parts.js'
import { eventList, sectionList } from '../record.js'
import { h } from '../view.js'
import { standingTag } from './agency.js'
import { comparison, deciding, possible } from './deciding.js'
import { remember } from './lookup.js'
import { after, waitingAt } from './queue.js'

/** @typedef {import('contract').Schemas['Worker']} Worker */
/** @typedef {import('contract').Schemas['Proposal']} Proposal */

/** Why one looks, by worker, as long as this page is open. She reads Chinese. @type {Map<string, string>} */
const purposes = new Map()

/** @param {string} worker @param {import('../../miniprogram/logic/words.js').Words} why */
export const lookFor = (worker, why) => { purposes.set(worker, why[0]) }

/** Asks why, unless it is known, and then shows. @param {import('../app.js').App} app @param {string} worker_id @param {import('../app.js').MakeScreen} make @param {Record<string, string>} params @param {() => string} title @returns {import('../app.js').Screen} */
function withPurpose(app, worker_id, make, params, title) {
  const form = formOf(app, { purpose: '' })
  let screen = purposes.has(worker_id) ? make(app, params) : null
  const look = async () => {
    purposes.set(worker_id, form.values.purpose.trim())
    screen = make(app, params)
  }
  const asking = () => card({ title: say(W.whyLook) }, h('p', { class: 'say' }, say(W.whyLookDetail)), form.around({ label: say(W.look), send: look, check: () => ({ '/purpose': !form.values.purpose.trim() && say(W.whyLook) }) },
    form.text('purpose', { label: say(W.purpose), maxlength: 200 })))
  return { title: () => screen ? screen.title() : title(), back: screen?.back ?? '', wide: true, view: () => screen ? screen.view() : asking() }
}

/** @type {import('../app.js').MakeScreen} */
export const worker = (app, params) => {
  const waiting = waitingAt(`workers/${params.worker_id}${params.part ? `/${params.part}/${params.id}` : ''}`)
  if (params.part === 'objections') lookFor(params.worker_id, W.purposeObjection)
  else if (waiting?.kind === 'erasure') lookFor(params.worker_id, W.purposeErasure)
  else if (params.part === 'changes' || waiting) lookFor(params.worker_id, W.purposeReview)
  return withPurpose(app, params.worker_id, opened, params, () => say(W.workerTitle))
}

/** @type {import('../app.js').MakeScreen} */
const opened = (app, { worker_id, part, id }) => {
  const path = { worker_id }
  const purpose = purposes.get(worker_id) || ''
  const href = `workers/${worker_id}${part ? `/${part}/${id}` : ''}`
  const services = app.load(() => readServices(app.api))
  /** Names of agencies, by id. @type {Map<string, string>} */
  const agencies = new Map()
  const picture = (/** @type {string | undefined} */ proposal_id) => app.picture(() => app.api.call('GET /v1/workers/{worker_id}/photo', { path, query: { purpose, proposal_id }, raw: true }))
  /** @type {ReturnType<typeof picture> | null} */
  let photo = null
  /** @type {ReturnType<typeof picture> | null} */
  let newPhoto = null
  const read = app.load(async () => {
    const found = await app.api.call('GET /v1/workers/{worker_id}', { path, query: { purpose } })
    remember(`workers/${worker_id}`, found.name || say(W.workerTitle))
    if (found.photo && !photo) photo = picture(undefined)
    const proposal = proposalOf(found)
    if (proposal?.pending_changes.photo && !newPhoto) newPhoto = picture(proposal.proposal_id)
    for (const agency_id of new Set([found.agency_id, ...found.proposals.map(one => one.agency_id)])) {
      if (agency_id && !agencies.has(agency_id)) app.api.call('GET /v1/agencies/{agency_id}', { path: { agency_id } }).then(agency => { agencies.set(agency_id, agency.name); app.update() }, () => {})
    }
    return found
  })
  const decision = deciding(app, href, {
    present: () => read.value && decidable(read.value),
    send: async ({ decision, reason, phoneConfirmed }) => {
      const proposal = read.value && proposalOf(read.value)
      await app.api.call('POST /v1/workers/{worker_id}/reviews', { path, repeats: true, body: {
        decision, reason, version: proposal ? proposal.version : read.value?.version, proposal_id: proposal && ['approve', 'reject'].includes(decision) ? proposal.proposal_id : null, phone_confirmed: decision === 'approve' && phoneConfirmed ? true : null,
      } })
    },
    again: read.again,
  })
  const objection = part === 'objections' ? answering(app, path, purpose, id, href, () => waitingAt(href)?.since) : null
  const erasing = formOf(app, { reason: '' })
  let asksErasing = false
  const close = () => { asksErasing = false; app.update() }
  const erase = async () => {
    await app.api.call('POST /v1/workers/{worker_id}/erase', { path, body: { reason: erasing.values.reason }, repeats: true })
    close()
    const next = after(href)
    if (next !== null) app.go(next, true)
    else await read.again()
  }
  return { title: () => say(W.workerTitle), back: '', wide: true, view: () => awaited(read, whole, 8) }

  /** What is to be decided on here: the one that was asked for, or what her own agency proposes. @param {Worker} it @returns {Proposal | null} */
  function proposalOf(it) {
    return it.proposals.find(one => part === 'changes' ? one.proposal_id === id : one.agency_id === it.agency_id && it.status === 'approved') || null
  }

  /** @param {Worker} it */
  function decidable(it) {
    if (it.erased) return null
    const proposal = proposalOf(it)
    const moves = proposal && proposal.agency_id !== it.agency_id
    const phone = proposal ? proposal.pending_changes.phone : it.status === 'pending' || it.status === 'rejected' ? it.phone : null
    return {
      name: proposal?.pending_changes.name || it.name || '', version: proposal ? proposal.version : it.version, phone: phone && phoneText(phone), can: possible(it.status, proposal !== null),
      warning: moves && !proposal.agreed_at ? note('warn', say(W.notAgreed)) : !it.photo && it.status === 'pending' && note('warn', say(W.noPhotoWarn)),
    }
  }

  /** @param {Worker} it */
  function whole(it) {
    const proposal = proposalOf(it)
    const others = it.proposals.filter(one => one !== proposal)
    const { word, tone } = standingReading(it.standing)
    return [
      h('p', { class: 'hint' }, say(W.lookedFor, { purpose })),
      it.erased && note('quiet', say(W.erased)),
      it.erasure && note('warn', say(W.eraseDue, { time: when(it.erasure.due_at, app.now()) })),
      objection?.(),
      card({ title: it.name || say(W.erased), aside: standingTag(it.status) }, h('div', { class: 'dossier' }, photos(it, proposal), h('div', { class: 'block' }, proposal ? compared(it, proposal) : null, plain(it, proposal)))),
      others.length > 0 && rows(others.map(one => row({ key: one.proposal_id, href: `#/workers/${worker_id}/changes/${one.proposal_id}`, icon: 'person', title: one.agency_id === it.agency_id ? say(W.otherProposals) : `${say(W.wantedBy)} ${agencies.get(one.agency_id) || ''}`, detail: say(W.toProposal) }))),
      card({ title: say(W.sections), aside: tag(word, tone) }, sectionList(it.sections, app.now())),
      rows(row({ href: `#/workers/${worker_id}/trace`, icon: 'list', title: say(W.trace), detail: say(W.traceDetail) })),
      !objection && !it.erased && decision(),
      !it.erased && h('div', { class: 'beside' }, button({ label: say(W.erase), kind: it.erasure ? 'danger' : 'quiet', onclick: () => { asksErasing = true; app.update() } })),
      asksErasing && dialog({ title: say(W.eraseAsk), close }, erasing.around({ label: say(W.erase), kind: 'danger', send: erase, check: () => ({ '/reason': !erasing.values.reason.trim() && say(W.reasonHint) }) },
        h('p', null, say(W.eraseDetail)), erasing.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 2, maxlength: 500 }))),
    ]
  }

  /** @param {Worker} it @param {Proposal | null} proposal */
  function photos(it, proposal) {
    const one = (/** @type {ReturnType<typeof picture> | null} */ shown, /** @type {string} */ label) => h('figure', { key: label }, shown?.value ? h('img', { src: shown.value, alt: label, class: 'portrait' }) : h('span', { class: 'portrait' }, icon('person', 'large')), h('figcaption', null, label))
    return h('div', { class: 'photos' }, one(it.photo ? photo : null, say(!it.photo ? W.noPhoto : proposal?.pending_changes.photo ? W.photoNow : W.photo)), proposal?.pending_changes.photo && one(newPhoto, say(W.photoNew)))
  }

  /** @param {readonly string[]} list */
  function offered(list) {
    return listed(list.map(one => serviceName(services.value || [], one, named)))
  }

  /** @param {Worker['experience']} list */
  function experienced(list) {
    return listed(list.map(one => say(one.years ? W.years : W.yearsNone, { service: offered([one.service]), years: one.years })))
  }

  /** @param {Worker} it @param {Proposal} proposal */
  function compared(it, { agency_id: agency, pending_changes: changes, agreed_at: agreed }) {
    const moves = agency !== it.agency_id
    return [comparison([
      ...(moves ? [/** @type {[string, any, any]} */ ([say(W.employer), it.agency_id ? agencies.get(it.agency_id) : say(W.noEmployer), agencies.get(agency) || '…'])] : []),
      [say(W.memberName), it.name, changes.name !== it.name && changes.name],
      [say(W.phone), it.phone && phoneText(it.phone), changes.phone && phoneText(changes.phone)],
      [say(W.services), offered(it.skills), changes.skills && offered(changes.skills)],
      [say(W.experience), experienced(it.experience), changes.experience?.length ? experienced(changes.experience) : null],
    ]), moves && agreed && note('good', say(W.agreedAt, { time: when(agreed, app.now()) }))]
  }

  /** @param {Worker} it @param {Proposal | null} proposal */
  function plain(it, proposal) {
    return facts([
      ...(proposal ? [] : /** @type {[string, any][]} */ ([[say(W.phone), it.phone && phoneText(it.phone)], [say(W.services), offered(it.skills)], [say(W.experience), experienced(it.experience)]])),
      [say(W.employer), it.agency_id ? h('a', { href: `#/agencies/${it.agency_id}` }, agencies.get(it.agency_id) || say(W.toAgency)) : say(W.noEmployer)],
      [say(W.idNumber), it.id_number && masked(it.id_number)],
      [say(W.age), it.age !== null && say(W.ageOf, { age: it.age })],
      [say(W.sex), it.sex && say(W[it.sex])],
      [say(W.stars), it.stars && say(W.starsOf, it.stars)],
      [say(W.consent), it.consent && (it.consent.withdrawn_at ? say(W.consentOff, { day: day(it.consent.withdrawn_at, app.now()) }) : say(W.consentOn, { day: day(it.consent.given_at, app.now()) }))],
      [say(W.registered), when(it.registered_at, app.now())],
    ])
  }
}

/**
 * Her objection with a form to answer it. What she wrote is in her chain alone, at the moment that the list names.
 * @param {import('../app.js').App} app @param {{ worker_id: string }} path @param {string} purpose @param {string} objection_id @param {string} href @param {() => string | undefined} sinceOf
 */
function answering(app, path, purpose, objection_id, href, sinceOf) {
  const form = formOf(app, { outcome: '', reason: '' })
  let isDone = false
  const words = app.load(async () => {
    const since = sinceOf() || (await app.api.call('GET /v1/reviews', { query: { kind: 'objection', limit: 100 } })).items.find(one => one.objection_id === objection_id)?.since
    for (let cursor = /** @type {string | null} */ (null); ;) {
      const page = await app.api.call('GET /v1/workers/{worker_id}/trace', { path, query: { purpose, limit: 100, cursor } })
      const found = page.items.find(({ event }) => event.kind === 'complaint' && event.at === since)
      if (found || !page.next_cursor) return found ? /** @type {any} */ (found.payload) : { about: null }
      cursor = page.next_cursor
    }
  })
  const send = async () => {
    await app.api.call('POST /v1/workers/{worker_id}/objections/{objection_id}/answer', { path: { ...path, objection_id }, body: { outcome: /** @type {any} */ (form.values.outcome), reason: form.values.reason }, repeats: true })
    isDone = true
    app.say(say(W.answered))
    const next = after(href)
    if (next !== null) app.go(next, true)
  }
  return () => card({ title: say(W.objectionTitle), kind: 'asking', key: 'objection' }, awaited(words, found => found.about ? [h('b', null, say(W.objectionAbout, { about: aboutName(found.about) })), h('p', { class: 'words' }, found.text)] : h('p', null, say(W.objectionGone)), 2),
    isDone ? note('good', say(W.answered)) : form.around({ label: say(W.answer), send, check: () => ({ '/outcome': !form.values.outcome && say(W.choose), '/reason': !form.values.reason.trim() && say(W.reasonHint) }) },
      form.choices('outcome', { label: say(W.outcome), options: [{ value: 'upheld', label: say(W.upheld) }, { value: 'dismissed', label: say(W.dismissed) }] }),
      form.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 3, maxlength: 500 })))
}

/** @type {import('../app.js').MakeScreen} */
export const trace = (app, params) => withPurpose(app, params.worker_id, (app, { worker_id }) => {
  const list = app.pages(cursor => app.api.call('GET /v1/workers/{worker_id}/trace', { path: { worker_id }, query: { limit: 30, cursor, purpose: purposes.get(worker_id) } }))
  return { title: () => say(W.trace), back: `workers/${worker_id}`, view: () => [h('p', { class: 'say' }, say(H.hashHint)), paged(list, items => eventList(items, app.now(), () => null), null), h('div', { class: 'middle' }, buttonLink({ label: say(W.checkEntry), href: '#/log' }))] }
}, params, () => say(W.trace))
