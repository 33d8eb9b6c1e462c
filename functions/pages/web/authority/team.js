// The authority's members with their credentials, and the trail of what they did.

import { day, when } from '../../miniprogram/logic/format.js'
import { authority as W, deeds, roles } from '../../miniprogram/logic/words/authority.js'
import { events } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { button, card, empty, h, paged, row, rows, say, sayOf, tag } from '../parts.js'
import { giveCredential, handOver } from './credential.js'
import { placeOf } from './lookup.js'

/** The installation's own member and key are called so by the platform. @param {string} name @param {Words} words */
const called = (name, words) => name === 'first' ? say(words) : name

/** For supervisors alone; whoever else comes here is told so, and can log out. @param {import('../app.js').MakeScreen} make @param {Words} title @returns {import('../app.js').MakeScreen} */
const forSupervisors = (make, title) => (app, params) => app.api.member()?.role === 'supervisor' ? make(app, params)
  : { title: () => say(title), view: () => [empty({ icon: 'people', title: say(W.notYours), detail: say(W.notYoursDetail) }), loggedIn(app)] }

/** Who is logged in here, and the way out. @param {App} app */
function loggedIn(app) {
  const { name, role } = app.api.member() || { name: '', role: '' }
  return h('div', { class: 'beside' }, h('p', { class: 'say' }, say(W.loggedInAs, { name: called(name || 'first', W.firstMember), role: roleName(role) })), button({ label: say(W.logOut), kind: 'quiet', icon: 'out', onclick: app.logOut }))
}

/** @param {string} role */
const roleName = role => sayOf(roles, role).split(/[：:]/)[0]

export const team = forSupervisors(app => {
  const list = app.pages(cursor => app.api.call('GET /v1/members', { query: { limit: 50, cursor } }))
  const roleField = (/** @type {import('../form.js').Form<any>} */ form) => form.choices('role', { label: say(W.role), kind: 'roles', options: Object.keys(roles).map(value => ({ value, label: sayOf(roles, value) })) })
  const nameField = (/** @type {import('../form.js').Form<any>} */ form) => form.text('name', { label: say(W.personName), autocomplete: 'off', maxlength: 40 })
  const add = () => app.ask(formOf(app, { name: '', role: 'reviewer' }), form => ({
    title: say(W.addMember), label: say(W.add), fields: [nameField(form), roleField(form)], done: key => { handOver(app, key.name, key); return list.again() },
    send: () => app.api.call('POST /v1/members', { intent: 'member', body: /** @type {any} */ (form.values) }),
  }))
  const edit = (/** @type {Contract['Member']} */ member) => app.ask(formOf(app, { name: called(member.name, W.firstMember), role: member.role }), form => ({
    title: called(member.name, W.firstMember), label: say(W.save), fields: [nameField(form), roleField(form)], send: () => change(member, form.values), done: () => told(W.save),
  }))
  const end = (/** @type {Contract['Member']} */ member) => app.ask(formOf(app, {}), () => ({
    title: say(W.ask, { deed: say(W.end), name: called(member.name, W.firstMember) }), label: say(W.end), kind: 'danger', fields: h('p', null, say(W.endDetail)), send: () => change(member, { is_active: false }), done: () => told(W.end),
  }))
  const bringBack = (/** @type {Contract['Member']} */ member) => app.ask(formOf(app, {}), () => ({
    title: say(W.ask, { deed: say(W.reinstate), name: called(member.name, W.firstMember) }), label: say(W.reinstate), fields: h('p', null, say(W.bringBackDetail)), send: () => change(member, { is_active: true }), done: () => told(W.reinstate),
  }))
  const addKey = (/** @type {Contract['Member']} */ { member_id, name }) => giveCredential(app, {
    title: say(W.addKey), whose: called(name, W.firstMember), done: list.again,
    send: body => app.api.call('POST /v1/members/{member_id}/credentials', { path: { member_id }, intent: `credential ${member_id}`, body }),
  })
  const dropKey = (/** @type {Contract['Member']} */ { member_id }, /** @type {Contract['Member']['credentials'][number]} */ { name, access_key }) => app.ask(formOf(app, {}), () => ({
    title: say(W.ask, { deed: say(W.withdraw), name: `“${called(name, W.firstKey)}”` }), label: say(W.withdraw), kind: 'danger', fields: h('p', null, say(W.dropKeyDetail)), done: () => told(W.withdraw),
    send: () => app.api.call('DELETE /v1/members/{member_id}/credentials/{access_key}', { path: { member_id, access_key } }),
  }))
  /** @param {Contract['Member']} member @param {Contract['MemberChange']} body */
  const change = ({ member_id }, body) => app.api.call('PATCH /v1/members/{member_id}', { path: { member_id }, body, repeats: true })
  return {
    title: () => say(W.members),
    view: () => [
      rows(row({ href: '#/team/audit', icon: 'clock', title: say(W.audit), detail: say(W.auditDetail) })),
      paged(list, items => items.map(one), null),
      list.value && h('div', { class: 'buttons' }, button({ label: say(W.addMember), kind: 'go', icon: 'plus', onclick: add })),
      loggedIn(app),
    ],
  }

  /** @param {Words} deed */
  function told(deed) {
    app.say(say(W.decided, { decision: say(deed) }))
    return list.again()
  }

  /** @param {Contract['Member']} member */
  function one(member) {
    return card({ key: member.member_id, title: called(member.name, W.firstMember), aside: member.is_active ? tag(roleName(member.role), 'good') : tag(say(W.ended)) },
      member.credentials.length === 0 ? h('p', { class: 'say' }, say(member.name === 'first' ? W.firstNoKeys : W.noKeys)) : h('ul', { class: 'said' }, member.credentials.map(key => h('li', { key: key.access_key, class: 'line' }, h('span', { class: 'row-text' }, say(W.keyOf, { name: called(key.name, W.firstKey), day: day(key.added_at, app.now()) })),
        button({ label: say(W.withdraw), kind: 'quiet', onclick: () => dropKey(member, key) })))),
      h('div', { class: 'buttons' }, member.is_active
        ? [button({ label: say(W.edit), onclick: () => edit(member) }), button({ label: say(W.addKey), onclick: () => addKey(member) }), button({ label: say(W.end), kind: 'danger', onclick: () => end(member) })]
        : button({ label: say(W.reinstate), onclick: () => bringBack(member) })))
  }
}, W.members)

export const audit = forSupervisors(app => {
  const list = app.pages(cursor => app.api.call('GET /v1/audit', { query: { limit: 50, cursor } }))
  return {
    title: () => say(W.audit),
    back: 'team',
    view: () => paged(list, items => h('ul', { class: 'rows' }, items.map((deed, at) => {
      const place = placeOf(deed.about)
      const [title, detail] = [sayOf(deeds, deed.what) || sayOf(events, deed.what), `${deed.member_name ? called(deed.member_name, W.firstMember) : say(W.somebody)} · ${when(deed.at, app.now())}`]
      const key = `${deed.at} ${at}`
      return place ? row({ key, href: `#/${place}`, title, detail }) : h('li', { key, class: 'row' }, h('span', { class: 'row-text' }, h('b', null, title), h('small', null, detail)))
    })), empty({ icon: 'clock', title: say(W.noAudit) })),
  }
}, W.audit)
