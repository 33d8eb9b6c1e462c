// What stands around the worker's and the authority's pages: visits of a demo worker, and something of each kind that waits for
// a decision.

import { randomInt } from 'node:crypto'

/** @typedef {Awaited<ReturnType<typeof import('./platform.js').platform>>} City */

/** @type {ReturnType<typeof prepare> | null} */
let prepared = null

/** Once a run, however many pictures are taken. @param {City} city */
export const around = city => (prepared = prepared || prepare(city))

/** @param {City} city */
async function prepare({ base, call, demo }) {
  const session = async (/** @type {string} */ kind, /** @type {unknown} */ body) => (await call('POST', `/v1/sessions/${kind}`, null, body)).token
  const authority = await session('authority', { access_key: demo.authority.access_key, secret: demo.authority.secret })
  const [her] = demo.workers
  const token = await session('worker', { code: her.code })
  const { worker, employer } = await call('GET', '/v1/me/record', token)
  const agency = await call('GET', `/v1/agencies/${employer.agency_id}`, authority)
  const store = agency.stores.find((/** @type {any} */ one) => one.location)
  const { access_key, secret } = await call('POST', `/v1/agencies/${agency.agency_id}/credentials`, authority, { name: '截图' })
  const desk = await session('agency', { access_key, secret })
  const customer = await session('customer', { code: demo.customers[0].code })

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
  const consent = { text_version: '2026-01', given_at: new Date().toISOString() }
  const added = await call('POST', '/v1/workers', desk, { name: '孙丽华', id_number: idNumber(), phone: `139${randomInt(1e8).toString().padStart(8, '0')}`, skills: worker.skills.slice(0, 1), consent })
  const photo = await fetch(`${base}/v1/workers/${worker.worker_id}/photo`, { headers: { authorization: `Bearer ${desk}` } })
  await fetch(`${base}/v1/workers/${added.worker_id}/photo`, { method: 'PUT', headers: { authorization: `Bearer ${desk}`, 'content-type': 'image/jpeg' }, body: await photo.arrayBuffer() })
  await call('PATCH', `/v1/workers/${worker.worker_id}`, desk, { name: `${worker.name}霞` })
  await call('POST', '/v1/me/objections', token, { about: 'health_certificate', text: '健康证九月已经换新的了。' })
  return { her, agency, orderId: done }

  /** A visit of hers, so many hours ahead. @param {number} hours @returns {Promise<string>} */
  async function visit(hours) {
    const { order_id: id } = await call('POST', '/v1/orders', customer, {
      service: worker.skills[0], start_at: new Date(Date.now() + hours * 3_600_000).toISOString(), duration_min: 120, address: '群力第五大道 12 号 3 单元 1402',
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

/** A resident's ID number with its check character, by GB 11643. */
function idNumber() {
  const digits = `2301021985${String(randomInt(1, 13)).padStart(2, '0')}${String(randomInt(1, 29)).padStart(2, '0')}${String(randomInt(1000)).padStart(3, '0')}`
  const sum = [...digits].reduce((sum, digit, at) => sum + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][at], 0)
  return digits + '10X98765432'[sum % 11]
}
