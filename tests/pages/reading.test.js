// How times, money, orders and badges read, in both languages.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { codesOf } from '../../functions/pages/miniprogram/logic/codes.js'
import { cell, centre, map } from '../../functions/pages/miniprogram/logic/area.js'
import { countdown, day, distance, money, moment, span, visitTime, when } from '../../functions/pages/miniprogram/logic/format.js'
import { asked, reading, timelineReading } from '../../functions/pages/miniprogram/logic/order.js'
import { begun, firstDay, missing, orderOf, takenOver } from '../../functions/pages/miniprogram/logic/placing.js'
import { badgeReading, scanned } from '../../functions/pages/miniprogram/logic/record.js'
import { speak } from '../../functions/pages/miniprogram/logic/words.js'

const NOW = Date.parse('2026-11-30T15:30:00Z')

test('days are the city’s: half past eleven in the evening in UTC+8', () => {
  speak('zh')
  for (const [time, words] of [
    ['2026-11-30T15:59:00Z', '今天 23:59'], ['2026-11-30T16:00:00Z', '明天 00:00'], ['2026-11-29T15:59:59Z', '昨天 23:59'],
    ['2026-12-03T06:05:00Z', '12月3日 周四 14:05'], ['2027-01-01T00:00:00Z', '2027年1月1日 周五 08:00'],
  ]) assert.equal(when(time, NOW), words)
  assert.equal(visitTime('2026-12-01T06:00:00Z', 150, NOW), '明天 14:00–\u206016:30')
  assert.equal(Date.parse(moment('2026-12-01', '14:00')), Date.parse('2026-12-01T06:00:00Z'))
  speak('en')
  assert.equal(day('2026-12-03T06:05:00Z', NOW), 'Thu 3 Dec')
})

test('numbers read as people say them', () => {
  speak('zh')
  assert.deepEqual([0, 12000, 12050, 5].map(money), ['¥0', '¥120', '¥120.50', '¥0.05'])
  assert.deepEqual([30, 60, 150].map(minutes => span(minutes).replace(/\u00a0/g, ' ')), ['30 分钟', '1 小时', '2 小时 30 分钟'])
  assert.deepEqual([0, 1, 61_000, 3_725_000, -5].map(countdown), ['0:00', '0:01', '1:01', '1:02:05', '0:00'])
  assert.deepEqual([300, 1000, 1250, 20000].map(distance), ['300 米', '1 公里', '1.3 公里', '20 公里'])
})

test('an order reads by where it stands', () => {
  speak('zh')
  const order = /** @type {any} */ ({ status: 'open', settling: false, grab_deadline: new Date(NOW + 90_000).toISOString(), claim: null, epoch: 2, timeline: [
    { what: 'offered', by: 'platform', epoch: 1, asked: { agencies: 9, radius_m: 5000 } }, { what: 'offered', by: 'platform', epoch: 2, asked: { agencies: 1, radius_m: 10_000 } }] })
  assert.equal(reading(order, NOW).left, 90_000)
  assert.equal(reading(order, NOW + 90_000).left, null, 'the window is over, whatever was read')
  assert.equal(asked(order), '已询问 10 公里内的 1 家公司')
  assert.equal(asked({ ...order, epoch: 3 }), '正在通知附近的公司…', 'what another epoch came to says nothing of this one')
  assert.equal(timelineReading(order.timeline[0], order), '已通知 5 公里内的 9 家公司')
  for (const status of ['claimed', 'staffed', 'in_service', 'completed', 'rated', 'cancelled', 'unfilled']) {
    const { title } = reading({ ...order, status, claim: { agency_name: '好邻居' } }, NOW)
    assert.match(title, /^[^A-Za-z{]+$/, status)
  }
})

test('an order form says what is wrong with it, and takes over what came before', () => {
  speak('zh')
  const morning = Date.parse('2026-11-30T00:10:00Z')
  const form = { ...begun(morning, 'cooking'), address: ' ', name: '王', phone: '１３９ 1234-5678', budget: '十二' }
  assert.deepEqual([form.day, form.start], ['2026-11-30', '11:00'])
  assert.deepEqual(Object.keys(missing(form, morning)).filter(pointer => missing(form, morning)[pointer]), ['/location', '/address', '/budget_fen'])
  assert.ok(missing({ ...form, start: '08:30' }, morning)['/start_at'], 'in less than half an hour')
  assert.equal(begun(Date.parse('2026-11-30T13:00:00Z')).start, '09:00', 'nobody comes at night')
  for (const [now, first] of [['12:59', '今天'], ['13:00', '明天'], ['15:59', '明天'], ['16:00', '今天']]) {
    const at = Date.parse(`2026-11-30T${now}:00Z`)
    assert.equal(day(firstDay(at), at), first, `${now} in UTC`)
  }

  const location = /** @type {const} */ ({ lat: 45.75, lon: 126.64, datum: 'wgs84' })
  const before = /** @type {any} */ ({ status: 'rated', service: 'cleaning', duration_min: 180, wishes: ['windows', 'gone'], address: '中央大街 1 号', contact: { name: '王', phone: '13912345678' }, location, notes: null })
  const again = { ...form, ...takenOver(before), location, budget: '80.5' }
  const service = /** @type {any} */ ({ service: 'cleaning', tags: [{ tag: 'windows' }, { tag: 'pets' }] })
  assert.deepEqual(orderOf(again, service, 'ord_1'), {
    service: 'cleaning', start_at: '2026-11-30T11:00:00+08:00', duration_min: 180, address: '中央大街 1 号', location, contact: { name: '王', phone: '13912345678' }, notes: null,
    wishes: ['windows'], budget_fen: 8050, prefer: { order_id: 'ord_1' },
  })
  for (const typed of ['１２０', '120元', '¥120', '￥１２０．００', ' 120 ']) assert.equal(orderOf({ ...again, budget: typed }, service).budget_fen, 12000, typed)
  for (const typed of ['1,200', '1 200', '１，２００元']) assert.equal(orderOf({ ...again, budget: typed }, service).budget_fen, 120000, typed)
  for (const phone of ['＋８６ １３９１２３４５６７８', '+86-139-1234-5678', '139 1234 5678']) assert.equal(missing({ ...again, phone }, morning)['/contact/phone'], false, phone)
  for (const [budget, phone] of [['1,20', '139123456789'], ['¥', '12912345678']]) {
    const faults = missing({ ...again, budget, phone }, morning)
    assert.ok(faults['/budget_fen'] && faults['/contact/phone'], `${budget} ${phone}`)
  }
  // An order whose details are gone gives what is left of it.
  assert.deepEqual(takenOver({ ...before, address: null }), { service: 'cleaning', duration: '180', wishes: ['windows', 'gone'] })
})

test('only a clear record is green', () => {
  assert.equal(badgeReading('match', 'clear').tone, 'good')
  for (const standing of ['attention', 'unverified']) assert.notEqual(badgeReading('genuine', standing).tone, 'good')
  for (const result of ['mismatch', 'invalid', 'revoked', 'suspended', 'expired', 'not_cleared', 'no_worker_yet', 'something_new']) assert.notEqual(badgeReading(result, null).tone, 'good')
})

test('a badge is recognised however its digits come', () => {
  const digits = '7'.repeat(193)
  for (const text of [digits, ` ${digits} `, digits.replace(/(.{4})/g, '$1 '), `https://badge.example/b/${digits}`, digits.replace(/7/g, '７')]) assert.deepEqual(scanned(text), { kind: 'b', digits })
  assert.deepEqual(scanned(`http://127.0.0.1:8080/p/${'1'.repeat(70)}`), { kind: 'p', digits: '1'.repeat(70) })
  for (const text of ['', '1', `${digits}1`, 'javascript:alert(1)', `https://x/c/${digits}`]) assert.equal(scanned(text), null)
})

test('cells and places agree, and a map finds its way back', () => {
  const box = cell('yb4h0h')
  assert.ok(box.north - box.south < 0.006 && box.east - box.west < 0.012)
  const { lat, lon } = centre(box)
  assert.ok(Math.abs(lat - 45.7278) < 1e-4 && Math.abs(lon - 126.568) < 1e-4)
  const drawn = map(box, 360)
  const place = drawn.place(drawn.x(box.east), drawn.y(box.south))
  assert.ok(Math.abs(place.lat - box.south) < 1e-3 && Math.abs(place.lon - box.east) < 1e-3)
})

test('all words are in both languages, with the same gaps', async () => {
  const folder = new URL('../../functions/pages/miniprogram/logic/words/', import.meta.url)
  const gaps = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) || []).sort().join()
  let count = 0
  const check = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (Array.isArray(value) && value.length === 2 && value.every(part => typeof part === 'string')) {
      count++
      assert.match(value[0], /\p{Script=Han}|^(?:\{\w+\})+$|^English$|^Switch to English$/u, `${name} has no Chinese`)
      assert.ok(value[1].length > 0, `${name} has no English`)
      assert.equal(gaps(value[0]), gaps(value[1]), `${name} has other gaps`)
      assert.equal(value[0].split('|').length, value[1].split('|').length, `${name} lists other things`)
    } else if (value && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) check(`${name}.${key}`, inner)
    }
  }
  for (const file of readdirSync(folder)) check(file, await import(new URL(file, folder).href))
  assert.ok(count > 150)
})

test('Nobody is shown the code of who was logged in before', async () => {
  let subject = 'wkr_1'
  const now = Date.parse('2026-11-30T08:00:10Z')
  const api = /** @type {any} */ ({ now: () => now, subject: () => subject, call: async () => ({ items: [{ from: '2026-11-30T08:00:00Z', digits: '12345' }] }) })
  const codes = codesOf(api)
  await codes.more()
  assert.equal(codes.present()?.code.digits, '12345')
  subject = 'wkr_2'
  assert.equal(codes.present(), null)
})
