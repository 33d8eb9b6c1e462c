// The agency itself: what is known of it, its papers, and the ways to what is used less often.

import { day, phoneText } from '../../miniprogram/logic/format.js'
import { paperKinds, standings } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf, isPhone } from '../form.js'
import { button, buttonLink, card, facts, h, icon, listed, named, note, row, rows, say, sayOf, skeleton, stars, tag, told } from '../parts.js'
import { fileButton, smaller } from '../photo.js'
import { saveFile } from '../tools.js'
import { against, deeds, standing } from './reading.js'
import { deskScreen } from './watch.js'

const KINDS = /** @type {Contract['Paper']['kind'][]} */ (Object.keys(paperKinds))
/** As much as the API takes of a paper. */
const PAPER_BYTES = 4 * 1024 * 1024
const PAPER_SIDE = 2400

export const company = deskScreen((app, watch) => {
  return {
    title: () => say(W.company),
    view: () => {
      const { agency } = watch
      if (!agency) return skeleton(8)
      const to = agency.pending_changes
      return [
        !watch.isApproved() && standing(watch, false),
        card({ title: agency.name, aside: tag(sayOf(standings, agency.status), agency.status === 'approved' ? 'good' : 'warn') },
          facts([
            [say(W.uscc), agency.uscc.match(/.{6}/g)?.map(part => [part, h('wbr', null)])], [say(W.responsible), agency.responsible_person], [say(W.phone), phoneText(agency.phone)], [say(W.offers), listed(agency.services.map(watch.serviceName))],
            [say(W.starsOwn), stars(agency.stars, W.starsOf)], [say(W.registeredOn), day(agency.registered_at, app.now())], [say(W.role), say(W[/** @type {keyof typeof W} */ (watch.role)])],
          ]),
          watch.isApproved() && against(agency, words => note('warn', words)),
          to && [note('warn', say(W.pendingChange)), facts([[say(W.companyName), to.name], [say(W.responsible), to.responsible_person], [say(W.phone), to.phone && phoneText(to.phone)], [say(W.offers), to.services && listed(to.services.map(watch.serviceName))], [say(W.papers), to.papers && listed(to.papers.map(paper => sayOf(paperKinds, paper.kind)))]])],
          watch.may('agency') && h('div', { class: 'buttons' }, buttonLink({ label: say(W.changeCompany), href: '#/more/change' }))),
        rows(
          h('li', { key: 'phone', class: 'if-phone' }, h('ul', null, row({ href: '#/calendar', icon: 'calendar', title: say(W.calendar) }), row({ href: '#/stores', icon: 'store', title: say(W.stores) }), row({ href: '#/customers', icon: 'home', title: say(W.customers) }), row({ href: '#/complaints', icon: 'message', title: say(W.complaints) }))),
          row({ href: '#/more/papers', icon: 'file', title: say(W.papers) }),
          watch.may('members') && [row({ href: '#/more/members', icon: 'people', title: say(W.members), detail: say(W.membersDetail) }), row({ href: '#/more/audit', icon: 'list', title: say(W.audit), detail: say(W.auditDetail) })]),
        h('div', { class: 'middle' }, button({ label: say(W.logOut), icon: 'out', onclick: app.logOut })),
      ]
    },
  }
})

export const changing = deskScreen((app, watch) => {
  const form = formOf(app, { name: '', responsible_person: '', phone: '', services: /** @type {string[]} */ ([]) })
  const { values } = form
  let isFilled = false
  const send = async () => {
    const agency = await app.api.call('PATCH /v1/agencies/{agency_id}', { path: { agency_id: watch.agency_id }, body: { ...values, services: /** @type {Contract['Service'][]} */ (values.services) }, repeats: true })
    app.say(say(agency.pending_changes ? W.proposed : W.changed))
    watch.took(agency)
    app.go(agency.status === 'approved' ? 'more' : '', true)
  }
  return {
    title: () => say(W.changeCompany),
    back: 'more',
    view: () => {
      const { agency } = watch
      if (!agency) return skeleton(8)
      if (!watch.may('agency')) return note('quiet', say(W.ownerOnly))
      if (!isFilled) {
        const to = agency.pending_changes
        Object.assign(values, { name: to?.name || agency.name, responsible_person: to?.responsible_person || agency.responsible_person, phone: to?.phone || agency.phone, services: [...(to?.services || agency.services)] })
        isFilled = true
      }
      return card({}, form.around({ label: say(W.save), send, check: () => ({ '/phone': !isPhone(values.phone) && say(W.phoneFault), '/services': !values.services.length && say(W.needService) }) },
        agency.status === 'approved' && h('p', { class: 'hint' }, say(W.changeCompanyNote)),
        form.text('name', { label: say(W.companyName), hint: say(W.companyNameHint), maxlength: 100 }), form.text('responsible_person', { label: say(W.responsible), maxlength: 50 }),
        form.text('phone', { label: say(W.companyPhone), type: 'tel', inputmode: 'tel', maxlength: 20 }),
        form.choices('services', { label: say(W.offers), several: true, options: watch.services.map(({ service, name }) => ({ value: service, label: named(name) })) })))
    },
  }
})

export const papers = deskScreen((app, watch) => {
  const deed = deeds(app, problem => problem instanceof Error && ['large', 'photo'].includes(problem.message) ? say(W.paperTooLarge) : told(problem))
  return {
    title: () => say(W.papers),
    back: 'more',
    view: () => watch.agency ? [h('p', { class: 'say' }, say(W.papersHint)), KINDS.map(one)] : skeleton(8),
  }

  /** @param {typeof KINDS[number]} kind */
  function one(kind) {
    const serving = watch.agency?.papers?.find(paper => paper.kind === kind)
    const waiting = watch.agency?.pending_changes?.papers?.find(paper => paper.kind === kind)
    const upload = say(serving || waiting ? W.paperReplace : W.paperAdd)
    return card({ key: kind, title: sayOf(paperKinds, kind), aside: waiting ? tag(sayOf(standings, 'pending'), 'warn') : serving && icon('tick') },
      !serving && !waiting && h('p', { class: 'say' }, say(W.paperNone)),
      serving && h('p', { class: 'say' }, say(W.paperUploaded, { day: day(serving.uploaded_at, app.now()) })), waiting && h('p', { class: 'say' }, say(serving ? W.paperWaits : W.paperFirst)),
      deed.fault(kind),
      h('div', { class: 'buttons' },
        watch.may('agency') && fileButton({
          label: deed.isBusy(kind) ? say(W.busy) : upload, hint: `${upload} ${sayOf(paperKinds, kind)}`, icon: 'file', accept: 'application/pdf,image/jpeg,image/png', busy: deed.isBusy(kind),
          chosen: file => { deed.do(kind, () => send(kind, file)) },
        }),
        [serving, waiting].map(paper => paper && button({ key: paper.sha256, label: say(paper === serving ? W.paperSee : W.paperSeeNew), kind: 'quiet', busy: deed.isBusy(`${kind} ${paper.sha256}`), onclick: () => deed.do(`${kind} ${paper.sha256}`, () => see(kind, paper.sha256)) }))))
  }

  /** @param {typeof KINDS[number]} kind @param {File} file */
  async function send(kind, file) {
    // Photos of phones are larger than they need be.
    const sent = file.size > PAPER_BYTES && file.type.startsWith('image/') ? await smaller(file, PAPER_SIDE) : file
    if (sent.size > PAPER_BYTES) throw new Error('large')
    const agency = await app.api.call('PUT /v1/papers/{kind}', { path: { kind }, file: sent })
    watch.took(agency)
    app.say(say(agency.pending_changes?.papers?.some(paper => paper.kind === kind) ? W.proposed : W.paperSent))
  }

  /** The file may hold anything, so it is saved and not shown. @param {typeof KINDS[number]} kind @param {string} sha256 */
  async function see(kind, sha256) {
    const file = /** @type {any} */ (await app.api.call('GET /v1/papers/{kind}', { path: { kind }, query: { sha256 }, raw: true }))
    saveFile(file, sayOf(paperKinds, kind))
  }
})
