// The authority's queue.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { city, closed, url, watched } from './watched.js'
import { idNumber } from '../numbers.js'
import { keyEntered, tabbed } from './steps.js'

after(closed)

test('A reviewer approves a worker by the keyboard alone, and her agency sees it', async () => {
  const sequence = Math.floor(Math.random() * 1000)
  const [{ token }] = city.desks
  const { worker_id } = await city.call('POST', '/v1/workers', token, {
    name: '鲁待审', id_number: idNumber(), phone: `1397777${String(1000 + sequence)}`, skills: ['cleaning'], consent: { text_version: '2026-01', given_at: new Date(Date.now() - 60_000).toISOString() },
  })
  const { token: office } = await city.call('POST', '/v1/sessions/authority', null, city.demo.authority)
  const me = await watched({ width: 1440 })
  const { page } = me
  await page.goto(`${url}/authority`)
  await me.screen('authority login')
  await keyEntered(page, city.demo.authority)
  await page.getByRole('button', { name: '服务员' }).waitFor()
  await me.screen('review queue')
  // The queue looks for more by itself, but not every second.
  for (let left = 20; left > 0 && !(await city.call('GET', '/v1/reviews?kind=worker', office)).items.length; left--) await page.waitForTimeout(500)
  await tabbed(page, '服务员')
  await page.keyboard.press('Enter')
  // The list masks names: who looks closer says why.
  await page.getByRole('link', { name: /^鲁\*/ }).first().waitFor()
  await tabbed(page, '鲁*')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: '批准' }).waitFor()
  await me.screen('review of a worker')
  await tabbed(page, '批准')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.waitForFunction(() => document.activeElement?.matches('dialog [name=reason]'))
  await me.screen('decision')
  await tabbed(page, '批准')
  await page.keyboard.press('Enter')
  await page.getByText('已批准').first().waitFor()
  assert.equal((await city.call('GET', `/v1/workers/${worker_id}`, token)).status, 'approved')
  await me.leave()
})
