// What can happen to a request on its way, as routes of Playwright's.

/** An answer that refuses. @param {number} status @param {string} slug @param {Record<string, string>} [headers] */
export const refusal = (status, slug, headers = {}) => route => route.fulfill({ status, contentType: 'application/problem+json', headers, body: JSON.stringify({ type: `https://homehail.cn/problems/${slug}`, title: slug, status, detail: slug }) })

export const busy = refusal(503, 'unavailable', { 'retry-after': '60' })
export const tooMany = refusal(429, 'rate-limited', { 'retry-after': '60' })
export const loggedOut = refusal(401, 'unauthenticated')

/** It was done, but nobody hears of it. */
export const lost = async route => {
  await route.fetch()
  await route.abort()
}

/** It has never arrived. */
export const gone = route => route.abort()

/** What is said of what may have been done. */
export const UNKNOWN = '不知道是否已经办成'
export const WAIT = '操作太频繁，请等 60 秒再试'
