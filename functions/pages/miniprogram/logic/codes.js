// A worker's rotating codes: those of the next ten minutes, so that they go on where there is no network.

import { Problem } from './api.js'

/** In milliseconds, how long a code is shown. */
const STEP = 30000
/** With fewer than so many ahead the next are asked for, so many milliseconds after the last answer. */
const FEW = 12
const PAUSE = 5000

/** Keeps the codes of whoever is logged in. @param {import('./api.js').Client} api */
export function codesOf(api) {
  /** @type {Contract['Code'][]} */
  let items = []
  /** @type {string | null} */
  let subject = null
  let isAsking = false
  let nextTry = 0
  const kept = {
    /** Why the last ones did not come. */
    problem: /** @type {Problem | null} */ (null),

    /** Asks for more if there are few. */
    async more() {
      if (subject !== api.subject()) {
        subject = api.subject()
        items = []
        kept.problem = null
        nextTry = 0
      }
      if (subject && !isAsking && ahead().length < FEW && api.now() >= nextTry) await kept.again()
    },

    async again() {
      const asker = subject
      isAsking = true
      try {
        const { items: found } = await api.call('GET /v1/me/codes')
        if (asker === subject) items = found
        kept.problem = null
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem
        kept.problem = problem
        // She has none any more. What only did not come is waited for as long as there are codes.
        if ([401, 403, 404].includes(problem.status)) items = []
      } finally {
        isAsking = false
        // Only now is the clock known to be the server's.
        nextTry = api.now() + PAUSE
      }
    },

    /** The code of this moment, for how many seconds it is, and for how many minutes there are codes; null without any.
     * @returns {{ code: Contract['Code'], seconds: number, minutes: number } | null} */
    present() {
      // Nobody is shown those of who was logged in before.
      const codes = subject === api.subject() ? ahead() : []
      const left = codes.length ? Date.parse(codes[0].from) + STEP - api.now() : 0
      // More is left of it than it lasts if the clock was set back. A code of another time would not match.
      return left > 0 && left < 2 * STEP ? { code: codes[0], seconds: Math.min(30, Math.ceil(left / 1000)), minutes: Math.max(1, Math.floor(codes.length / 2)) } : null
    },

    /** Whether there were codes that are over. */
    hasRunOut: () => items.length > 0,
  }
  return kept

  function ahead() {
    return items.filter(code => Date.parse(code.from) + STEP > api.now())
  }
}

/** Five digits at a time, which is what one reads at once. @param {string} digits */
export const groups = digits => digits.match(/.{1,5}/g) || []
