// What a person is told about a problem.

import { Problem } from './api.js'
import { say } from './words.js'
import { mayBeDone, problems, waitMinutes, waitSeconds } from './words/problems.js'

/** One sentence or two: what happened and what to do. @param {unknown} problem */
export function told(problem) {
  if (!(problem instanceof Problem)) return say(problems.internal)
  if (problem.unknown) return say(mayBeDone)
  // A rate limit with words of its own says which cap it was.
  if (problem.status === 429 && problem.retryAfter !== null && problem.retryAfter < 3600) {
    const { retryAfter } = problem
    return retryAfter < 100 ? say(waitSeconds, { seconds: retryAfter }) : say(waitMinutes, { minutes: Math.ceil(retryAfter / 60) })
  }
  const words = problems[problem.slug]
  return words ? say(words) : problem.message
}
