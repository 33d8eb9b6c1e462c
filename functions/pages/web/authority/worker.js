// A worker, to be decided on and looked up.

import { readServices, serviceName } from '../../miniprogram/logic/catalogue.js'
import { day, masked, phoneText, when } from '../../miniprogram/logic/format.js'
import { aboutName } from '../../miniprogram/logic/history.js'
import { standingReading } from '../../miniprogram/logic/record.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { history as H } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { awaited, button, buttonLink, card, facts, h, icon, listed, note, paged, row, rows, say, screen, tag } from '../parts.js'
import { eventList, sectionList } from '../record.js'
import { standingTag, whole } from './agency.js'
import { comparison, deciding, goOn, mayDecide, possible, reasonField } from './deciding.js'
import { lookFor, purposeOf, withPurpose } from './purpose.js'
import { waitingAt } from './queue.js'
import { badgesOf, recordComplaint, recordSection } from './recording.js'

export const worker = screen((app, params) => {
  const waiting = waitingAt(`workers/${params.worker_id}${params.part ? `/${params.part}/${params.id}` : ''}`)
  if (params.part === 'objections') lookFor(app, params.worker_id, W.purposeObjection)
  else if (waiting?.kind === 'erasure') lookFor(app, params.worker_id, W.purposeErasure)
  else if (params.part === 'changes' || waiting) lookFor(app, params.worker_id, W.purposeReview)
  return shown(app, params)
})

const shown = withPurpose((app, { worker_id, part, id }) => {
  const path = { worker_id }
  const purpose = purposeOf(app, worker_id)
  const href = `workers/${worker_id}${part ? `/${part}/${id}` : ''}`
  const services = app.load(() => readServices(app.api))
  /** Names of agencies, by id. @type {Map<string, string>} */
  const agencies = new Map()
  const picture = (/** @type {string | undefined} */ proposal_id) => app.picture(() => app.api.call('GET /v1/workers/{worker_id}/photo', { path, query: { purpose, proposal_id }, raw: true }))
  /** Of what was read last. @type {{ shown: Record<'now' | 'proposed', ReturnType<typeof picture> | null>, end: () => void } | null} */
  let pictures = null
  let isLeft = false
  app.leaving(() => { isLeft = true })
  const read = app.load(async () => {
    const found = await app.api.call('GET /v1/workers/{worker_id}', { path, query: { purpose } })
    const proposal = proposalOf(found)
    // Each look at a photo is a line in her record.
    if (isLeft) return found
    pictures?.end()
    pictures = app.part(() => ({ now: found.photo && picture(undefined), proposed: proposal?.pending_changes.photo ? picture(proposal.proposal_id) : null }))
    for (const agency_id of new Set([found.agency_id, ...found.proposals.map(one => one.agency_id)])) {
      if (agency_id && !agencies.has(agency_id)) app.api.call('GET /v1/agencies/{agency_id}', { path: { agency_id } }).then(agency => { agencies.set(agency_id, agency.name); app.update() }, () => {})
    }
    return found
  })
  const decision = deciding(app, href, {
    present: () => read.value && decidable(read.value),
    send: ({ decision, reason, phoneConfirmed }, { version, proposal_id }) => app.api.call('POST /v1/workers/{worker_id}/reviews', { path, repeats: true, body: {
      decision, reason, version, proposal_id: ['approve', 'reject'].includes(decision) ? proposal_id : null, phone_confirmed: decision === 'approve' && phoneConfirmed ? true : null,
    } }),
    again: read.again,
  })
  const objection = part === 'objections' ? objectionOf(app, worker_id, id, href) : null
  const badges = badgesOf(app, worker_id, agency_id => agencies.get(agency_id) || '')
  const erase = () => app.ask(formOf(app, { reason: '' }), form => ({
    title: say(W.eraseAsk), label: say(W.erase), kind: 'danger', fields: [h('p', null, say(W.eraseDetail)), reasonField(form, 200)],
    send: () => app.api.call('POST /v1/workers/{worker_id}/erase', { path, body: form.values, repeats: true }),
    done: () => goOn(app, href, say(W.erased), read.again),
  }))
  /** What is to be decided on here: the one that was asked for, or what her own agency proposes. @param {Contract['Worker']} it @returns {Contract['Proposal'] | null} */
  const proposalOf = it => it.proposals.find(one => part === 'changes' ? one.proposal_id === id : one.agency_id === it.agency_id && it.status === 'approved') || null
  /** @param {Contract['Worker']} it */
  const mayChange = it => !it.erased && mayDecide(app)
  /** @param {readonly string[]} list */
  const offered = list => listed(list.map(one => serviceName(services.value || [], one)))
  /** @param {Contract['Worker']['experience']} list */
  const experienced = list => listed(list.map(one => say(one.years ? W.years : W.yearsNone, { service: offered([one.service]), years: one.years })))
  return { title: () => say(W.workerTitle), back: '', view: () => awaited(read, dossier, 8) }

  /** @param {Contract['Worker']} it */
  function decidable(it) {
    if (it.erased) return null
    const proposal = proposalOf(it)
    const moves = proposal && proposal.agency_id !== it.agency_id
    const photo = proposal ? pictures?.shown.proposed : pictures?.shown.now
    const phone = proposal ? proposal.pending_changes.phone : it.status === 'pending' || it.status === 'rejected' ? it.phone : null
    return {
      name: proposal?.pending_changes.name || it.name || '', version: proposal ? proposal.version : it.version, proposal_id: proposal && proposal.proposal_id, phone: phone && phoneText(phone), can: possible(it.status, proposal !== null),
      unseen: !!photo && !photo.value,
      warning: moves && !proposal.agreed_at ? note('warn', say(W.notAgreed)) : photo?.problem ? note('warn', say(W.photoUnseen)) : !it.photo && it.status === 'pending' && note('warn', say(W.noPhotoWarn)),
    }
  }

  /** @param {Contract['Worker']} it */
  function dossier(it) {
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
      card({ title: say(W.sections), aside: tag(word, tone) }, sectionList(it.sections, app.now()), mayChange(it) && h('div', { class: 'buttons' }, button({ label: say(W.record), icon: 'plus', onclick: () => recordSection(app, worker_id, read.again) }))),
      !objection && !it.erased && decision(),
      badges(),
      rows(row({ href: `#/workers/${worker_id}/trace`, icon: 'list', title: say(W.trace), detail: say(W.traceDetail) })),
      mayChange(it) && h('div', { class: 'beside' }, button({ label: say(W.complain), kind: 'quiet', onclick: () => recordComplaint(app, worker_id, read.again) }), button({ label: say(W.erase), kind: it.erasure ? 'danger' : 'quiet', onclick: erase })),
    ]
  }

  /** @param {Contract['Worker']} it @param {Contract['Proposal'] | null} proposal */
  function photos(it, proposal) {
    const one = (/** @type {ReturnType<typeof picture> | null} */ shown, /** @type {string} */ label) => h('figure', { key: label }, shown?.value ? h('img', { src: shown.value, alt: label, class: 'portrait' }) : shown?.problem ? awaited(shown, () => null) : h('span', { class: 'portrait' }, icon('person', 'large')), h('figcaption', null, label))
    return h('div', { class: 'photos' }, one(pictures?.shown.now || null, say(!it.photo ? W.noPhoto : proposal?.pending_changes.photo ? W.photoNow : W.photo)), proposal?.pending_changes.photo && one(pictures?.shown.proposed || null, say(W.photoNew)))
  }

  /** @param {Contract['Worker']} it @param {Contract['Proposal']} proposal */
  function compared(it, { agency_id: agency, pending_changes: changes, agreed_at: agreed }) {
    const moves = agency !== it.agency_id
    return [comparison([
      ...(moves ? [/** @type {[string, any, any]} */ ([say(W.employer), it.agency_id ? agencies.get(it.agency_id) : say(W.noEmployer), agencies.get(agency) || '…'])] : []),
      [say(W.personName), it.name, changes.name !== it.name && changes.name],
      [say(W.phone), it.phone && phoneText(it.phone), changes.phone && phoneText(changes.phone)],
      [say(W.services), offered(it.skills), changes.skills && offered(changes.skills)],
      [say(W.experience), experienced(it.experience), changes.experience?.length ? experienced(changes.experience) : null],
    ]), moves && agreed && note('good', say(W.agreedAt, { time: when(agreed, app.now()) }))]
  }

  /** @param {Contract['Worker']} it @param {Contract['Proposal'] | null} proposal */
  function plain(it, proposal) {
    return facts([
      ...(proposal ? [] : /** @type {[string, any][]} */ ([[say(W.phone), it.phone && whole(phoneText(it.phone))], [say(W.services), offered(it.skills)], [say(W.experience), experienced(it.experience)]])),
      [say(W.employer), it.agency_id ? h('a', { href: `#/agencies/${it.agency_id}` }, agencies.get(it.agency_id) || say(W.toAgency)) : say(W.noEmployer)],
      [say(W.idNumber), it.id_number && whole(masked(it.id_number))],
      [say(W.age), it.age !== null && say(W.ageOf, { age: it.age })],
      [say(W.sex), it.sex && say(W[it.sex])],
      [say(W.rating), it.stars && say(W.starsOf, it.stars)],
      [say(W.consent), it.consent && (it.consent.withdrawn_at ? say(W.consentOff, { day: day(it.consent.withdrawn_at, app.now()) }) : say(W.consentGiven, { day: day(it.consent.given_at, app.now()) }))],
      [say(W.registered), when(it.registered_at, app.now())],
    ])
  }
}, W.workerTitle)

/** Her objection, and the answer to it. @param {App} app @param {string} worker_id @param {string} objection_id @param {string} href */
function objectionOf(app, worker_id, objection_id, href) {
  const form = formOf(app, { outcome: null, reason: '' })
  const read = app.load(async () => ({
    waiting: waitingAt(href) || (await app.api.call('GET /v1/reviews', { query: { kind: 'objection', limit: 100 } })).items.find(one => one.objection_id === objection_id),
  }))
  const send = async () => {
    await app.api.call('POST /v1/workers/{worker_id}/objections/{objection_id}/answer', { path: { worker_id, objection_id }, body: { outcome: /** @type {any} */ (form.values.outcome), reason: form.values.reason }, repeats: true })
    goOn(app, href, say(W.answered), read.again)
  }
  return () => card({ title: say(W.objectionTitle), kind: 'asking', key: 'objection' }, awaited(read, ({ waiting }) => waiting ? [
    h('b', null, say(W.objectionAbout, { about: aboutName(waiting.about || '') })), h('p', { class: 'words' }, waiting.text),
    mayDecide(app) && form.around({ label: say(W.answer), send },
      form.choices('outcome', { label: say(W.outcome), options: /** @type {const} */ (['upheld', 'dismissed']).map(value => ({ value, label: say(H.answered, { outcome: say(H[value]) }) })) }), reasonField(form)),
  ] : h('p', null, say(W.objectionGone)), 2))
}

export const trace = withPurpose((app, { worker_id }) => {
  const list = app.pages(cursor => app.api.call('GET /v1/workers/{worker_id}/trace', { path: { worker_id }, query: { limit: 30, cursor, purpose: purposeOf(app, worker_id) } }))
  return { title: () => say(W.trace), back: `workers/${worker_id}`, view: () => [h('p', { class: 'say' }, say(H.hashHint)), paged(list, items => eventList(items, app.now(), () => null), null), h('div', { class: 'middle' }, buttonLink({ label: say(W.checkEntry), href: '#/log' }))] }
}, W.trace)
