// The API's client, for the web and the mini-program. What differs between them is a `Platform`.
//
// A session is renewed before it ends, by one request however many wait for it. What failed on the way is sent again: what changes
// nothing, and what has a key, by which the API tells a repeat. Refusals are `Problem`s.

/**
 * @typedef {object} Platform
 * @property {(method: string, url: string, headers: Record<string, string>, body: any, timeout: number) => Promise<Answer>} send
 *   Rejects when there is no answer. A `body` that is not text is a file.
 * @property {() => number} now In epoch milliseconds.
 * @property {(ms: number) => Promise<void>} wait
 * @property {() => string} random 128 bits that nobody guesses, in hex.
 * @property {() => Promise<{ operation: string, body: any }>} [enter] Logs in whom nobody need ask who they are.
 * @property {{ read: () => string | null, write: (token: string | null) => void }} [refreshToken] Where it is kept; on the web a cookie has it.
 */
/** @typedef {{ status: number, header: (name: string) => string | null, body: any }} Answer */
/** @typedef {import('contract').Operation} Operation */
/** @template {Operation} O @typedef {import('contract').Input<O> & Options} Input */
/**
 * @typedef {object} Options
 * @property {string} [intent] What a person wants done, in a word or two, such as `order`: as long as it is not answered, the same
 *   body is sent under the same `Idempotency-Key`.
 * @property {boolean} [open] Needs no session.
 * @property {boolean} [repeats] Can be sent again, though it has no key and changes something.
 * @property {Blob | ArrayBuffer} [file]
 * @property {string} [etag]
 * @property {boolean} [raw] The answer is a file.
 */
/** Who of an agency or of the authority it is. @typedef {{ member_id: string, name: string | null, role: string }} Member */

const TIMEOUT = 15000
const FILE_TIMEOUT = 60000
/** A token is renewed when it has no longer than this. */
const ENDS_SOON = 60000
const ATTEMPTS = 3
/** A longer `Retry-After` is the person's to wait. */
const LONGEST_WAIT = 8000

/** A refusal, as RFC 9457 has it, or `network`: there was no answer. */
export class Problem extends Error {
  /** @param {any} body @param {number} status @param {number | null} retryAfter in seconds @param {boolean} [unknown] */
  constructor(body, status, retryAfter = null, unknown = false) {
    super(body?.detail || body?.title || 'network')
    this.slug = String(body?.type || '/problems/network').split('/').pop() || ''
    this.status = status
    this.retryAfter = retryAfter
    /** @type {{ pointer: string, detail: string }[]} */
    this.errors = body?.errors || []
    /** @type {{ kind: string, section: string | null, state: string | null, valid_until: string | null }[]} */
    this.reasons = body?.reasons || []
    this.body = body
    /** Whether it may have been done all the same. */
    this.unknown = unknown
  }

  /** What is wrong with the field at this pointer, or below it. @param {string} pointer */
  at(pointer) {
    const fault = this.errors.find(fault => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`))
    return fault ? fault.detail : null
  }
}

/** @param {Platform} platform
 * @param {'customer' | 'worker' | 'agency' | 'authority'} kind Whose sessions.
 * @param {string} [language] Of problems, for `Accept-Language`. */
export function client(platform, kind, language = 'zh') {
  /** @type {{ token: string, until: number, subject: string, member: Member | null } | null} */
  let session = null
  /** Subject and member whose session it is, or was when it ended. @type {string | null} */
  let owner = null
  /** @type {Promise<void> | null} */
  let renewing = null
  /** @type {Promise<void> | null} */
  let leaving = null
  /** How far the server's clock is ahead of this one's, in milliseconds. */
  let ahead = 0
  /** @type {Map<string, { text: string, key: string }>} */
  const intents = new Map()
  /** Where the refresh token is kept; what is read is undefined where a cookie has it. */
  const kept = platform.refreshToken || { read: () => undefined, write: () => {} }
  const self = {
    language,
    /** Called when nobody is logged in any more. */
    ended: () => {},
    /** Called when somebody else is logged in than before: nothing of the former may be shown or sent any more. */
    changed: () => {},
    now: () => platform.now() + ahead,
    wait: platform.wait,
    isLoggedIn: () => session !== null,
    subject: () => session?.subject || null,
    member: () => session?.member || null,
    call,
    follow,
    logIn,
    logOut,
    renew,
  }
  return self

  /** One request of the contract, such as `call('GET /v1/orders/{order_id}', { path: { order_id } })`.
   * @template {Operation} O @param {O} operation @param {Input<O>} [input] @returns {Promise<import('contract').Answered<O>>} */
  async function call(operation, input) {
    const { body } = await answered(operation, /** @type {any} */ (input || {}))
    return body
  }

  /** @param {string} operation @param {any} input @returns {Promise<Answer>} */
  async function answered(operation, input) {
    const [method, path] = operation.split(' ')
    const url = address(path, input)
    const { headers, body } = content(input)
    if (input.etag) headers['if-none-match'] = input.etag
    const key = input.intent && keyFor(input.intent, JSON.stringify(input.body) || '')
    if (key) headers['idempotency-key'] = key
    const changes = method !== 'GET'
    const again = !changes || method === 'PUT' || method === 'DELETE' || !!key || !!input.repeats
    let renewed = false
    for (let attempt = 1; ; attempt++) {
      if (!input.open) headers.authorization = `Bearer ${await token()}`
      const sent = platform.send(method, url, headers, body, input.file ? FILE_TIMEOUT : TIMEOUT)
      const answer = await sent.catch(() => null)
      if (answer) keepTime(answer)
      if (answer && answer.status < 400) {
        if (input.intent) intents.delete(input.intent)
        return answer
      }
      const problem = answer
        ? new Problem(answer.body, answer.status, seconds(answer.header('retry-after')), changes && answer.status >= 500)
        : new Problem(null, 0, null, changes)
      if (problem.slug === 'unauthenticated' && !input.open && !renewed) {
        renewed = true
        await renew(true)
        continue
      }
      const passes = problem.status === 0 || problem.status >= 502 || problem.status === 429
      const wait = problem.retryAfter === null ? 400 * 2 ** attempt : problem.retryAfter * 1000
      if (!again || !passes || attempt >= ATTEMPTS || wait > LONGEST_WAIT) {
        // What was refused was not done: the next try is another one.
        if (input.intent && !problem.unknown && problem.status !== 429) intents.delete(input.intent)
        throw problem
      }
      await platform.wait(wait)
    }
  }

  /** @param {string} intent @param {string} text */
  function keyFor(intent, text) {
    const before = intents.get(intent)
    if (before && before.text === text) return before.key
    const key = platform.random()
    intents.set(intent, { text, key })
    return key
  }

  /** @param {any} input */
  function content(input) {
    /** @type {Record<string, string>} */
    const headers = { accept: input.raw ? '*/*' : 'application/json', 'accept-language': self.language }
    if (input.file) {
      headers['content-type'] = input.file.type || 'image/jpeg'
      return { headers, body: input.file }
    }
    if (input.body === undefined) return { headers, body: undefined }
    headers['content-type'] = 'application/json'
    return { headers, body: JSON.stringify(input.body) }
  }

  /** @param {Answer} answer */
  function keepTime(answer) {
    const said = Date.parse(answer.header('date') || '')
    const apart = said - platform.now()
    // The header has whole seconds, and the answer was under way.
    if (!Number.isNaN(said)) ahead = Math.abs(apart) < 3000 ? 0 : apart
  }

  async function token() {
    if (!session || session.until - platform.now() < ENDS_SOON) await renew()
    if (!session) throw loggedOut()
    return session.token
  }

  /** Renews the session, if somebody is logged in; with `refused`, also one that should still be good. */
  function renew(refused = false) {
    if (!refused && session && session.until - platform.now() >= ENDS_SOON) return Promise.resolve()
    renewing = renewing || refresh().finally(() => { renewing = null })
    return renewing
  }

  async function refresh() {
    await leaving?.catch(() => {})
    begin(await renewed())
  }

  /** @returns {Promise<any>} A session. */
  async function renewed() {
    const refreshToken = kept.read()
    try {
      if (refreshToken === null) throw loggedOut()
      return await openly('POST /v1/sessions/refresh', refreshToken === undefined ? { as: kind } : { refresh_token: refreshToken })
    } catch (problem) {
      const isOver = problem instanceof Problem && problem.status >= 400 && problem.status < 500 && problem.status !== 429
      if (!isOver) throw problem
      if (!platform.enter) throw over()
      const { operation, body } = await platform.enter()
      return openly(operation, body)
    }
  }

  function over() {
    const was = session !== null
    session = null
    kept.write(null)
    if (was) self.ended()
    return loggedOut()
  }

  function loggedOut() {
    return new Problem({ type: '/problems/unauthenticated', detail: '' }, 401)
  }

  /** @param {any} answer A session. */
  function begin(answer) {
    // By this machine's clock, which may not be the server's.
    const left = Date.parse(answer.expires_at) - (platform.now() + ahead)
    session = { token: answer.token, until: platform.now() + left, subject: answer.subject, member: answer.member || null }
    kept.write(answer.refresh_token)
    const former = owner
    owner = `${answer.subject} ${answer.member?.member_id}`
    if (former === null || former === owner) return
    intents.clear()
    self.changed()
    throw new Problem({ type: '/problems/somebody-else' }, 409)
  }

  /** Opens a session, such as `logIn('POST /v1/sessions/phone', { phone, code, as: 'customer' })`.
   * @template {'POST /v1/sessions/phone' | 'POST /v1/sessions/agency' | 'POST /v1/sessions/authority' | 'POST /v1/sessions/customer' | 'POST /v1/sessions/worker' | 'POST /v1/sessions/official-account'} O
   * @param {O} operation @param {import('contract').Body<O>} body */
  async function logIn(operation, body) {
    begin(await openly(operation, platform.refreshToken ? body : { .../** @type {any} */ (body), cookie: true }))
  }

  /** Ends the session. When that fails, whoever's cookie has it is still logged in. */
  function logOut() {
    leaving = leave().finally(() => { leaving = null })
    return leaving
  }

  async function leave() {
    await renewing?.catch(() => {})
    const refreshToken = kept.read()
    if (refreshToken !== undefined) forget()
    await openly('DELETE /v1/sessions', refreshToken ? { refresh_token: refreshToken } : { as: kind })
    if (refreshToken === undefined) forget()
  }

  function forget() {
    session = null
    owner = null
    intents.clear()
    kept.write(null)
  }

  /** @param {string} operation @param {any} body */
  async function openly(operation, body) {
    return (await answered(operation, { open: true, body })).body
  }

  /** Reads again and again until it is stopped, and shows what is new. When that fails, it says so and goes on, with longer pauses.
   * @template {Operation} O @param {O} operation @param {Input<O>} input
   * @param {{ every: number | (() => number), show: (body: import('contract').Answered<O>) => void, fail?: (problem: Problem | null) => void, heard?: () => void }} how
   *   `every` in milliseconds, `fail(null)` when it works again, `heard` after every answer, whether there is anything new or not.
   * @returns {{ stop: () => void, now: () => Promise<void> }} `now` reads at once; it is fulfilled when a read that began since is answered. */
  function follow(operation, input, how) {
    let stopped = false
    let failures = 0
    let etag = ''
    let wake = () => {}
    let isAsked = false
    /** @type {(() => void)[]} */
    const asking = []
    const pause = (/** @type {number} */ ms) => Promise.race([platform.wait(ms), new Promise(resolve => { wake = () => resolve(undefined) })])
    const run = async () => {
      while (!stopped) {
        const asked = asking.length
        isAsked = false
        try {
          const answer = await answered(operation, { .../** @type {any} */ (input), etag })
          if (stopped) return
          if (failures && how.fail) how.fail(null)
          failures = 0
          if (how.heard) how.heard()
          if (answer.status !== 304) {
            etag = answer.header('etag') || ''
            how.show(answer.body)
          }
          for (const done of asking.splice(0, asked)) done()
        } catch (problem) {
          if (stopped) return
          failures++
          if (how.fail && problem instanceof Problem) how.fail(problem)
          if (problem instanceof Problem && [401, 403, 404].includes(problem.status)) return
        }
        if (stopped) return
        const every = typeof how.every === 'function' ? how.every() : how.every
        if (!isAsked) await pause(Math.min(30000, every * 2 ** Math.min(failures, 4)))
      }
    }
    run()
    return {
      stop: () => { stopped = true; wake() },
      now: () => new Promise(resolve => {
        asking.push(resolve)
        isAsked = true
        wake()
      }),
    }
  }
}

/** @typedef {ReturnType<typeof client>} Client */

/** @param {string} path @param {any} input */
function address(path, input) {
  const whole = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(input.path[name]))
  const query = Object.entries(input.query || {}).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return query.length ? `${whole}?${query.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}` : whole
}

/** @param {string | null} text */
function seconds(text) {
  return text && /^\d+$/.test(text) ? Number(text) : null
}
