// What a person is told about a problem.

import { Problem } from './api.js'
import { say } from './words.js'

/** Problems whose own words are for programs, or say too little; all others speak for themselves.
 * @type {Record<string, Words>} */
const problems = {
  network: ['网络不通，请检查网络后再试。', 'There is no connection. Check it and try again.'],
  unavailable: ['系统正忙，请稍后再试。', 'The service is busy. Please try again in a moment.'],
  internal: ['系统出了问题，已有记录，请稍后再试。', 'Something went wrong on our side, and was noted. Please try again later.'],
  unauthenticated: ['登录已过期，请重新登录。', 'You are logged out. Please log in again.'],
  'somebody-else': ['现在登录的是另一个账号。', 'Somebody else is logged in now.'],
  'bad-credentials': ['没有登录成功。请核对手机号和验证码，或账号和密钥。', 'You are not logged in. Check the number and the code, or the key and its secret.'],
  forbidden: ['您没有权限这样做。', 'You may not do this.'],
  'not-found': ['没有找到。', 'There is no such thing.'],
  'too-large': ['文件太大。', 'The file is too large.'],
}

/** @type {Words} */
const waitSeconds = ['操作太频繁，请等 {seconds} 秒再试。', 'Too many tries. Please wait {seconds} seconds.']
/** @type {Words} */
const waitMinutes = ['操作太频繁，请等 {minutes} 分钟再试。', 'Too many tries. Please wait {minutes} minutes.']
/** @type {Words} */
const mayBeDone = ['网络中断，不知道是否已经办成。再试一次不会重复办理。', 'The connection broke, and it is not known whether it was done. Trying again does not do it twice.']

/** One sentence or two: what happened and what to do. @param {unknown} problem */
export function told(problem) {
  if (!(problem instanceof Problem)) return say(problems.internal)
  if (problem.unknown) return say(mayBeDone)
  // A rate limit with words of its own says which cap it was.
  if (problem.status === 429 && problem.retryAfter !== null && problem.retryAfter < 3600) {
    const { retryAfter } = problem
    return retryAfter < 100 ? say(waitSeconds, { seconds: retryAfter }) : say(waitMinutes, { minutes: Math.ceil(retryAfter / 60) })
  }
  // What is wrong, not how much of it.
  if (problem.errors.length) return problem.errors.map(fault => fault.detail).join(' ')
  const words = problems[problem.slug]
  return words ? say(words) : problem.message
}
