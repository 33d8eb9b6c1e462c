// The authority's members with their credentials, and the trail of what they did.

import { day, when } from '../../miniprogram/logic/format.js'
import { say, sayOf } from '../../miniprogram/logic/words.js'
import { authority as W, deeds, roles } from '../../miniprogram/logic/words/authority.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { events } from '../../miniprogram/logic/words/history.js'
import { formOf } from '../form.js'
import { button, card, dialog, empty, facts, note, paged, row, rows, tag } from '../parts.js'
import { h } from '../view.js'

/** @typedef {import('contract').Schemas['Member']} Member */
/** @typedef {{ access_key: string, secret: string, name: string }} Issued */
/** @typedef {{ what: 'add' } | { what: 'edit', member: Member } | { what: 'end', member: Member } | { what: 'key', member: Member } | { what: 'drop', member: Member, key: Member['credentials'][number] }} Asked */

/** The installation's own member and key are called so by the platform. @param {string} name @param {import('../../miniprogram/logic/words.js').Words} words */
const called = (name, words) => name === 'first' ? say(words) : name

/** @type {import('../app.js').MakeScreen} */
export const team = app => {
  const list = app.pages(cursor => app.api.call('GET /v1/members', { query: { limit: 50, cursor } }))
  /** @type {Asked | null} */
  let asked = null
  /** Shown once. @type {Issued | null} */
  let issued = null
  const formFor = (/** @type {string} */ name, /** @type {string} */ role) => formOf(app, { name, role })
  let form = formFor('', 'reviewer')
  const close = () => { asked = null; app.update() }
  const ask = (/** @type {Asked} */ what) => () => {
    asked = what
    form = what.what === 'edit' ? formFor(what.member.name, what.member.role) : formFor('', 'reviewer')
    app.update()
  }
  /** @param {() => Promise<any>} act @param {import('../../miniprogram/logic/words.js').Words} [done] */
  const doing = (act, done) => async () => {
    const answer = await act()
    issued = answer?.secret ? answer : null
    close()
    if (done) app.say(say(done))
    await list.again()
  }
  const change = (/** @type {Member} */ { member_id }, /** @type {import('contract').Schemas['MemberChange']} */ body) => app.api.call('PATCH /v1/members/{member_id}', { path: { member_id }, body, repeats: true })
  return {
    title: () => say(W.team),
    view: () => [
      list.problem?.status === 403 ? empty({ icon: 'people', title: say(W.notYours), detail: say(W.notYoursDetail) }) : [rows(row({ href: '#/team/audit', icon: 'clock', title: say(W.audit), detail: say(W.auditDetail) })),
        paged(list, items => items.map(one), null),
        h('div', { class: 'buttons' }, list.value && button({ label: say(W.addMember), kind: 'go', icon: 'plus', onclick: ask({ what: 'add' }) }))],
      h('div', { class: 'middle' }, button({ label: say(controls.logOut), kind: 'quiet', icon: 'out', onclick: app.logOut })),
      asked && question(asked),
      issued && handedOver(issued),
    ],
  }

  /** @param {Member} member */
  function one(member) {
    return card({ key: member.member_id, title: called(member.name, W.firstMember), aside: member.is_active ? tag(sayOf(roles, member.role).split(/[：:]/)[0], 'good') : tag(say(W.ended)) },
      member.credentials.length === 0 ? h('p', { class: 'say' }, say(member.name === 'first' ? W.firstNoKeys : W.noKeys)) : h('ul', { class: 'said' }, member.credentials.map(key => h('li', { key: key.access_key, class: 'line' }, h('span', { class: 'row-text' }, say(W.keyOf, { name: called(key.name, W.firstKey), day: day(key.added_at, app.now()) })),
        button({ label: say(W.dropKey), kind: 'quiet', onclick: ask({ what: 'drop', member, key }) })))),
      h('div', { class: 'buttons' }, member.is_active
        ? [button({ label: say(W.edit), onclick: ask({ what: 'edit', member }) }), button({ label: say(W.addKey), onclick: ask({ what: 'key', member }) }), button({ label: say(W.end), kind: 'danger', onclick: ask({ what: 'end', member }) })]
        : button({ label: say(W.bringBack), onclick: () => { doing(() => change(member, { is_active: true }), W.saved)().catch(list.again) } })))
  }

  /** @param {Asked} it */
  function question(it) {
    const named = () => ({ '/name': !form.values.name.trim() && say(controls.required) })
    const role = () => form.choices('role', { label: say(W.role), kind: 'roles', options: Object.keys(roles).map(value => ({ value, label: sayOf(roles, value) })) })
    const name = () => form.text('name', { label: say(W.memberName), autocomplete: 'off', maxlength: 40 })
    const body = () => ({ name: form.values.name, role: /** @type {any} */ (form.values.role) })
    if (it.what === 'add') return dialog({ title: say(W.addMember), close }, form.around({ label: say(W.add), check: named, send: doing(() => app.api.call('POST /v1/members', { intent: 'member', body: body() })) }, name(), role()))
    const path = { member_id: it.member.member_id }
    const who = called(it.member.name, W.firstMember)
    if (it.what === 'edit') return dialog({ title: who, close }, form.around({ label: say(W.save), check: named, send: doing(() => change(it.member, body()), W.saved) }, name(), role()))
    if (it.what === 'end') return dialog({ title: say(W.endAsk, { name: who }), close }, form.around({ label: say(W.end), kind: 'danger', send: doing(() => change(it.member, { is_active: false }), W.ended) }, h('p', null, say(W.endDetail))))
    if (it.what === 'key') return dialog({ title: say(W.addKey), close }, form.around({ label: say(W.add), check: named, send: doing(() => app.api.call('POST /v1/members/{member_id}/credentials', { path, intent: 'credential', body: { name: form.values.name } })) }, form.text('name', { label: say(W.keyName), hint: say(W.keyNameHint), autocomplete: 'off', maxlength: 40 })))
    return dialog({ title: say(W.dropKeyAsk, { name: called(it.key.name, W.firstKey) }), close }, form.around({ label: say(W.dropKey), kind: 'danger', send: doing(() => app.api.call('DELETE /v1/members/{member_id}/credentials/{access_key}', { path: { ...path, access_key: it.key.access_key } }), W.dropped) }, h('p', null, say(W.dropKeyDetail))))
  }

  /** @param {Issued} it */
  function handedOver(it) {
    const done = () => { issued = null; app.update() }
    const copy = async () => app.say(say(await navigator.clipboard?.writeText(`${it.access_key}\n${it.secret}`).then(() => true, () => false) ? W.copied : W.notCopied))
    return dialog({ title: say(W.secretTitle), close: done }, note('warn', say(W.secretDetail)), facts([[say(W.accessKey), h('code', null, it.access_key)], [say(W.secret), h('code', null, it.secret)]]),
      h('div', { class: 'buttons' }, button({ label: say(W.copy), icon: 'file', onclick: copy }), button({ label: say(W.done), kind: 'go', onclick: done })))
  }
}

/** Where a deed's subject can be looked at. @type {Record<string, string>} */
const PLACES = { agy: 'agencies', wkr: 'workers', ord: 'orders' }

/** @type {import('../app.js').MakeScreen} */
export const audit = app => {
  const list = app.pages(cursor => app.api.call('GET /v1/audit', { query: { limit: 50, cursor } }))
  return {
    title: () => say(W.audit),
    back: 'team',
    view: () => paged(list, items => h('ul', { class: 'rows' }, items.map((deed, at) => {
      const place = PLACES[deed.about.slice(0, 3)]
      const [title, detail] = [sayOf(deeds, deed.what) || sayOf(events, deed.what), `${deed.member_name ? called(deed.member_name, W.firstMember) : say(W.somebody)} · ${when(deed.at, app.now())}`]
      const key = `${deed.at} ${at}`
      return place ? row({ key, href: `#/${place}/${deed.about}`, title, detail }) : h('li', { key, class: 'row' }, h('span', { class: 'row-text' }, h('b', null, title), h('small', null, detail)))
    })), empty({ icon: 'clock', title: say(W.noAudit) })),
  }
}
