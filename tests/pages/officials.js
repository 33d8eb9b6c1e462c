// What stands around the worker's and the authority's pages: something of each kind that waits for a decision, and visits of a
// demo worker.

import { randomInt } from 'node:crypto'
import { creditCode, idNumber } from './numbers.js'

/** @typedef {Awaited<ReturnType<typeof import('./platform.js').platform>>} City */

const HOUR = 3_600_000
/** Near the demo's agencies, WGS-84. */
const PLACE = { lat: 45.757, lon: 126.642, datum: 'wgs84' }
const PURPOSE = encodeURIComponent('测试')
const PAPER = Buffer.from('%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')

/** Makes what waits, each time another one. @param {City} city */
export async function officials(city) {
  const { base, call, demo } = city
  const session = async (/** @type {string} */ kind, /** @type {unknown} */ body) => (await call('POST', `/v1/sessions/${kind}`, null, body)).token
  const office = await session('authority', { access_key: demo.authority.access_key, secret: demo.authority.secret })
  const customer = await session('customer', { code: demo.customers[0].code })
  const send = async (/** @type {string} */ path, /** @type {string} */ token, /** @type {string} */ type, /** @type {any} */ body) => {
    const answer = await fetch(base + path, { method: 'PUT', headers: { authorization: `Bearer ${token}`, 'content-type': type }, body })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  const ordered = async (/** @type {number} */ ahead) => (await call('POST', '/v1/orders', customer, {
    service: 'cleaning', start_at: new Date(Date.now() + ahead).toISOString(), duration_min: 120, address: '群力第五大道 12 号 3 单元 1402', location: PLACE, contact: { name: '王小明', phone: '13912345678' },
  })).order_id
  return {
    office,
    customer,
    session,
    send,

    /** Somebody of the authority, with what they log in by. @param {'supervisor' | 'reviewer' | 'auditor'} role */
    member: role => call('POST', '/v1/members', office, { name: `${{ supervisor: '关主管', reviewer: '沈审核', auditor: '杜督查' }[role]}${named()}`, role }),

    /** An agency with its licence, which waits. @returns {Promise<{ agency_id: string, name: string, uscc: string, token: string }>} */
    async agency() {
      const name = `哈尔滨${named()}家政服务有限公司`
      const made = await call('POST', '/v1/agencies', null, { name, uscc: creditCode(), responsible_person: '李雷', phone: phone(), services: ['cleaning'], stores: [{ name: `${named()}店`, address: '中央大街 100 号', location: PLACE }] })
      const token = await session('agency', { access_key: made.access_key, secret: made.secret })
      await send('/v1/papers/business_licence', token, 'application/pdf', PAPER)
      return { ...await call('GET', `/v1/agencies/${made.agency_id}`, office), token }
    },

    /** An approved agency's desk, by a credential that the authority gives. @param {string} agency_id */
    async desk(agency_id) {
      const { access_key, secret } = await call('POST', `/v1/agencies/${agency_id}/credentials`, office, { name: '截图' })
      return session('agency', { access_key, secret })
    },

    /** A worker who waits. @param {string} desk @param {string} [service] */
    worker: (desk, service = 'cleaning') => call('POST', '/v1/workers', desk, { name: `孙${named()}`, id_number: idNumber(), phone: phone(), skills: [service], consent: { text_version: '2026-01', given_at: new Date(Date.now() - 60_000).toISOString() } }),

    /** A worker who may work, with a badge, of whom no source has said anything. @param {string} desk */
    async worn(desk) {
      const { worker_id } = await this.worker(desk)
      const { worker } = await call('GET', '/v1/me/record', await session('worker', { code: demo.workers[0].code }))
      const photo = await fetch(`${base}/v1/workers/${worker.worker_id}/photo?purpose=${PURPOSE}`, { headers: { authorization: `Bearer ${office}` } })
      await send(`/v1/workers/${worker_id}/photo`, desk, 'image/jpeg', await photo.arrayBuffer())
      const { version } = await call('GET', `/v1/workers/${worker_id}?purpose=${PURPOSE}`, office)
      await call('POST', `/v1/workers/${worker_id}/reviews`, office, { decision: 'approve', reason: '材料齐全', version })
      return { worker_id, badge: await call('POST', `/v1/workers/${worker_id}/badges`, desk, {}) }
    },

    /** What a customer holds against an agency that had the order, with the agency's answer. */
    async complaint() {
      const order_id = await ordered(30 * HOUR)
      const { token } = await city.grab(order_id)
      await call('POST', `/v1/orders/${order_id}/cancel`, customer, { reason: '不需要了' })
      const detail = `说好九点到，${named()}一直没有消息。`
      const { complaint_id } = await call('POST', `/v1/orders/${order_id}/complaints`, customer, { about: 'conduct', detail })
      await call('POST', `/v1/complaints/${complaint_id}/answer`, token, { text: '当天堵车，已经道歉。' })
      return { complaint_id, order_id, detail }
    },

    /** An order that nobody grabs before its window closes, which is when its visit is near: the platform assigns it. */
    async assigned() {
      const order_id = await ordered(603_000)
      for (let attempt = 0; attempt < 60; attempt++) {
        const { explanation } = await call('GET', `/v1/orders/${order_id}`, office)
        if (explanation) return order_id
        await new Promise(resolve => { setTimeout(resolve, 500) })
      }
      throw new Error('the order was not settled')
    },

    /** What happened to a worker, of one kind. @param {string} worker_id @param {string} kind */
    async events(worker_id, kind) {
      const { items } = await call('GET', `/v1/workers/${worker_id}/trace?limit=100&purpose=${PURPOSE}`, office)
      return items.filter((/** @type {any} */ item) => item.event.kind === kind)
    },
  }
}

/** @type {ReturnType<typeof prepare> | null} */
let prepared = null

/** Once a run, however many pictures are taken. @param {City} city */
export const around = city => (prepared = prepared || prepare(city))

/** @param {City} city */
async function prepare(city) {
  const { base, call, demo } = city
  const they = await officials(city)
  const { office, customer } = they
  const [her] = demo.workers
  const token = await they.session('worker', { code: her.code })
  const { worker, employer } = await call('GET', '/v1/me/record', token)
  const agency = await call('GET', `/v1/agencies/${employer.agency_id}`, office)
  const store = agency.stores.find((/** @type {any} */ one) => one.location)
  const desk = await they.desk(agency.agency_id)

  const badge = await call('POST', `/v1/workers/${worker.worker_id}/badges`, desk, {})
  const done = await visit(1.5)
  await call('POST', `/v1/orders/${done}/badge-check`, customer, { token: badge.token })
  await call('POST', `/v1/orders/${done}/complete`, customer)
  await call('POST', `/v1/orders/${done}/rating`, customer, { stars: 4, comment: '擦得很干净，人也和气。' })
  const { complaint_id } = await call('POST', `/v1/orders/${done}/complaints`, customer, { about: 'price', detail: '说好 120 元，到了要加 30 元。<b>请查一查</b>' })
  await call('POST', `/v1/complaints/${complaint_id}/answer`, desk, { text: '临时加了擦窗，愿意退回。' })
  await visit(26)

  await call('PATCH', `/v1/agencies/${agency.agency_id}`, desk, { name: agency.name.replace('服务', ''), phone: '13904510009' })
  await call('PATCH', `/v1/agencies/${agency.agency_id}/stores/${store.store_id}`, desk, { address: '建设街 55 号', location: { ...store.location, lat: store.location.lat + 0.004, lon: store.location.lon + 0.006 } })
  const added = await they.worker(desk, worker.skills[0])
  const photo = await (await fetch(`${base}/v1/workers/${worker.worker_id}/photo`, { headers: { authorization: `Bearer ${desk}` } })).arrayBuffer()
  await they.send(`/v1/workers/${added.worker_id}/photo`, desk, 'image/jpeg', photo)
  await call('PATCH', `/v1/workers/${worker.worker_id}`, desk, { name: `${worker.name}霞` })
  await call('POST', '/v1/me/objections', token, { about: 'health_certificate', text: '健康证九月已经换新的了。' })
  await they.agency()
  const worn = await they.worn(desk)
  const upheld = await they.complaint()
  await call('POST', `/v1/complaints/${upheld.complaint_id}/decision`, office, { decision: 'upheld', reason: '公司承认没有按时到' })
  const leaving = await they.session('worker', { code: demo.workers[1].code })
  await call('POST', '/v1/me/erase', leaving)
  return { ...they, her, worker_id: worker.worker_id, worn: worn.worker_id, agency, desk, badge: worn.badge, orderId: done, assigned: await they.assigned(), auditor: await they.member('auditor') }

  /** A visit of hers, so many hours ahead. @param {number} hours @returns {Promise<string>} */
  async function visit(hours) {
    const { order_id: id } = await call('POST', '/v1/orders', customer, {
      service: worker.skills[0], start_at: new Date(Date.now() + hours * HOUR).toISOString(), duration_min: 120, address: '群力第五大道 12 号 3 单元 1402',
      location: store.location, contact: { name: '王小明', phone: '13912345678' }, notes: '门铃坏了，请打电话', budget_fen: 12000,
    })
    for (let attempt = 0; attempt < 40; attempt++) {
      const { items } = await call('GET', '/v1/offers/open', desk)
      const offer = items.find((/** @type {any} */ item) => item.order_id === id)
      if (offer) {
        await call('POST', `/v1/orders/${id}/grab`, desk, { claim_token: offer.claim_token })
        await call('POST', `/v1/orders/${id}/staff`, desk, { worker_id: worker.worker_id })
        return id
      }
      await new Promise(resolve => { setTimeout(resolve, 250) })
    }
    throw new Error('her agency was not offered the order')
  }
}

/** Two characters that tell one from another. */
const named = () => Array.from({ length: 2 }, () => String.fromCharCode(0x4e00 + randomInt(0x1000))).join('')

const phone = () => `139${randomInt(1e8).toString().padStart(8, '0')}`
