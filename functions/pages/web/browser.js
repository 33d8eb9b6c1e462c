// What the API's client needs of a browser, and what a browser remembers: settings, never a token.

/** @type {import('../miniprogram/logic/api.js').Platform} */
export const browser = {
  async send(method, url, headers, body, timeout) {
    const given = new AbortController()
    const timer = setTimeout(() => given.abort(), timeout)
    // No page of another site can send this header, without which a cookie opens nothing.
    const own = { 'x-requested-with': 'homehail', ...headers }
    try {
      const answer = await fetch(url, { method, headers: own, body, signal: given.signal, credentials: 'same-origin' })
      const type = answer.headers.get('content-type') || ''
      const content = answer.status === 204 || answer.status === 304 ? null : type.includes('json') ? await answer.json() : await answer.blob()
      return { status: answer.status, header: name => answer.headers.get(name), body: content }
    } finally {
      clearTimeout(timer)
    }
  },
  now: () => Date.now(),
  wait: ms => new Promise(resolve => { setTimeout(resolve, ms) }),
  random: () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join(''),
}

/** @param {() => Storage} storage */
const keptIn = storage => ({
  /** @param {string} name @returns {string | null} */
  read(name) {
    try {
      return storage().getItem(name)
    } catch {
      return null
    }
  },
  /** @param {string} name @param {string | null} value */
  write(name, value) {
    try {
      if (value === null) storage().removeItem(name)
      else storage().setItem(name, value)
    } catch {
      // A private window: it is asked again the next time.
    }
  },
})

/** Settings of this browser; without any where the browser keeps none. */
export const kept = keptIn(() => localStorage)

/** What this tab is to know when its document is made anew. */
export const keptHere = keptIn(() => sessionStorage)
