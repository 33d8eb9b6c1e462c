// Who logs in for the agency and what they may do; and what they have done.

import { day, when } from '../../miniprogram/logic/format.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { formOf } from '../form.js'
import { button, empty, h, note, paged, rows, say, tag } from '../parts.js'
import { credentials, deeds, initial, unlessGone } from './reading.js'
import { deskScreen } from './watch.js'

/** @typedef {'owner' | 'dispatcher' | 'viewer'} Role */

const ROLES = /** @type {Role[]} */ (['owner', 'dispatcher', 'viewer'])

export const members = deskScreen((app, watch) => {
  const list = app.pages(cursor => app.api.call('GET /v1/members', { query: { limit: 50, cursor } }))
  const deed = deeds(app)
  /** What keys are called that may have been given: a repeat says the same. @type {Map<string, string>} */
  const named = new Map()
  const fields = (/** @type {import('../form.js').Form<any>} */ form) => [form.text('name', { label: say(W.personName), autocomplete: 'off', maxlength: 60 }),
    form.choices('role', { label: say(W.role), kind: 'whole', options: ROLES.map(role => ({ value: role, label: `${say(W[role])}：${say(W[`${role}Does`])}` })) })]
  const add = () => app.ask(formOf(app, { name: '', role: /** @type {Role} */ ('dispatcher') }), form => ({
    title: say(W.addMember), label: say(W.addMember), keep: say(W.keep), fields: fields(form),
    send: () => app.api.call('POST /v1/members', { intent: 'member', body: form.values }),
    done: key => handOver(key.name, key),
  }))
  const edit = (/** @type {Contract['Member']} */ member) => app.ask(formOf(app, { name: nameOf(member.name), role: member.role }), form => ({
    title: say(W.edit), label: say(W.save), keep: say(W.keep), fields: fields(form), send: () => change(member, form.values),
  }))
  const end = (/** @type {Contract['Member']} */ member) => app.ask(formOf(app, {}), () => ({
    title: say(W.endMemberAsk, { name: nameOf(member.name) }), label: say(W.end), kind: 'danger', keep: say(W.keep), fields: h('p', { class: 'say' }, say(W.keyWithdrawNote)),
    send: () => change(member, { is_active: false }),
  }))
  const withdraw = (/** @type {Contract['Member']} */ { member_id }, /** @type {string} */ access_key) => app.ask(formOf(app, {}), () => ({
    title: say(W.keyWithdrawAsk), label: say(W.withdraw), kind: 'danger', keep: say(W.keep), fields: h('p', { class: 'say' }, say(W.keyWithdrawNote)),
    send: () => app.api.call('DELETE /v1/members/{member_id}/credentials/{access_key}', { path: { member_id, access_key } }).catch(unlessGone),
    done: () => {
      app.say(say(W.keyWithdrawn))
      return list.again()
    },
  }))
  return {
    title: () => say(W.members),
    back: 'more',
    wide: true,
    view: () => watch.may('members') ? [
      h('div', { class: 'buttons' }, button({ label: say(W.addMember), icon: 'plus', onclick: add })),
      deed.fault(),
      paged(list, items => h('ul', { class: 'people' }, items.map(one)), null),
    ] : note('quiet', say(W.ownerOnly)),
  }

  /** @param {Contract['Member']} member */
  function one(member) {
    return h('li', { key: member.member_id, class: 'card' },
      h('div', { class: 'person' }, initial(nameOf(member.name)), h('div', { class: 'row-text' }, h('h2', null, nameOf(member.name)), h('span', { class: 'tags' }, tag(say(W[/** @type {Role} */ (member.role)]), member.is_active ? 'good' : 'quiet'), !member.is_active && tag(say(W.ended))), h('small', null, say(W[`${/** @type {Role} */ (member.role)}Does`])))),
      member.is_active && [
        h('h3', null, say(W.keysOf)),
        member.credentials.length ? h('ul', { class: 'keys-list' }, member.credentials.map(key => h('li', { key: key.access_key }, h('span', null, nameOf(key.name), h('small', null, ` ${say(W.keyAdded, { day: day(key.added_at, app.now()) })}`)),
          button({ label: say(W.withdraw), kind: 'quiet', onclick: () => withdraw(member, key.access_key) })))) : h('p', { class: 'hint' }, say(W.noKeys)),
      ],
      h('div', { class: 'buttons' }, member.is_active ? [
        button({ label: say(W.newKey), busy: deed.isBusy(`key ${member.member_id}`), onclick: () => deed.do(`key ${member.member_id}`, () => giveKey(member)) }),
        button({ label: say(W.edit), onclick: () => edit(member) }),
        button({ label: say(W.end), kind: 'danger', onclick: () => end(member) }),
      ] : button({ label: say(W.bringBack), busy: deed.isBusy(`back ${member.member_id}`), onclick: () => deed.do(`back ${member.member_id}`, async () => { await change(member, { is_active: true }); await giveKey(member) }) })))
  }

  /** @param {Contract['Member']} member */
  async function giveKey(member) {
    const { member_id } = member
    const name = named.get(member_id) || `${say(W.keysOf)} ${member.credentials.length + 1}`
    named.set(member_id, name)
    const key = await app.api.call('POST /v1/members/{member_id}/credentials', { intent: `key ${member_id}`, path: { member_id }, body: { name } })
    named.delete(member_id)
    await handOver(nameOf(member.name), key)
  }

  /** Shows a key that was given, once. @param {string} name @param {{ access_key: string, secret: string }} key */
  function handOver(name, key) {
    app.ask(formOf(app, {}), () => ({ title: say(W.memberAdded, { name }), label: say(W.done), isOnce: true, fields: [note('warn', say(W.secretOnce)), credentials(app, key)], send: async () => {} }))
    return list.again()
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

export const audit = deskScreen((app, watch) => {
  const list = app.pages(cursor => app.api.call('GET /v1/audit', { query: { limit: 50, cursor } }))
  return {
    title: () => say(W.audit),
    back: 'more',
    view: () => watch.may('members') ? paged(list, items => rows(items.map((deed, number) => {
      const place = PLACES.find(([pattern]) => pattern.test(deed.about))
      const text = h('span', { class: 'row-text' }, h('b', null, `${deed.member_name ? nameOf(deed.member_name) : say(W.someone)} · ${say(W[/** @type {keyof typeof W} */ (`a_${deed.what}`)] || W.a_other)}`), h('small', null, when(deed.at, app.now())))
      return h('li', { key: `${deed.at} ${number}` }, place ? h('a', { class: 'row', href: `#/${place[1]}/${deed.about}` }, text) : h('div', { class: 'row' }, text))
    })), empty({ title: say(W.noAudit) })) : note('quiet', say(W.ownerOnly)),
  }
})
