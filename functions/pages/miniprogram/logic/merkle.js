// What follows from a Merkle tree's proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2. Hashes are in hex. Who calls brings SHA-256.

/** @typedef {(bytes: Uint8Array) => Promise<Uint8Array>} Sha256 */

/** @param {string} hex */
const bytes = hex => Uint8Array.from(hex.match(/../g) || [], byte => parseInt(byte, 16))

/** @param {Uint8Array} bytes */
const hex = bytes => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')

/** @param {string} left @param {string} right @param {Sha256} sha256 */
const node = async (left, right, sha256) => hex(await sha256(Uint8Array.from([1, ...bytes(left), ...bytes(right)])))

/** What stands in the tree for an entry, by the event's hash. @param {string} event @param {Sha256} sha256 */
export const leafHash = async (event, sha256) => hex(await sha256(Uint8Array.from([0, ...bytes(event)])))

/** The root that a leaf at this place leads to; null if the proof is none.
 * @param {{ leaf_index: number, tree_size: number, leaf_hash: string, hashes: string[] }} proof @param {Sha256} sha256 */
export async function rootOf({ leaf_index: index, tree_size: size, leaf_hash: leaf, hashes }, sha256) {
  if (index >= size) return null
  let [place, last, root] = [index, size - 1, leaf]
  for (const hash of hashes) {
    if (last === 0) return null
    if (place % 2 === 1 || place === last) {
      root = await node(hash, root, sha256)
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)]
    } else {
      root = await node(root, hash, sha256)
    }
    [place, last] = [half(place), half(last)]
  }
  return last === 0 ? root : null
}

/** Whether the later tree begins with the whole of the earlier one.
 * @param {{ from: number, to: number, hashes: string[] }} proof @param {string} fromRoot @param {string} toRoot @param {Sha256} sha256 */
export async function isGrown({ from, to, hashes }, fromRoot, toRoot, sha256) {
  if (from === to) return fromRoot === toRoot && hashes.length === 0
  if (from === 0 || from > to || hashes.length === 0) return false
  const path = isPowerOfTwo(from) ? [fromRoot, ...hashes] : hashes
  let [place, last] = [from - 1, to - 1]
  while (place % 2 === 1) [place, last] = [half(place), half(last)]
  let [before, after] = [path[0], path[0]]
  for (const hash of path.slice(1)) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      before = await node(hash, before, sha256)
      after = await node(hash, after, sha256)
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)]
    } else {
      after = await node(after, hash, sha256)
    }
    [place, last] = [half(place), half(last)]
  }
  return last === 0 && before === fromRoot && after === toRoot
}

/** @param {number} number */
const half = number => Math.floor(number / 2)

/** @param {number} number */
const isPowerOfTwo = number => Number.isInteger(Math.log2(number))
