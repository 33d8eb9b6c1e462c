// The platform, for what happens around a page: what an agency does while a customer looks on.

import { randomUUID } from 'node:crypto'
import { hired } from './workers.js'

/** @param {string} base */
export async function platform(base) {
  /** @param {string} method @param {string} path @param {string | null} token @param {unknown} [body] */
  const call = async (method, path, token, body) => {
    const answer = await fetch(base + path, { method, headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...(token && { authorization: `Bearer ${token}` }) }, body: body === undefined ? undefined : JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : null
  }
  const demo = await call('GET', '/demo/credentials', null)
  const desks = await Promise.all(demo.agencies.map(async (/** @type {any} */ { name, access_key, secret }) => ({ name, token: (await call('POST', '/v1/sessions/agency', null, { access_key, secret })).token })))
  let turn = 0
  const inTurn = () => {
    turn = (turn + 1) % desks.length
    return [...desks.slice(turn), ...desks.slice(0, turn)]
  }
  return {
    base, call, demo, desks,
    /** The first of these desks that is offered the order grabs it; the agencies take turns, because each has few workers. @param {string} orderId @param {{ name: string, token: string }[]} [among] */
    async grab(orderId, among = inTurn()) {
      for (let attempt = 0; attempt < 20; attempt++) {
        for (const desk of among) {
          const { items } = await call('GET', '/v1/offers/open', desk.token)
          const offer = items.find((/** @type {any} */ item) => item.order_id === orderId)
          if (!offer) continue
          await call('POST', `/v1/orders/${orderId}/grab`, desk.token, { claim_token: offer.claim_token })
          return desk
        }
        await new Promise(resolve => { setTimeout(resolve, 250) })
      }
      throw new Error('no desk was offered the order')
    },
    /** The desk names the first worker who can come, or another one if all are booked, and gives her a badge. @param {{ token: string }} desk @param {string} orderId @returns {Promise<{ worker: any, badge: any }>} */
    async staff(desk, orderId) {
      const { items } = await call('GET', `/v1/orders/${orderId}/candidates`, desk.token)
      const worker = items.find((/** @type {any} */ item) => item.eligible) || await hired({ base, call, demo }, desk, '林小雨')
      await call('POST', `/v1/orders/${orderId}/staff`, desk.token, { worker_id: worker.worker_id })
      const badge = await call('POST', `/v1/workers/${worker.worker_id}/badges`, desk.token, {})
      return { worker, badge }
    },
    /** The badge's QR code as a picture. @param {{ token: string }} desk @param {{ badge_id: string }} badge */
    async code(desk, badge) {
      const answer = await fetch(`${base}/v1/badges/${badge.badge_id}/qr.png`, { headers: { authorization: `Bearer ${desk.token}` } })
      return Buffer.from(await answer.arrayBuffer())
    },
  }
}
