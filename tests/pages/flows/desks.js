// Desks, and what has happened before one is looked at: claims, visits that are over, agencies of a test's own.

import { HOME, city, placed, url, watched } from './watched.js'
import { creditCode } from '../numbers.js'
import { keyEntered } from './steps.js'

/** A name that nobody else has. */
export const named = what => what + Array.from({ length: 4 }, () => '甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳'[Math.floor(Math.random() * 16)]).join('')

const key = ({ access_key, secret }) => ({ access_key, secret })

/** A session, for what happens elsewhere. */
export async function session(agency, kind = 'agency') {
  const { token, subject } = await city.call('POST', `/v1/sessions/${kind}`, null, key(agency))
  return { name: agency.name, token, agency_id: subject }
}
export const office = async () => (await session(city.demo.authority, 'authority')).token

/** A desk in a browser, with somebody logged in. Refusals belong to grabbing: somebody is always too late. */
export async function deskOf(agency, { before = async () => {}, ...how } = {}) {
  const desk = await watched({ width: 1440, refused: true, ...how })
  await before(desk.page)
  await desk.page.goto(`${url}/desk`)
  await keyEntered(desk.page, agency)
  await desk.page.getByRole('heading', { name: /可抢 \d+ 单/ }).waitFor()
  return desk
}

/** Goes to a screen of the desk. */
export async function to(page, address) {
  await page.evaluate(address => { location.hash = address }, `#/${address}`)
  await page.waitForFunction(() => document.querySelector('main > *') && !document.querySelector('.skeleton'))
}

/** Waits until this holds of the platform. @param {() => Promise<any>} holds */
export async function until(holds, what = 'it never holds') {
  for (let left = 60; left > 0; left--) {
    if (await holds()) return
    await new Promise(resolve => { setTimeout(resolve, 250) })
  }
  throw new Error(what)
}

/** An order that this desk has grabbed. */
export async function claimed(desk, token, given = {}) {
  const { order_id } = await placed(token, given)
  await city.grab(order_id, [desk])
  return order_id
}

/** A visit of this desk's that is over. */
export async function visited(desk, token, given = {}) {
  const order_id = await claimed(desk, token, given)
  const { badge } = await city.staff(desk, order_id)
  await city.call('POST', `/v1/orders/${order_id}/badge-check`, token, { token: badge.token })
  await city.call('POST', `/v1/orders/${order_id}/complete`, token)
  return order_id
}

/** An agency that waits for its review, with the key of its owner. */
export async function registered(name, location = HOME) {
  const given = await city.call('POST', '/v1/agencies', null, {
    name, uscc: creditCode(), responsible_person: '李雷', phone: '13845678901', services: ['cleaning', 'cooking'], stores: [{ name: '一店', address: '中央大街 100 号', location: { ...location, datum: 'wgs84' } }],
  })
  return { ...given, name }
}

/** Has the authority decide on an agency as it is, or on a store of it. */
export async function decided(agency_id, decision, reason, store_id = null) {
  const token = await office()
  const agency = await city.call('GET', `/v1/agencies/${agency_id}`, token)
  const of = store_id ? agency.stores.find(store => store.store_id === store_id) : agency
  await city.call('POST', `/v1/agencies/${agency_id}${store_id ? `/stores/${store_id}` : ''}/reviews`, token, { decision, reason, version: of.version })
}
