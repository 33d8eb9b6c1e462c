// How a worker's chain of events reads, and that nothing that the contract knows goes without words.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { aboutName, actorName, eventReading, sourceName } from '../../functions/pages/miniprogram/logic/history.js'
import { masked } from '../../functions/pages/miniprogram/logic/format.js'
import { speak } from '../../functions/pages/miniprogram/logic/words.js'
import { deeds, exclusions, feedStatuses } from '../../functions/pages/miniprogram/logic/words/authority.js'
import { events } from '../../functions/pages/miniprogram/logic/words/history.js'
import { weekdays } from '../../functions/pages/miniprogram/logic/words/contract.js'
import { losses } from '../../functions/pages/miniprogram/logic/words/worker.js'

const NOW = Date.parse('2026-11-30T02:00:00Z')
const contract = readFileSync(new URL('../../infra/openapi.yaml', import.meta.url), 'utf8')

/** The values of the first list of the contract after these words. @param {string} words */
const listed = words => /enum: \[([^\]]+)\]/.exec(contract.slice(contract.indexOf(words)))?.[1].split(', ').filter(value => value !== 'null') || []

test('every value of the contract’s lists has words', () => {
  for (const [table, words] of /** @type {const} */ ([[events, '    ChainEvent:'], [exclusions, '    Exclusions:'], [losses, '        lost: {'], [weekdays, '    Hours:'], [feedStatuses, '    FeedStatus:']])) {
    const values = listed(words)
    assert.ok(values.length > 2, words)
    for (const value of values) assert.ok(value in table, `${words} ${value}`)
  }
  for (const what of ['agency_reviewed', 'store_reviewed', 'member_added', 'member_changed', 'credential_added', 'credential_withdrawn', 'complaint_decided']) {
    assert.ok(contract.includes(`\`${what}\``) && what in deeds, what)
  }
})

test('events say what they are about, and none says an id', () => {
  speak('zh')
  const reading = (/** @type {string} */ kind, /** @type {any} */ payload) => eventReading(/** @type {any} */ ({ event: { kind }, payload }), NOW)
  for (const [kind, payload, lines] of /** @type {[string, any, string[]][]} */ ([
    ['reviewed', { about: 'employment', agency: 'agy_1', decision: 'approve', reason: '材料齐全' }, ['换公司 · 批准', '理由：材料齐全']],
    ['correction', { about: 'objection', objection: 'evt_1', outcome: 'upheld', reason: '已更正' }, ['异议成立', '理由：已更正']],
    ['complaint', { about: 'health_certificate', text: '<b>不对</b>' }, ['异议（健康证）：<b>不对</b>']],
    ['section_result', { source: 'harbin-commerce-bureau', section: 'identity', state: 'clear' }, ['身份核验正常', '主管部门']],
    ['feed_applied', { source: 'x', sections: [{ section: 'identity', state: 'clear' }, { section: 'dishonesty', state: 'flagged' }] }, ['2 项：身份核验正常，失信名单有异常']],
    ['correction', { agency: 'agy_1', changes: { name: '新名', phone: null, skills: null, experience: null }, proposed: true }, ['提出更改姓名，待审核']],
    ['badge_issued', { badge: 'bdg_1', expires_at: '2027-11-29T16:00:00Z' }, ['有效到2027年11月29日 周一']],
    ['registered', { agency: 'agy_1', skills: [] }, []],
    ['registered', null, ['内容已随个人信息删除，这一条仍可验证']],
  ])) assert.deepEqual(reading(kind, payload).lines, lines, kind)
  assert.deepEqual(['agy_1', 'aut_harbin', 'wkr_1', 'customer', 'feed:x', 'platform'].map(actorName), ['家政公司', '主管部门', '本人', '客户', '信息来源', '平台'])
  assert.deepEqual([aboutName('identity'), aboutName('7'), sourceName(null), sourceName('agency'), sourceName('harbin-commerce-bureau')], ['身份核验', '第 7 条', '', '所属公司', '主管部门'])
  assert.equal(masked('2****************9'), '2 •••• 9')
})
