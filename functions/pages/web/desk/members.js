// Who logs in for the agency and what they may do; and what they have done.

import { day, when } from '../../miniprogram/logic/format.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { button, dialog, empty, h, note, paged, rows, say, screen, tag } from '../parts.js'
import { credentials, deeds, initial, unlessGone } from './reading.js'
import { watchOf } from './watch.js'

/** @typedef {'owner' | 'dispatcher' | 'viewer'} Role */

const ROLES = /** @type {Role[]} */ (['owner', 'dispatcher', 'viewer'])

export const members = screen(app => {
  const watch = watchOf(app)
  const list = app.pages(cursor => app.api.call('GET /v1/members', { query: { limit: 50, cursor } }))
  let form = formOf(app, { name: '', role: 'dispatcher' })
  /** What is open over the list. @typedef {{ is: 'add' } | { is: 'change', member: Contract['Member'] } | { is: 'sure', title: string, label: string, send: () => Promise<void> } | { is: 'given', name: string, key: { access_key: string, secret: string } }} Over */
  /** @type {Over | null} */
  let over = null
  const deed = deeds(app)
  const close = () => { over = null; app.update() }
  /** @param {Over} what */
  const open = (what, values = { name: '', role: 'dispatcher' }) => {
    form = formOf(app, values)
    over = what
    app.update()
  }
  const fields = () => [form.text('name', { label: say(W.workerName), autocomplete: 'off', maxlength: 60 }),
    form.choices('role', { label: say(W.role), kind: 'whole', options: ROLES.map(role => ({ value: role, label: `${say(W[role])}：${say(W[`${role}Does`])}` })) })]
  return {
    title: () => say(W.members),
    back: 'more',
    wide: true,
    view: () => watch.may('members') ? [
      h('div', { class: 'buttons' }, button({ label: say(controls.addMember), icon: 'plus', onclick: () => open({ is: 'add' }) })),
      deed.fault(),
      paged(list, items => h('ul', { class: 'people' }, items.map(one)), null), overlay(),
    ] : note('quiet', say(W.ownerOnly)),
  }

  /** @param {Contract['Member']} member */
  function one(member) {
    return h('li', { key: member.member_id, class: 'card' },
      h('div', { class: 'person' }, initial(nameOf(member.name)), h('div', { class: 'row-text' }, h('h2', null, nameOf(member.name)), h('span', { class: 'tags' }, tag(say(W[/** @type {Role} */ (member.role)]), member.is_active ? 'good' : 'quiet'), !member.is_active && tag(say(controls.ended))), h('small', null, say(W[`${/** @type {Role} */ (member.role)}Does`])))),
      member.is_active && [
        h('h3', null, say(W.keysOf)),
        member.credentials.length ? h('ul', { class: 'keys-list' }, member.credentials.map(key => h('li', { key: key.access_key }, h('span', null, nameOf(key.name), h('small', null, ` ${say(W.keyAdded, { day: day(key.added_at, app.now()) })}`)),
          button({ label: say(controls.withdraw), kind: 'quiet', onclick: () => open({ is: 'sure', title: say(W.keyWithdrawAsk), label: say(controls.withdraw), send: () => withdraw(member, key.access_key) }) })))) : h('p', { class: 'hint' }, say(W.noKeys)),
      ],
      h('div', { class: 'buttons' }, member.is_active ? [
        button({ label: say(W.newKey), busy: deed.isBusy(`key ${member.member_id}`), onclick: () => deed.do(`key ${member.member_id}`, () => giveKey(member)) }),
        button({ label: say(W.hoursChange), onclick: () => open({ is: 'change', member }, { name: nameOf(member.name), role: member.role }) }),
        button({ label: say(controls.end), kind: 'danger', onclick: () => open({ is: 'sure', title: say(W.endMemberAsk, { name: nameOf(member.name) }), label: say(controls.end), send: async () => { await change(member, { is_active: false }); close() } }) }),
      ] : button({ label: say(W.bringBack), busy: deed.isBusy(`back ${member.member_id}`), onclick: () => deed.do(`back ${member.member_id}`, async () => { await change(member, { is_active: true }); await giveKey(member) }) })))
  }

  function overlay() {
    const { values } = form
    const aside = button({ label: say(W.keep), kind: 'quiet', onclick: close })
    const check = () => ({ '/name': !values.name.trim() && say(controls.required) })
    switch (over?.is) {
      case 'add': return dialog({ title: say(controls.addMember), close }, form.around({ label: say(controls.addMember), send: add, check, aside }, fields()))
      case 'change': {
        const { member } = over
        return dialog({ title: say(W.hoursChange), close }, form.around({ label: say(controls.save), send: async () => { await change(member, { name: values.name, role: /** @type {Role} */ (values.role) }); close() }, check, aside }, fields()))
      }
      case 'sure': return dialog({ title: over.title, close }, form.around({ label: over.label, kind: 'danger', send: over.send, aside }, h('p', { class: 'say' }, say(W.keyWithdrawNote))))
      case 'given': return dialog({ title: say(W.memberAdded, { name: over.name }), close }, note('warn', say(W.secretOnce)), credentials(app, over.key), button({ label: say(W.done), kind: 'go', onclick: close }))
      default: return null
    }
  }

  async function add() {
    const { name, role } = form.values
    const given = await app.api.call('POST /v1/members', { intent: 'member', body: { name, role: /** @type {Role} */ (role) } })
    over = { is: 'given', name: given.name, key: given }
    await list.again()
  }

  /** @param {Contract['Member']} member */
  async function giveKey(member) {
    const given = await app.api.call('POST /v1/members/{member_id}/credentials', { intent: `key ${member.member_id}`, path: { member_id: member.member_id }, body: { name: `${say(W.keysOf)} ${member.credentials.length + 1}` } })
    over = { is: 'given', name: nameOf(member.name), key: given }
    await list.again()
  }

  /** @param {Contract['Member']} member @param {string} access_key */
  async function withdraw({ member_id }, access_key) {
    await app.api.call('DELETE /v1/members/{member_id}/credentials/{access_key}', { path: { member_id, access_key } }).catch(unlessGone)
    app.say(say(W.keyWithdrawn))
    close()
    await list.again()
  }

  /** @param {Contract['Member']} member @param {Contract['MemberChange']} body */
  async function change({ member_id }, body) {
    await app.api.call('PATCH /v1/members/{member_id}', { path: { member_id }, body, repeats: true })
    app.say(say(W.changed))
    await list.again()
  }
})

/** What is named by the platform has no name of anybody's yet. @param {string} name */
const nameOf = name => name === 'first' ? say(W.firstMember) : name === 'registration' ? say(W.firstKey) : name || say(W.keysOf)

/** Where what was done can be seen. @type {[RegExp, string][]} */
const PLACES = [[/^ord_/, 'orders'], [/^wkr_/, 'workers'], [/^sto_/, 'stores'], [/^cmp_/, 'complaints'], [/^acu_/, 'customers']]

export const audit = screen(app => {
  const watch = watchOf(app)
  const list = app.pages(cursor => app.api.call('GET /v1/audit', { query: { limit: 50, cursor } }))
  return {
    title: () => say(controls.audit),
    back: 'more',
    view: () => watch.may('members') ? paged(list, items => rows(items.map((deed, number) => {
      const place = PLACES.find(([pattern]) => pattern.test(deed.about))
      const text = h('span', { class: 'row-text' }, h('b', null, `${deed.member_name ? nameOf(deed.member_name) : say(W.someone)} · ${say(W[/** @type {keyof typeof W} */ (`a_${deed.what}`)] || W.a_other)}`), h('small', null, when(deed.at, app.now())))
      return h('li', { key: `${deed.at} ${number}` }, place ? h('a', { class: 'row', href: `#/${place[1]}/${deed.about}` }, text) : h('div', { class: 'row' }, text))
    })), empty({ title: say(W.noAudit) })) : note('quiet', say(W.ownerOnly)),
  }
})
