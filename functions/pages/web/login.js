// How people log in: by a code on their phone, or by a member's key. A local run offers accounts to try.

import { Problem } from '../miniprogram/logic/api.js'
import { phoneText, plain } from '../miniprogram/logic/format.js'
import { controls } from '../miniprogram/logic/words/controls.js'
import { login as W } from '../miniprogram/logic/words/login.js'
import { formOf, isPhone } from './form.js'
import { button, card, h, say, told } from './parts.js'
import { canLogIn, leaveToLogIn } from './wechat.js'

/** @typedef {(app: App, done: () => void, hint: any) => () => Child} Login */
/** What a local run serves at `/demo/credentials`, and nothing else does.
 * @typedef {{ customers: { code: string }[], authority: Key, agencies: (Key & { name: string })[], workers: { name: string, code: string }[] }} Demo */
/** @typedef {{ access_key: string, secret: string }} Key */

/** Logs customers or workers in by a code that is sent to their phone. @param {'customer' | 'worker'} kind @returns {Login} */
export const phoneLogin = kind => (app, done, hint) => {
  let isSent = false
  let isUnsure = false
  let until = 0
  const demo = demonstration(app)
  const form = formOf(app, { phone: String(hint?.phone || ''), code: '' })
  const sendCode = async () => {
    isUnsure = await app.api.call('POST /v1/sessions/phone-code', { open: true, body: { phone: form.values.phone } }).then(() => false, problem => {
      // It may be on its way all the same, and then one can go on.
      if (problem instanceof Problem && problem.unknown) return true
      throw problem
    })
    isSent = true
    form.values.code = ''
    until = isUnsure ? 0 : Date.now() + 60_000
    const timer = setInterval(() => { if (Date.now() > until) clearInterval(timer); app.update() }, 1000)
  }
  const logIn = async () => {
    await app.api.logIn('POST /v1/sessions/phone', { phone: form.values.phone, code: form.values.code, as: kind }).catch(problem => {
      if (problem.slug === 'bad-credentials') problem.errors = [{ pointer: '/code', detail: say(W.codeFault) }]
      throw problem
    })
    done()
  }
  const left = () => Math.ceil((until - Date.now()) / 1000)
  const phone = () => form.text('phone', { label: say(controls.phone), hint: say(controls.phoneHint), type: 'tel', inputmode: 'tel', autocomplete: 'tel-national', maxlength: 20 })
  return () => card({ title: say(kind === 'customer' ? W.customerLogin : W.workerLogin) },
    h('p', { class: 'say' }, say(kind === 'customer' ? W.customerLoginWhy : W.workerLoginWhy)),
    isSent
      ? form.around({ label: say(W.logIn), send: logIn, check: () => ({ '/code': plain(form.values.code).replace(/\D/g, '').length !== 6 && say(W.codeHint) }),
        aside: h('p', { class: 'beside' }, button({ label: left() > 0 ? say(W.codeAgain, { seconds: left() }) : say(W.sendCode), kind: 'quiet', disabled: left() > 0, onclick: () => { sendCode().then(app.update, problem => app.say(told(problem))) } }),
          button({ label: say(W.otherPhone), kind: 'quiet', onclick: () => { isSent = false; app.update() } })) },
      h('p', { role: 'status' }, say(isUnsure ? W.codeUnsure : W.codeSent, { phone: phoneText(form.values.phone) })),
      form.text('code', { label: say(W.code), hint: say(W.codeHint), inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 12 }))
      : form.around({ label: say(W.sendCode), send: sendCode, check: () => ({ '/phone': !isPhone(form.values.phone) && say(controls.phoneFault) }) }, phone()),
    kind === 'customer' && canLogIn() && button({ label: say(W.byWeChat), icon: 'message', onclick: () => { leaveToLogIn(app).catch(problem => app.say(told(problem))) } }),
    demo.value && isSent && button({ label: say(W.demoCode), kind: 'quiet', onclick: async () => form.set('code', (await demoCode(form.values.phone)) || '') }),
    demo.value && offers(kind === 'customer'
      ? demo.value.customers.slice(0, 2).map((customer, number) => ({ label: `${say(W.demoCustomer)} ${number + 1}`, logIn: () => app.api.logIn('POST /v1/sessions/customer', { code: customer.code }) }))
      : demo.value.workers.map(worker => ({ label: worker.name, logIn: () => app.api.logIn('POST /v1/sessions/worker', { code: worker.code }) })), app, done))
}

/** Logs members of an agency or of the authority in. @param {'agency' | 'authority'} kind @returns {Login} */
export const keyLogin = kind => (app, done) => {
  const demo = demonstration(app)
  const form = formOf(app, { access_key: '', secret: '' })
  const logIn = async () => {
    await app.api.logIn(`POST /v1/sessions/${kind}`, form.values)
    form.values.secret = ''
    done()
  }
  return () => card({ title: say(kind === 'agency' ? W.agencyLogin : W.authorityLogin) },
    h('p', { class: 'say' }, say(kind === 'agency' ? W.agencyLoginWhy : W.authorityLoginWhy)),
    form.around({ label: say(W.logIn), send: logIn },
      form.text('access_key', { label: say(controls.accessKey), autocomplete: 'username', maxlength: 100 }),
      form.text('secret', { label: say(controls.secret), type: 'password', autocomplete: 'current-password', maxlength: 200 })),
    demo.value && offers(kind === 'agency'
      ? demo.value.agencies.map(({ name, access_key, secret }) => ({ label: name, logIn: () => app.api.logIn('POST /v1/sessions/agency', { access_key, secret }) }))
      : [demo.value.authority].map(({ access_key, secret }) => ({ label: say(W.demoAuthority), logIn: () => app.api.logIn('POST /v1/sessions/authority', { access_key, secret }) })), app, done))
}

/** @param {{ label: string, logIn: () => Promise<void> }[]} accounts @param {App} app @param {() => void} done */
const offers = (accounts, app, done) => h('div', { class: 'demo' }, h('h3', null, say(W.demo)),
  h('div', { class: 'buttons' }, accounts.map(({ label, logIn }) => button({ key: label, label, kind: 'plain', onclick: () => { logIn().then(done, problem => app.say(told(problem))) } }))))

/** What can be tried on a local run; nobody is asked for it elsewhere. @param {App} app @returns {{ value: Demo | null }} */
function demonstration(app) {
  const demo = { value: /** @type {Demo | null} */ (null) }
  if (isLocal()) fetch('/demo/credentials').then(answer => answer.ok ? answer.json() : null).then(found => { demo.value = found; app.update() }, () => {})
  return demo
}

/** @param {string} phone */
async function demoCode(phone) {
  const answer = await fetch(`/demo/codes/${encodeURIComponent(plain(phone).replace(/\D/g, '').slice(-11))}`)
  return answer.ok ? (await answer.json()).code : null
}

const isLocal = () => ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)
