// What the API's client does when the way to the API fails: nothing is lost, nothing is done twice, and a session ends only when it has to.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, Problem } from '../../functions/pages/miniprogram/logic/api.js'

/** @typedef {{ method: string, url: string, headers: Record<string, string>, body: any }} Sent */

/** A platform whose answers are `script`, one a request; a thrown word is an answer that never came.
 * @param {((sent: Sent) => [number, any, Record<string, string>?] | 'lost')[]} script */
function played(script, now = 0) {
  /** @type {Sent[]} */
  const sent = []
  /** @type {number[]} */
  const waits = []
  let keys = 0
  const platform = {
    sent, waits, clock: now,
    send: async (/** @type {string} */ method, /** @type {string} */ url, /** @type {Record<string, string>} */ headers, /** @type {any} */ body) => {
      const one = { method, url, headers: { ...headers }, body: typeof body === 'string' ? JSON.parse(body) : body }
      sent.push(one)
      const next = script.shift()
      assert.ok(next, `nothing answers ${method} ${url}`)
      const answer = next(one)
      if (answer === 'lost') throw new Error('lost')
      const [status, content, headersBack = {}] = answer
      return { status, body: content, header: (/** @type {string} */ name) => headersBack[name] ?? null }
    },
    now: () => platform.clock,
    wait: async (/** @type {number} */ ms) => { waits.push(ms) },
    random: () => `key-${++keys}`,
  }
  return platform
}

const LATER = new Date(15 * 60_000).toISOString()
const session = (/** @type {string} */ token) => () => /** @type {[number, any]} */ ([200, { token, expires_at: LATER, subject: 'cus_1', refresh_token: 'next' }])
const problem = (/** @type {number} */ status, /** @type {string} */ slug, /** @type {Record<string, string>} */ headers = {}) => () => /** @type {[number, any, Record<string, string>]} */ ([status, { type: `/problems/${slug}`, title: slug, detail: slug, status }, headers])
const placed = () => /** @type {[number, any]} */ ([201, { order_id: 'ord_1' }])
const lost = () => /** @type {const} */ ('lost')

/** @param {ReturnType<typeof played>} platform */
async function loggedIn(platform) {
  const api = client(platform, 'customer')
  await api.logIn('POST /v1/sessions/customer', { code: 'x' })
  return api
}

const order = /** @type {any} */ ({ service: 'cleaning' })
const place = (/** @type {any} */ api, body = order) => api.call('POST /v1/orders', { intent: 'order', body })

test('a lost answer is asked for again under the same key', async () => {
  const platform = played([session('t'), lost, placed])
  const api = await loggedIn(platform)
  assert.equal((await place(api)).order_id, 'ord_1')
  const [, first, second] = platform.sent
  assert.equal(first.headers['idempotency-key'], second.headers['idempotency-key'])
  assert.deepEqual(first.body, second.body)
})

test('what stays unanswered may have been done, and keeps its key until it is known', async () => {
  const platform = played([session('t'), lost, lost, lost, placed, placed])
  const api = await loggedIn(platform)
  await assert.rejects(place(api), (/** @type {any} */ failure) => failure instanceof Problem && failure.unknown && failure.slug === 'network')
  await place(api)
  await place(api)
  const keys = platform.sent.slice(1).map(sent => sent.headers['idempotency-key'])
  assert.deepEqual(new Set(keys.slice(0, 4)).size, 1, 'the same order')
  assert.notEqual(keys[4], keys[0], 'the next one is another')
})

test('what was refused was not done: a mended order has a key of its own', async () => {
  const platform = played([session('t'), problem(422, 'invalid'), placed])
  const api = await loggedIn(platform)
  await assert.rejects(place(api), (/** @type {any} */ failure) => !failure.unknown)
  await place(api, { service: 'cooking' })
  assert.notEqual(platform.sent[1].headers['idempotency-key'], platform.sent[2].headers['idempotency-key'])
})

test('a busy service is waited for as long as it says, but not for long', async () => {
  const busy = problem(503, 'unavailable', { 'retry-after': '2' })
  const platform = played([session('t'), busy, placed, problem(429, 'rate-limited', { 'retry-after': '60' })])
  const api = await loggedIn(platform)
  await place(api)
  assert.deepEqual(platform.waits, [2000])
  await assert.rejects(place(api), (/** @type {any} */ failure) => failure.retryAfter === 60 && !failure.unknown)
})

test('what has no key and changes something is sent once, unless it says that it may be repeated', async () => {
  const platform = played([session('t'), lost, lost, () => [200, {}]])
  const api = await loggedIn(platform)
  const cancel = (/** @type {object} */ more) => api.call('POST /v1/orders/{order_id}/cancel', { path: { order_id: 'ord_1' }, body: { reason: 'x' }, ...more })
  await assert.rejects(cancel({}), (/** @type {any} */ failure) => failure.unknown)
  await cancel({ repeats: true })
  assert.equal(platform.sent.length, 4)
})

test('many requests at once renew a session once', async () => {
  const platform = played([session('old'), session('new'), ...Array.from({ length: 5 }, () => () => /** @type {[number, any]} */ ([200, { items: [] }]))])
  const api = await loggedIn(platform)
  platform.clock = 14.5 * 60_000
  await Promise.all(Array.from({ length: 5 }, () => api.call('GET /v1/orders', {})))
  const [, refresh, ...reads] = platform.sent
  assert.equal(refresh.url, '/v1/sessions/refresh')
  assert.deepEqual(refresh.body, { as: 'customer' })
  assert.deepEqual(reads.map(sent => sent.headers.authorization), Array(5).fill('Bearer new'))
})

test('a token that is refused in the middle is renewed, and the request goes on under its key', async () => {
  const platform = played([session('old'), problem(401, 'unauthenticated'), session('new'), placed])
  const api = await loggedIn(platform)
  let ended = 0
  api.ended = () => { ended++ }
  await place(api)
  assert.equal(platform.sent[1].headers['idempotency-key'], platform.sent[3].headers['idempotency-key'])
  assert.equal(platform.sent[3].headers.authorization, 'Bearer new')
  assert.equal(ended, 0)
})

test('a session ends when it is not renewed, and not when the service is only busy', async () => {
  const busy = problem(503, 'unavailable', { 'retry-after': '30' })
  const platform = played([session('old'), problem(401, 'unauthenticated'), busy, problem(401, 'unauthenticated'), problem(401, 'bad-credentials')])
  const api = await loggedIn(platform)
  let ended = 0
  api.ended = () => { ended++ }
  await assert.rejects(place(api), { status: 503 })
  assert.equal(ended, 0)
  await assert.rejects(place(api), { status: 401 })
  assert.equal(ended, 1)
  assert.equal(api.isLoggedIn(), false)
})

test('whoever need not be asked is logged in again, and the request goes on under its key', async () => {
  const platform = played([problem(401, 'bad-credentials'), session('new'), problem(401, 'unauthenticated'), problem(401, 'bad-credentials'), session('newer'), placed])
  let kept = /** @type {string | null} */ ('old')
  const api = client({ ...platform, refreshToken: { read: () => kept, write: token => { kept = token } }, enter: async () => ({ operation: 'POST /v1/sessions/customer', body: { code: 'x' } }) }, 'customer')
  await place(api)
  assert.deepEqual(platform.sent.map(sent => sent.url.split('/').pop()), ['refresh', 'customer', 'orders', 'refresh', 'customer', 'orders'])
  assert.equal(platform.sent[2].headers['idempotency-key'], platform.sent[5].headers['idempotency-key'])
  assert.equal(platform.sent[5].headers.authorization, 'Bearer newer')
})

test('the clock is the server’s, where this one is wrong', async () => {
  const date = { date: new Date(8 * 3_600_000).toUTCString() }
  const platform = played([() => [200, { items: [] }, date], () => [200, { items: [] }, { date: new Date(1000).toUTCString() }]])
  const api = client(platform, 'customer')
  await api.call('GET /v1/services', { open: true })
  assert.equal(api.now(), 8 * 3_600_000)
  await api.call('GET /v1/services', { open: true })
  assert.equal(api.now(), 0, 'a second is the header’s own coarseness')
})

test('following shows what is new, says when it fails, and goes on', async () => {
  /** @type {string[]} */
  const seen = []
  const script = [
    () => [200, { status: 'open' }, { etag: '"1"' }],
    (/** @type {Sent} */ sent) => { assert.equal(sent.headers['if-none-match'], '"1"'); return [304, null] },
    problem(500, 'internal'),
    () => [200, { status: 'claimed' }, { etag: '"2"' }],
  ]
  const platform = played(/** @type {any} */ (script))
  const api = client(platform, 'customer')
  await new Promise(resolve => {
    const following = api.follow('GET /v1/orders/{order_id}', /** @type {any} */ ({ open: true, path: { order_id: 'ord_1' } }), {
      every: 2000,
      show: order => {
        seen.push(order.status)
        if (order.status !== 'claimed') return
        following.stop()
        resolve(undefined)
      },
      fail: failure => { seen.push(failure ? failure.slug : 'again') },
    })
  })
  assert.deepEqual(seen, ['open', 'internal', 'again', 'claimed'])
  assert.deepEqual(platform.waits, [2000, 2000, 4000])
})

test('who asks to be read to now is told by a read that began since', async () => {
  /** @type {string[]} */
  const seen = []
  const platform = played([() => [200, { status: 'open' }], () => [200, { status: 'claimed' }]])
  const api = client(platform, 'customer')
  const following = api.follow('GET /v1/orders/{order_id}', /** @type {any} */ ({ open: true, path: { order_id: 'ord_1' } }), {
    every: 2000,
    show: order => {
      seen.push(order.status)
      if (order.status === 'claimed') following.stop()
    },
  })
  // The first read is under way already.
  await following.now()
  assert.deepEqual(seen, ['open', 'claimed'])
  assert.deepEqual(platform.waits, [], 'and nothing is waited for in between')
})

const of = (/** @type {string} */ subject) => () => /** @type {[number, any]} */ ([200, { token: subject, expires_at: LATER, subject }])

test('what one person wanted done is not done in the name of another who has logged in since', async () => {
  const platform = played([of('cus_1'), lost, lost, lost, problem(401, 'unauthenticated'), of('cus_2'), placed, problem(401, 'unauthenticated'), problem(401, 'unauthenticated'), of('cus_3')])
  const api = await loggedIn(platform)
  let changed = 0
  api.changed = () => { changed++ }
  await assert.rejects(place(api), { status: 0 })
  await assert.rejects(place(api), { slug: 'somebody-else' })
  assert.equal(changed, 1)
  await place(api)
  assert.notEqual(platform.sent[4].headers['idempotency-key'], platform.sent[6].headers['idempotency-key'])
  await assert.rejects(place(api), { slug: 'unauthenticated' })
  await assert.rejects(api.logIn('POST /v1/sessions/customer', { code: 'x' }), { slug: 'somebody-else' })
  assert.equal(changed, 2)
})

test('logging out ends the session for good, or says that it has not', async () => {
  const platform = played([session('t'), problem(503, 'unavailable', { 'retry-after': '30' }), () => [204, null], problem(401, 'unauthenticated')])
  const api = await loggedIn(platform)
  await assert.rejects(api.logOut(), { status: 503 })
  assert.equal(api.isLoggedIn(), true)
  platform.clock = 15 * 60_000
  // A read that goes on meanwhile renews nothing.
  const [, read] = await Promise.allSettled([api.logOut(), api.call('GET /v1/orders', {})])
  assert.equal(read.status, 'rejected')
  assert.deepEqual(platform.sent.slice(1).map(sent => `${sent.method} ${sent.url}`), ['DELETE /v1/sessions', 'DELETE /v1/sessions', 'POST /v1/sessions/refresh'])
  assert.equal(api.isLoggedIn(), false)
})
