// The public log: what it is now, and two checks that this browser does itself.

import { when } from '../../miniprogram/logic/format.js'
import { isGrown, rootOf } from '../../miniprogram/logic/merkle.js'
import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { kept } from '../browser.js'
import { formOf } from '../form.js'
import { awaited, button, card, facts, h, note, say, screen } from '../parts.js'
import { hashes } from '../record.js'
import { copy } from '../tools.js'

/** @param {Uint8Array} bytes */
const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest('SHA-256', /** @type {any} */ (bytes)))

/** Anybody may read the log; what was seen of it here before is kept, so that it cannot be told otherwise later. @returns {{ size: number, root: string, at: string } | null} */
const seen = () => { try { return JSON.parse(kept.read('checkpoint') || 'null') } catch { return null } }

export const log = screen(app => {
  const before = seen()
  /** @type {{ tone: 'good' | 'bad', words: string } | null} */
  let growth = null
  /** @type {{ tone: 'good' | 'bad', words: string, hash: string } | null} */
  let entry = null
  const form = formOf(app, { place: '' })
  const read = app.load(async () => {
    const now = await app.api.call('GET /v1/log/checkpoint', { open: true })
    if (!before) kept.write('checkpoint', JSON.stringify({ size: now.size, root: now.root, at: now.signed_at }))
    return now
  })
  const growing = formOf(app, {})
  const checkGrowth = async () => {
    const now = read.value
    if (!now || !before) return
    const holds = before.size === now.size ? before.root === now.root
      : before.size < now.size && await isGrown(await app.api.call('GET /v1/log/proof/consistency', { open: true, query: { from: before.size, to: now.size } }), before.root, now.root, sha256)
    growth = holds ? { tone: 'good', words: before.size === now.size ? say(W.growthNone) : say(W.growthGood, { from: before.size, to: now.size }) } : { tone: 'bad', words: say(W.growthBad) }
    if (holds) kept.write('checkpoint', JSON.stringify({ size: now.size, root: now.root, at: now.signed_at }))
  }
  const checkEntry = async () => {
    if (!read.value) return
    const proof = await app.api.call('GET /v1/log/proof/inclusion', { open: true, query: { index: Number(form.values.place), size: read.value.size } })
    const holds = proof.leaf_index === Number(form.values.place) && proof.tree_size === read.value.size && await rootOf(proof, sha256) === read.value.root
    entry = { tone: holds ? 'good' : 'bad', words: holds ? say(W.entryGood, { place: proof.leaf_index, steps: proof.hashes.length }) : say(W.entryBad), hash: proof.leaf_hash }
  }
  return {
    title: () => say(W.log),
    view: () => awaited(read, now => [
      card({ title: say(W.logLead, { size: now.size }) }, h('p', { class: 'say' }, say(W.logDetail)), facts([[say(W.signedAt), when(now.signed_at, app.now())]]), hashes([[say(W.root), now.root]])),
      card({ title: say(W.checkGrowth) }, before ? growing.around({ label: say(W.checkGrowth), icon: 'verified', send: checkGrowth }, h('p', { class: 'say' }, say(W.growthSeen, { time: when(before.at, app.now()), from: before.size }))) : h('p', { class: 'say' }, say(W.growthFirst)),
        h('div', { role: 'status' }, growth && note(growth.tone, growth.words))),
      card({ title: say(W.checkEntry) }, form.around({ label: say(W.entryCheck), kind: 'plain', send: checkEntry, check: () => ({ '/place': (!/^\d{1,15}$/.test(form.values.place.trim()) || Number(form.values.place) >= now.size) && say(W.entryFault, { last: now.size - 1 }) }) },
        form.text('place', { label: say(W.place), hint: say(W.entryHint), inputmode: 'numeric', autocomplete: 'off', maxlength: 15 })),
      h('div', { role: 'status' }, entry && note(entry.tone, entry.words)), entry && hashes([[say(W.entryHash), entry.hash]])),
      card({ title: say(W.note) }, h('p', { class: 'say' }, say(W.noteHint)), h('pre', { class: 'signed' }, now.note), h('p', { class: 'buttons' }, button({ label: say(W.copy), icon: 'file', onclick: () => copy(app, now.note) }))),
    ], 8),
  }
})
