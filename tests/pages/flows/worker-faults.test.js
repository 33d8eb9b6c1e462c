// The network and the platform fail in the middle of a worker's forms: nothing is lost, nothing is done twice, and she is told.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../host/host.js'
import { hired } from '../workers.js'
import { city, closed, codeOf, url, watched } from './watched.js'
import { refusal, busy, tooMany, loggedOut, lost, gone, UNKNOWN, WAIT } from './mishaps.js'

let host
before(async () => { host = await serve(url) })
after(async () => {
  host.close()
  await closed()
})

/** By name: what the first requests meet, and what she is told before she tries again, if she has to. */
const FAULTS = [
  ['the answer is lost once', [lost], null],
  ['503 for a minute', [busy], UNKNOWN],
  ['429 for a minute', [tooMany], WAIT],
  ['401 in the middle', [loggedOut], null],
]
/** Seconds go by in these, and no form has anything of its own to do with them: one form meets them. */
const LONG = [
  ['no answer comes, three times', [lost, lost, lost], UNKNOWN],
  ['the network is gone', [gone, gone, gone], UNKNOWN],
  ['503 for a second', [refusal(503, 'unavailable', { 'retry-after': '1' })], null],
]

const record = async her => city.call('GET', '/v1/me/record', await her.token())
const chain = async (her, kind) => (await city.call('GET', '/v1/me/trace?limit=100', await her.token())).items.filter(({ event }) => event.kind === kind).length

/**
 * Her forms: `at` which address, what is pressed to `open` it, what is filled in and still there after a fault, what sends it, and
 * where; `seen` when it is done, and how often that is so.
 */
const FORMS = [
  {
    name: 'an objection', at: 'record/object', mini: 'worker-record/worker-record', button: '提交异议', sends: 'POST **/v1/me/objections', field: '哪里不对', text: '健康证九月换新了。', seen: '等待答复',
    faults: [...FAULTS, ...LONG],
    count: async her => (await record(her)).objections.length,
  },
  {
    name: 'leave', at: 'me/leave', mini: 'worker-leave/worker-leave', button: '登记请假', sends: 'PUT **/v1/me/availability', seen: '自己登记',
    count: async her => (await city.call('GET', '/v1/me/availability', await her.token())).leave.length,
  },
  {
    name: 'withdrawing consent', at: 'me', open: '撤回授权', button: '撤回授权', sends: 'POST **/v1/me/consent/withdraw', seen: '您已撤回授权，现在不能接单',
    count: her => chain(her, 'consent_withdrawn'),
  },
  {
    name: 'consenting again', at: 'me', open: '同意授权', button: '同意授权', sends: 'POST **/v1/me/consent', seen: '今天同意',
    prepare: async her => city.call('POST', '/v1/me/consent/withdraw', await her.token()),
    // Her session is not renewed while she is suspended: she logs in again, which is a case of its own.
    faults: FAULTS.filter(([name]) => name !== '401 in the middle'),
    count: async her => await chain(her, 'consent_given') - 1,
  },
  {
    name: 'leaving her agency', at: 'me', open: '离开现在的公司', button: '确定离开', sends: 'POST **/v1/me/leave-agency', field: '原因', text: '回老家', seen: '现在不属于任何公司',
    count: her => chain(her, 'employer_changed'),
  },
  {
    name: 'erasing', at: 'me', mini: 'worker-data/worker-data', open: '删除我的个人信息', button: '确定删除', sends: 'POST **/v1/me/erase', field: '原因', text: '回老家', seen: /您的个人信息将在.+删除/,
    count: her => chain(her, 'erasure_requested'),
  },
]

/** Has requests like this meet these faults, one after the other. */
async function meeting(page, sends, faults) {
  const [method, pattern] = sends.split(' ')
  const left = [...faults]
  await page.route(pattern, route => {
    const fault = route.request().method() === method && left.shift()
    return fault ? fault(route) : route.fallback()
  })
  return left
}

/** A worker of her own for each time, logged in: what she does about her data she does once. */
async function atWork(page, form) {
  const her = await hired(city, city.desks[0], '于试网', { canVisit: false })
  // Whoever was here before is forgotten, before a page renews her session.
  await page.evaluate(() => localStorage.removeItem('loggedIn.worker')).catch(() => {})
  await page.context().clearCookies()
  await page.goto(`${url}/worker`)
  await page.getByLabel('手机号').waitFor()
  await page.evaluate(async code => {
    await fetch('/v1/sessions/worker', { method: 'POST', headers: { 'content-type': 'application/json', 'x-requested-with': 'homehail' }, body: JSON.stringify({ code, cookie: true }) })
    localStorage.setItem('loggedIn.worker', 'yes')
  }, her.code)
  await page.goto(`${url}/worker#/${form.at}`)
  await page.reload()
  if (form.prepare) {
    await form.prepare(her)
    await page.getByRole('link', { name: '诚信' }).click()
    await page.getByRole('link', { name: '我的', exact: true }).click()
  }
  if (form.open) await page.getByRole('button', { name: form.open }).click()
  if (form.field) await page.getByLabel(form.field).fill(form.text)
  await sender(page, form).waitFor()
  return her
}

/** The button that sends the form, which is another one while it is not known what has become of it. */
const sender = (page, form) => page.locator('form button[type=submit]').filter({ hasText: new RegExp(`^(再试一次|${form.button})$`) })

async function seen(page, form, her) {
  await page.getByText(form.seen).first().waitFor()
  assert.equal(await form.count(her), 1)
}

for (const form of FORMS) {
  test(`Whatever ${form.name} meets`, async t => {
    const me = await watched({ refused: true })
    const { page } = me
    for (const [name, faults, told] of form.faults || FAULTS) {
      await t.test(name, async () => {
        const her = await atWork(page, form)
        const left = await meeting(page, form.sends, faults)
        await sender(page, form).click()
        if (told) {
          await page.getByRole('alert').getByText(told).waitFor()
          if (form.field) assert.equal(await page.getByLabel(form.field).inputValue(), form.text)
          await sender(page, form).click()
        }
        await seen(page, form, her)
        assert.equal(left.length, 0, 'all of it was met')
        await page.unrouteAll({ behavior: 'wait' })
      })
    }

    await t.test('offline when it is sent, and back by itself', async () => {
      const her = await atWork(page, form)
      await me.context.setOffline(true)
      await page.getByText('网络已断开').waitFor()
      await sender(page, form).click()
      await page.getByRole('alert').getByText(UNKNOWN).waitFor()
      await me.context.setOffline(false)
      await seen(page, form, her)
    })

    await t.test('logged out by the platform: the form is there again after the login', async () => {
      const her = await atWork(page, form)
      let isOver = true
      const over = route => isOver ? loggedOut(route) : route.fallback()
      await meeting(page, form.sends, [loggedOut])
      await page.route('**/v1/sessions/refresh', over)
      await sender(page, form).click()
      await page.getByRole('button', { name: '获取验证码' }).waitFor()
      isOver = false
      await page.getByLabel('手机号').fill(her.phone)
      await page.getByRole('button', { name: '获取验证码' }).click()
      await page.getByText('验证码已发到').waitFor()
      await page.getByLabel('验证码').fill(await codeOf(her.phone))
      await page.getByRole('button', { name: '登录', exact: true }).click()
      if (form.field) await page.waitForFunction(text => [...document.querySelectorAll('input, textarea')].some(field => field.value === text), form.text)
      await sender(page, form).click()
      await seen(page, form, her)
      await page.unrouteAll({ behavior: 'wait' })
    })
    await me.leave()
  })
}

for (const form of FORMS.filter(form => form.mini)) {
  test(`In the mini-program, whatever ${form.name} meets`, async t => {
    const me = await watched({ refused: true })
    const { page } = me
    // WeChat's own question stands for a dialog of the page's.
    const field = form.open ? null : form.field
    const send = page.getByRole('button', { name: new RegExp(`^(再试一次|${form.open || form.button})$`) })
    const logIn = () => page.getByRole('button', { name: '用微信手机号登录' }).click()
    const begun = async () => {
      const her = await hired(city, city.desks[0], '于小程', { canVisit: false })
      await page.goto(host.url)
      await page.evaluate(() => localStorage.clear())
      await page.reload()
      await page.getByRole('button', { name: '我的' }).click()
      await page.evaluate(code => { globalThis.wxAnswers.getPhoneNumber = { code } }, her.code)
      await page.getByRole('button', { name: '我是服务员' }).click()
      await logIn()
      await page.getByRole('button', { name: '出示动态码' }).waitFor()
      await page.evaluate(path => globalThis.mini.open(`/pages/${path}`), form.mini)
      await send.waitFor()
      if (field) await page.getByLabel(field).fill(form.text)
      return her
    }

    for (const [name, faults, told] of form.faults || FAULTS) {
      await t.test(name, async () => {
        const her = await begun()
        const left = await meeting(page, form.sends, faults)
        await send.click()
        if (told) {
          await page.getByText(told).waitFor()
          if (field) assert.equal(await page.getByLabel(field).inputValue(), form.text)
          await send.click()
        }
        await seen(page, form, her)
        assert.equal(left.length, 0, 'all of it was met')
        await page.unrouteAll({ behavior: 'wait' })
      })
    }

    await t.test('offline when it is sent, and back by itself', async () => {
      const her = await begun()
      await me.context.setOffline(true)
      await send.click()
      await page.getByText(UNKNOWN).waitFor()
      await me.context.setOffline(false)
      await seen(page, form, her)
    })

    await t.test('logged out by the platform: the form is there again after the login', async () => {
      const her = await begun()
      let isOver = true
      await meeting(page, form.sends, [loggedOut])
      await page.route('**/v1/sessions/refresh', route => isOver ? loggedOut(route) : route.fallback())
      await send.click()
      await page.getByRole('button', { name: '用微信手机号登录' }).waitFor()
      isOver = false
      await logIn()
      await send.waitFor()
      if (field) assert.equal(await page.getByLabel(field).inputValue(), form.text)
      await send.click()
      await seen(page, form, her)
      await page.unrouteAll({ behavior: 'wait' })
    })
    await me.leave({ mayStore: true })
  })
}

test('Whatever the login meets', async t => {
  const her = await hired(city, city.desks[0], '于登录', { canVisit: false })
  const me = await watched({ refused: true })
  const { page } = me
  const ask = page.getByRole('button', { name: '获取验证码' })
  const enter = page.getByRole('button', { name: '登录', exact: true })
  const fresh = async () => {
    await page.evaluate(() => localStorage.removeItem('loggedIn.worker')).catch(() => {})
    await page.goto(`${url}/worker`)
    await page.reload()
    await page.getByLabel('手机号').fill(her.phone)
  }
  const isIn = async () => {
    await page.getByText('还没有安排').waitFor()
    await page.unrouteAll({ behavior: 'wait' })
  }

  await t.test('a code that was sent all the same is taken', async () => {
    await fresh()
    await meeting(page, 'POST **/v1/sessions/phone-code', [lost])
    await ask.click()
    await page.getByText('不知道验证码有没有发到').waitFor()
    await page.getByLabel('验证码').fill(await codeOf(her.phone))
    await enter.click()
    await isIn()
  })

  for (const [name, fault] of [['the network is gone', gone], ['503', busy]]) {
    await t.test(`${name} when a code is asked for: another one can be`, async () => {
      await fresh()
      await meeting(page, 'POST **/v1/sessions/phone-code', [fault])
      await ask.click()
      await page.getByText('不知道验证码有没有发到').waitFor()
      await ask.click()
      await page.getByText('验证码已发到').waitFor()
      await page.getByLabel('验证码').fill(await codeOf(her.phone))
      await enter.click()
      await isIn()
    })
  }

  await t.test('429 when a code is asked for, first and again: she is told how long to wait', async () => {
    await fresh()
    await meeting(page, 'POST **/v1/sessions/phone-code', [refusal(429, 'rate-limited', { 'retry-after': '42' }), gone, refusal(429, 'rate-limited', { 'retry-after': '41' })])
    await ask.click()
    await page.getByText('请等 42 秒再试').waitFor()
    await ask.click()
    await page.getByText('不知道验证码有没有发到').waitFor()
    await page.getByLabel('验证码').fill('123')
    await ask.click()
    await page.getByText('请等 41 秒再试').waitFor()
    assert.equal(await page.getByLabel('验证码').inputValue(), '123')
    await page.unrouteAll({ behavior: 'wait' })
  })

  await t.test('the login does not arrive: the same code lets her in', async () => {
    await fresh()
    await ask.click()
    await page.getByText('验证码已发到').waitFor()
    await page.getByLabel('验证码').fill(await codeOf(her.phone))
    await meeting(page, 'POST **/v1/sessions/phone', [gone])
    await enter.click()
    await page.getByRole('alert').getByText(UNKNOWN).waitFor()
    await page.getByRole('button', { name: '再试一次' }).click()
    await isIn()
  })

  await t.test('the answer to the login is lost: the code is used up, and another one lets her in', async () => {
    await page.clock.install()
    await fresh()
    await ask.click()
    await page.getByText('验证码已发到').waitFor()
    await page.getByLabel('验证码').fill(await codeOf(her.phone))
    await meeting(page, 'POST **/v1/sessions/phone', [lost])
    await enter.click()
    await page.getByRole('alert').getByText(UNKNOWN).waitFor()
    await page.getByRole('button', { name: '再试一次' }).click()
    await page.getByText('或者已经用过').waitFor()
    await page.clock.runFor(60_000)
    await ask.click()
    await page.getByText(/^5[89] 秒后可以重新获取|^60 秒后可以重新获取/).waitFor()
    await page.getByLabel('验证码').fill(await codeOf(her.phone))
    await enter.click()
    await isIn()
  })

  await t.test('full-width digits are digits', async () => {
    await fresh()
    await ask.click()
    await page.getByText('验证码已发到').waitFor()
    const code = await codeOf(her.phone)
    await page.getByLabel('验证码').fill(code.replace(/\d/g, digit => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)))
    await enter.click()
    await isIn()
  })
  await me.leave()
})
