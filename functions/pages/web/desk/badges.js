// A worker's badges: issuing, printing, suspending and revoking them.

import { Problem } from '../../miniprogram/logic/api.js'
import { day } from '../../miniprogram/logic/format.js'
import { badgeState } from '../../miniprogram/logic/record.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { awaited, button, card, dialog, h, say, tag, told } from '../parts.js'
import { askWhy, deeds } from './reading.js'

/** @param {App} app @param {Watch} watch @param {string} worker_id @param {() => string} name */
export function badgesOf(app, watch, worker_id, name) {
  const list = app.load(async () => (await app.api.call('GET /v1/workers/{worker_id}/badges', { path: { worker_id }, query: { limit: 20 } })).items.filter(badge => badge.agency_id === watch.agency_id))
  const deed = deeds(app, problem => problem instanceof Problem && problem.slug === 'photo-missing' ? say(W['photo-missing']) : told(problem))
  /** What is shown to be printed. @type {{ url: string, isCode: boolean } | null} */
  let sheet = null
  /** @param {string} badge_id @param {'suspend' | 'revoke' | 'reinstate'} what @param {string} reason */
  const change = async (badge_id, what, reason) => {
    await app.api.call(`POST /v1/badges/{badge_id}/${what}`, { path: { badge_id }, body: { reason }, repeats: true })
    await list.again()
  }
  const revoke = (/** @type {string} */ badge_id) => askWhy(app, { title: W.revokeAsk, note: W.revokeNote, label: W.revoke, whys: W.revokeWhys, send: reason => change(badge_id, 'revoke', reason) })
  const suspend = (/** @type {string} */ badge_id) => askWhy(app, { title: W.suspendAsk, label: W.suspend, whys: W.suspendWhys, send: reason => change(badge_id, 'suspend', reason) })
  return {
    view: () => card({ title: say(W.badges), key: 'badges' },
      deed.fault(),
      awaited(list, badges => badges.length ? h('ul', { class: 'badges' }, badges.map(one)) : h('p', { class: 'hint' }, say(W.noBadges)), 2),
      watch.may('workers') && h('div', { class: 'buttons' }, button({ label: say(W.issue), icon: 'plus', busy: deed.isBusy('issue'), onclick: () => deed.do('issue', issue) }))),
    sheet: () => sheet && dialog({ title: say(W.card, { name: name() }), close: closeSheet },
      h('div', { class: 'sheet' }, h('img', { src: sheet.url, class: sheet.isCode ? 'code' : '', alt: say(W.card, { name: name() }) })), h('div', { class: 'buttons' }, button({ label: say(W.print), kind: 'go', icon: 'print', onclick: () => print() }))),
  }

  /** @param {Contract['Badge']} badge */
  function one(badge) {
    const { state, tone } = badgeState(badge, app.now())
    return h('li', { key: badge.badge_id, class: 'block' },
      h('div', { class: 'card-head' }, h('span', null, say(W.badgeIssued, { day: day(badge.issued_at, app.now()) }), h('small', null, ` ${say(W.validUntil, { day: day(Date.parse(badge.expires_at) - 1, app.now()) })}`)), tag(say(W[`badge_${state}`]), tone)),
      state === 'suspended' && badge.reason && h('p', { class: 'words' }, badge.reason),
      state !== 'revoked' && state !== 'expired' && h('div', { class: 'buttons' },
        button({ label: say(W.printCard), icon: 'print', busy: deed.isBusy(`card ${badge.badge_id}`), onclick: () => deed.do(`card ${badge.badge_id}`, () => show(badge, 'card.svg')) }),
        button({ label: say(W.printCode), icon: 'code', busy: deed.isBusy(`code ${badge.badge_id}`), onclick: () => deed.do(`code ${badge.badge_id}`, () => show(badge, 'qr.svg')) }),
        watch.may('workers') && [
          state === 'valid' && button({ label: say(W.suspend), kind: 'quiet', onclick: () => suspend(badge.badge_id) }),
          state === 'suspended' && badge.suspended_by === 'agency' && button({ label: say(W.reinstate), kind: 'quiet', onclick: () => deed.do('reinstate', () => change(badge.badge_id, 'reinstate', say(W.reinstateWhy))) }),
          button({ label: say(W.revoke), kind: 'danger', onclick: () => revoke(badge.badge_id) })]))
  }

  async function issue() {
    await app.api.call('POST /v1/workers/{worker_id}/badges', { intent: `badge ${worker_id}`, path: { worker_id }, body: {} })
    app.say(say(W.issued))
    await list.again()
  }

  /** @param {Contract['Badge']} badge @param {'card.svg' | 'qr.svg'} what */
  async function show({ badge_id }, what) {
    const picture = /** @type {any} */ (await app.api.call(`GET /v1/badges/{badge_id}/${what}`, { path: { badge_id }, raw: true }))
    sheet = { url: URL.createObjectURL(picture), isCode: what === 'qr.svg' }
  }

  function closeSheet() {
    if (sheet) URL.revokeObjectURL(sheet.url)
    sheet = null
    app.update()
  }
}
