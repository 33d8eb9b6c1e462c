// A tree's proofs, against a tree built as RFC 9162 defines it.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { isGrown, leafHash, rootOf } from '../../functions/pages/miniprogram/logic/merkle.js'

const sha256 = async (/** @type {Uint8Array} */ bytes) => new Uint8Array(createHash('sha256').update(bytes).digest())
const hash = (/** @type {string} */ hex) => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex')
const EVENTS = Array.from({ length: 19 }, (_, number) => hash(number.toString(16).padStart(2, '0')))
const LEAVES = EVENTS.map(event => hash(`00${event}`))

/** The largest power of two below `size`. @param {number} size */
const split = size => 2 ** (Math.ceil(Math.log2(size)) - 1)

/** @param {string[]} leaves @returns {string} */
const root = leaves => leaves.length === 1 ? leaves[0] : hash(`01${root(leaves.slice(0, split(leaves.length)))}${root(leaves.slice(split(leaves.length)))}`)

/** @param {number} place @param {string[]} leaves @returns {string[]} */
function inclusion(place, leaves) {
  if (leaves.length === 1) return []
  const at = split(leaves.length)
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)]
  return place < at ? [...inclusion(place, left), root(right)] : [...inclusion(place - at, right), root(left)]
}

/** @param {number} from @param {string[]} leaves @param {boolean} isWhole @returns {string[]} */
function consistency(from, leaves, isWhole = true) {
  if (from === leaves.length) return isWhole ? [] : [root(leaves)]
  const at = split(leaves.length)
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)]
  return from <= at ? [...consistency(from, left, isWhole), root(right)] : [...consistency(from - at, right, false), root(left)]
}

test('an event stands in the tree by the hash of its hash', async () => {
  for (const [at, event] of EVENTS.entries()) assert.equal(await leafHash(event, sha256), LEAVES[at])
})

test('every entry of every tree leads to its root, and no other entry does', async () => {
  for (let size = 1; size <= LEAVES.length; size++) {
    const leaves = LEAVES.slice(0, size)
    for (let place = 0; place < size; place++) {
      const proof = { leaf_index: place, tree_size: size, leaf_hash: leaves[place], hashes: inclusion(place, leaves) }
      assert.equal(await rootOf(proof, sha256), root(leaves), `${place} of ${size}`)
      assert.notEqual(await rootOf({ ...proof, leaf_hash: hash('ff') }, sha256), root(leaves))
      if (size > 1) assert.notEqual(await rootOf({ ...proof, hashes: proof.hashes.slice(1) }, sha256), root(leaves))
      assert.notEqual(await rootOf({ ...proof, hashes: [...proof.hashes, hash('ee')] }, sha256), root(leaves))
    }
    assert.equal(await rootOf({ leaf_index: size, tree_size: size, leaf_hash: leaves[0], hashes: [] }, sha256), null)
  }
})

test('a tree has grown from every earlier one, and from no other', async () => {
  for (let to = 1; to <= LEAVES.length; to++) {
    const later = root(LEAVES.slice(0, to))
    for (let from = 1; from <= to; from++) {
      const proof = { from, to, hashes: consistency(from, LEAVES.slice(0, to)) }
      const earlier = root(LEAVES.slice(0, from))
      assert.equal(await isGrown(proof, earlier, later, sha256), true, `${from} to ${to}`)
      const other = root([...LEAVES.slice(0, from - 1), hash('ff')])
      assert.equal(await isGrown(proof, other, later, sha256), false, `another ${from} to ${to}`)
      assert.equal(await isGrown(proof, earlier, hash('ee'), sha256), false)
      if (proof.hashes.length) assert.equal(await isGrown({ ...proof, hashes: proof.hashes.slice(1) }, earlier, later, sha256), false)
    }
  }
})
