// A worker of a test's own: registered by an agency, approved by the authority with her phone, her record clear, with a badge.

import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { idNumber } from './numbers.js'

/** @typedef {Awaited<ReturnType<typeof import('./platform.js').platform>>} City */

const DAY = 86_400_000
/** What has to hold for a visit, besides what no feed tells. */
const SECTIONS = ['identity', 'background_check', 'judicial_enforcement', 'dishonesty', 'public_security', 'health_certificate', 'body_temperature', 'personal_insurance', 'occupational_insurance']

/**
 * A worker of this desk's agency, who logs in by her `phone`, or by `code` from WeChat; with `canVisit` also one who can be named.
 * @param {Pick<City, 'base' | 'call' | 'demo'>} city @param {{ token: string }} desk @param {string} name
 */
export async function hired({ base, call, demo }, desk, name, { canVisit = true } = {}) {
  const { token: office } = await call('POST', '/v1/sessions/authority', null, { access_key: demo.authority.access_key, secret: demo.authority.secret })
  const given = { name, id_number: idNumber(), phone: `138${randomInt(1e8).toString().padStart(8, '0')}`, skills: ['cleaning'], consent: { text_version: '2026-01', given_at: new Date(Date.now() - DAY).toISOString() } }
  const { worker_id } = await call('POST', '/v1/workers', desk.token, given)
  const her = `/v1/workers/${worker_id}`
  const photo = await fetch(`${base}/v1/workers/${worker_id}/photo`, { method: 'PUT', headers: { authorization: `Bearer ${desk.token}`, 'content-type': 'image/jpeg' }, body: await readFile(new URL('../end_to_end/photo.jpg', import.meta.url)) })
  if (!photo.ok) throw new Error(`photo: ${photo.status} ${await photo.text()}`)
  await review({ decision: 'approve' })
  const badge = canVisit ? await cleared() : null
  return { ...given, worker_id, badge, office, code: `demo-phone-${given.phone}`, review, token: async () => (await call('POST', '/v1/sessions/worker', null, { code: `demo-phone-${given.phone}` })).token }

  async function cleared() {
    for (const section of SECTIONS) await call('POST', `${her}/sections`, office, { section, state: 'clear', as_of: new Date(Date.now() - 60_000).toISOString(), valid_until: new Date(Date.now() + 90 * DAY).toISOString() })
    return call('POST', `${her}/badges`, desk.token, {})
  }

  /** The authority decides on her, as she is now. @param {{ decision: string, proposal_id?: string }} decision */
  async function review(decision) {
    const { version } = await call('GET', `${her}?purpose=${encodeURIComponent('审核')}`, office)
    await call('POST', `${her}/reviews`, office, { version, reason: '材料齐全', phone_confirmed: decision.decision === 'approve' ? true : null, ...decision })
  }
}

/** Has her named for a visit, so many hours ahead. What comes back does what its customer does, such as `complete`.
 * @param {City} city @param {{ name: string, token: string }} desk @param {{ worker_id: string, badge: any }} her @param {number} hours */
export async function named(city, desk, her, hours) {
  const { call } = city
  const { token } = await call('POST', '/v1/sessions/customer', null, { code: 'demo-customer-18' })
  const { order_id } = await call('POST', '/v1/orders', token, {
    service: 'cleaning', start_at: new Date(Date.now() + hours * 3_600_000).toISOString(), duration_min: 120, address: '群力第五大道 12 号 3 单元 1402',
    location: { lat: 45.757, lon: 126.642, datum: 'wgs84' }, contact: { name: '王小明', phone: '13912345678' }, notes: '门铃坏了，请打电话。家里有一只猫，请随手关门。',
  })
  await city.grab(order_id, [desk])
  await call('POST', `/v1/orders/${order_id}/staff`, desk.token, { worker_id: her.worker_id })
  return (/** @type {string} */ what, /** @type {unknown} */ body) => call('POST', `/v1/orders/${order_id}/${what}`, token, body)
}

/** What her pages have to show: visits to come, one that was rated, one that she lost, leave, and objections.
 * @param {City} city @param {{ name: string, token: string }} desk */
export async function busy(city, desk) {
  const { call } = city
  const her = await hired(city, desk, '陈玉兰')
  const token = await her.token()
  const done = await named(city, desk, her, 1)
  await done('badge-check', { token: her.badge.token })
  await done('complete', undefined)
  await done('rating', { stars: 4, comment: '擦得很干净，人也和气，下次还请她。' })
  const lost = await named(city, desk, her, 30)
  await lost('cancel', { reason: '时间变了' })
  for (const hours of [4, 28]) await named(city, desk, her, hours)
  for (const [about, text] of [['health_certificate', '健康证九月已经换新的了。'], ['dishonesty', '同名同姓，不是我。']]) await call('POST', '/v1/me/objections', token, { about, text })
  const { objections: [first] } = await call('GET', '/v1/me/record', token)
  await call('POST', `/v1/workers/${her.worker_id}/objections/${first.objection_id}/answer`, her.office, { outcome: 'upheld', reason: '已更新，谢谢您告诉我们。' })
  const at = (/** @type {number} */ days) => new Date(Date.now() + days * DAY).toISOString()
  const set = await call('PUT', '/v1/me/availability', token, { version: 0, leave: [{ from: at(5), until: at(7) }] })
  const workdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']
  await call('PUT', `/v1/workers/${her.worker_id}/availability`, desk.token, { version: set.version, leave: [{ from: at(10), until: at(11) }], hours: workdays.flatMap(day => [{ day, from: '08:00', until: '12:00' }, { day, from: '13:00', until: '18:00' }]) })
  return her
}

/** Another agency registers her: it wants to employ her. @param {City} city @param {{ token: string }} desk @param {Awaited<ReturnType<typeof hired>>} her */
export const wanted = (city, desk, { name, id_number, phone, skills, consent }) => city.call('POST', '/v1/workers', desk.token, { name, id_number, phone, skills, consent })
