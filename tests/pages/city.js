// What others do in the city while a test looks at a page: agencies that grab and send somebody, by the API.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

export const url = process.env.HOMEHAIL_URL
export const demo = JSON.parse(readFileSync(path.join(process.env.HOMEHAIL_DATA, 'demo.json'), 'utf8'))

/** Where the tests' visits are, WGS-84. */
export const HOME = { lat: 45.7287, lon: 126.5663 }

/** What the API answers; anything but success fails the test. */
export async function send(method, to, { token, body, status, headers } = {}) {
  const answer = await fetch(url + to, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }), 'idempotency-key': randomUUID(), ...headers },
    body: body && JSON.stringify(body),
  })
  const text = await answer.text()
  assert.ok(status ? answer.status === status : answer.ok, `${method} ${to}: ${answer.status} ${text}`)
  return text && answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
}

/** Agencies that offer cleaning, those nearest to `HOME` first. */
export const agencies = demo.agencies.filter(agency => agency.services.includes('cleaning'))
  .map(agency => ({ ...agency, distance: Math.min(...agency.stores.map(({ location }) => Math.hypot(location.lat - HOME.lat, (location.lon - HOME.lon) * 0.7))) }))
  .sort((one, other) => one.distance - other.distance)

export const loggedIn = async ({ access_key, secret }) => (await send('POST', '/v1/sessions/agency', { body: { access_key, secret } })).token

/** A customer of the city's demo, by number. */
export const customer = async number => (await send('POST', '/v1/sessions/customer', { body: { code: demo.customers[number].code } })).token

/** Places an order for a visit in an hour. */
export const placed = (token, given = {}) => send('POST', '/v1/orders', { token, body: {
  service: 'cleaning', start_at: soon(), duration_min: 120, address: '哈尔滨大街 88 号 2 单元 301', location: { ...HOME, datum: 'wgs84' },
  contact: { name: '王小明', phone: '13912345678' }, ...given,
} })

/** In an hour: a badge that matches begins the visit. */
export const soon = () => new Date(Date.now() + 3_600_000).toISOString()

/** An agency grabs the order. */
export async function grabbed(order_id, agency = agencies[0]) {
  const token = await loggedIn(agency)
  for (const ends = Date.now() + 30_000; Date.now() < ends;) {
    const { items } = await send('GET', '/v1/offers?wait_s=5', { token })
    const offer = items.find(offer => offer.order_id === order_id)
    if (!offer) continue
    await send('POST', `/v1/orders/${order_id}/grab`, { token, body: { claim_token: offer.claim_token } })
    return { token, agency }
  }
  assert.fail(`${agency.name} is not offered the order`)
}

/** The agency names a worker. Her badge is a new one. */
export async function staffed(order_id, { token }) {
  const { items } = await send('GET', `/v1/orders/${order_id}/candidates`, { token })
  const { worker_id, name } = items.find(candidate => candidate.eligible)
  await send('POST', `/v1/orders/${order_id}/staff`, { token, body: { worker_id } })
  const badge = await send('POST', `/v1/workers/${worker_id}/badges`, { token, body: {} })
  return { worker_id, name, badge }
}

/** The code that was sent to a phone last, as the stand-in for the SMS service has it. */
export async function codeOf(phone) {
  const { wechat } = JSON.parse(readFileSync(path.join(process.env.HOMEHAIL_DATA, 'ports.json'), 'utf8'))
  return (await (await fetch(`http://127.0.0.1:${wechat}/sms/${phone}`)).json()).code
}
