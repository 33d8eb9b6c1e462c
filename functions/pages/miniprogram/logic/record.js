// How a worker's credit record and a scanned badge read. Only `clear` is green.

import { plain } from './format.js'
import { say, sayOf } from './words.js'
import { publicStandings, sections, states } from './words/contract.js'

/** @typedef {'good' | 'warn' | 'bad' | 'quiet'} Tone How something looks; it is always said in words too. */

/** @type {Record<string, Tone>} */
const TONES = { clear: 'good', flagged: 'bad', expired: 'warn', stale: 'warn', pending: 'warn' }

/** A section of a record. @param {{ section: string, state: string }} line @returns {{ name: string, state: string, tone: Tone }} */
export const sectionReading = line => ({ name: sayOf(sections, line.section), state: sayOf(states, line.state), tone: TONES[line.state] || 'quiet' })

/** A record in one word. @param {string} standing @returns {{ word: string, tone: Tone }} */
export const standingReading = standing => ({ word: sayOf(publicStandings, standing), tone: standing === 'clear' ? 'good' : standing === 'attention' ? 'warn' : 'quiet' })

/** @type {Words} */
const DO_NOT_LET_IN = ['请勿让对方进门，并联系家政公司。', 'Do not let the person in, and call the agency.']

/** By the result of a badge check within an order, or of a scan by anybody.
 * @type {Record<string, { tone: Tone, verdict: Words, advice: Words }>} */
const RESULTS = {
  match: { tone: 'good', verdict: ['就是这位服务员', 'This is your worker'], advice: ['请再看一眼照片：是这个人吗？', 'Look at the photo once more: is it this person?'] },
  mismatch: { tone: 'bad', verdict: ['不是您订单的服务员', 'Not the worker of your order'], advice: DO_NOT_LET_IN },
  no_worker_yet: { tone: 'warn', verdict: ['您的订单还没有派人', 'Nobody has been named for your order yet'], advice: ['请勿让对方进门，等家政公司派单后再核验。', 'Do not let the person in. Check again once the agency has named a worker.'] },
  not_cleared: { tone: 'bad', verdict: ['诚信信息不符合要求', 'The record does not hold'], advice: DO_NOT_LET_IN },
  suspended: { tone: 'bad', verdict: ['证件已暂停使用', 'Suspended badge'], advice: DO_NOT_LET_IN },
  revoked: { tone: 'bad', verdict: ['证件已吊销', 'Revoked badge'], advice: DO_NOT_LET_IN },
  expired: { tone: 'bad', verdict: ['证件已过期', 'Expired badge'], advice: DO_NOT_LET_IN },
  invalid: { tone: 'bad', verdict: ['不是真实证件', 'Not a genuine badge'], advice: ['请勿让对方进门。如是手机动态码，请让对方重新出示后再扫。', 'Do not let the person in. If it was a code on a phone, ask for a new one and scan that.'] },
  genuine: { tone: 'good', verdict: ['证件真实', 'Genuine badge'], advice: ['如果有人上门，请在您的订单里核验，看是不是这一单的服务员。', 'If somebody is at your door, check from within your order whether this is its worker.'] },
  not_genuine: { tone: 'bad', verdict: ['不是真实证件', 'Not a genuine badge'], advice: ['请勿让对方进门。如是手机动态码，请让对方重新出示后再扫。', 'Do not let the person in. If it was a code on a phone, ask for a new one and scan that.'] },
}

/** What a badge check came to. @param {string} result @param {string | null} [standing] Of a genuine badge. */
export function badgeReading(result, standing) {
  const { tone, verdict, advice } = RESULTS[result] || RESULTS.invalid
  const word = standing ? standingReading(standing) : null
  // A genuine badge of somebody whose record is not clear is not green.
  return { tone: tone === 'good' && word && word.tone !== 'good' ? word.tone : tone, verdict: say(verdict), advice: say(advice), standing: word ? word.word : null }
}

/** How a badge stands at `now`. @param {{ status: Contract['Badge']['status'], expires_at: string }} badge @param {number} now @returns {{ state: 'valid' | 'suspended' | 'revoked' | 'expired', tone: Tone }} */
export function badgeState({ status, expires_at: end }, now) {
  const state = status !== 'revoked' && Date.parse(end) <= now ? 'expired' : status
  return { state, tone: state === 'valid' ? 'good' : state === 'suspended' ? 'warn' : 'quiet' }
}

/** The digits of what was scanned or typed: a badge's link, or its digits with spaces. Null if they are none.
 * @param {string} text @returns {{ kind: 'b' | 'p', digits: string } | null} */
export function scanned(text) {
  const digits = /^\s*(?:https?:\/\/[^/\s]+\/[bp]\/)?([\d\s]+?)\s*$/.exec(plain(text))
  const found = digits ? digits[1].replace(/\s/g, '') : ''
  return found.length === 193 ? { kind: 'b', digits: found } : found.length === 70 ? { kind: 'p', digits: found } : null
}

/** What the platform is given to check: plain digits, or a link, which tells a printed badge from a code on a phone. @param {string} text */
export function presented(text) {
  const badge = scanned(text)
  return badge && !/^https?:/.test(text.trim()) ? badge.digits : text.trim()
}
