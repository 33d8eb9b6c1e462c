// What a test needs of WeChat's client: the built-in components, the pages' stack, and `wx.*`, which refuses what it does not know.
// Tests steer it by `wxAnswers` and read `wxCalls`.

import * as easel from '/glass-easel.js'
import * as adapter from '/adapter.js'
import { settings, slots, style, templates } from '/bundle.js'

const at = id => document.getElementById(id)

// ---------------------------------------------------------------- wx

const calls = window.wxCalls = []
const answers = window.wxAnswers = {
  login: { code: 'demo-customer-1' }, getAppBaseInfo: { language: 'zh_CN', fontSizeSetting: 16 }, getPhoneNumber: { errMsg: 'getPhoneNumber:fail user deny' },
  showModal: { confirm: true, cancel: false }, showActionSheet: { tapIndex: 0 }, makePhoneCall: {}, openLocation: {}, ...JSON.parse(sessionStorage.getItem('wxAnswers') || '{}'),
}
const { SITE } = await import('/mini/site.js')
let listeners = []
addEventListener('online', () => listeners.forEach(listen => listen({ isConnected: true, networkType: 'wifi' })))

/** As WeChat answers: by callbacks if any are given, else by a promise. */
function settled(given, value, failure) {
  if (given?.success || given?.fail || given?.complete) {
    queueMicrotask(() => {
      if (failure) given.fail?.(failure)
      else given.success?.(value)
      given.complete?.(failure || value)
    })
    return undefined
  }
  return failure ? Promise.reject(failure) : Promise.resolve(value)
}

/** What the test has said it answers; a refusal where it has said nothing. */
const answered = name => given => {
  calls.push([name, given])
  return answers[name] ? settled(given, answers[name]) : settled(given, null, { errMsg: `${name}:fail cancel` })
}

const known = {
  ...Object.fromEntries(['login', 'getLocation', 'chooseLocation', 'scanCode', 'showModal', 'showActionSheet', 'makePhoneCall', 'openLocation'].map(name => [name, answered(name)])),
  getAppBaseInfo: () => answers.getAppBaseInfo,
  getRandomValues: given => settled(given, { randomValues: crypto.getRandomValues(new Uint8Array(given.length)).buffer }),
  getStorageSync: name => JSON.parse(localStorage.getItem(`wx.${name}`) ?? '""'),
  setStorageSync: (name, value) => localStorage.setItem(`wx.${name}`, JSON.stringify(value)),
  removeStorageSync: name => localStorage.removeItem(`wx.${name}`),
  onNetworkStatusChange: listen => { listeners.push(listen) },
  offNetworkStatusChange: listen => { listeners = listeners.filter(one => one !== listen) },
  arrayBufferToBase64: buffer => btoa(Array.from(new Uint8Array(buffer), byte => String.fromCharCode(byte)).join('')),
  setNavigationBarTitle: ({ title }) => { stack.at(-1).title = title; drawBars() },
  setTabBarItem: ({ index, text }) => { settings.app.tabBar.list[index].text = text; drawBars() },
  setKeepScreenOn: given => calls.push(['setKeepScreenOn', given]),
  setVisualEffectOnCapture: given => calls.push(['setVisualEffectOnCapture', given]),
  stopPullDownRefresh: () => {},
  showToast({ title, duration = 1500 }) {
    at('toast').replaceChildren(Object.assign(document.createElement('span'), { textContent: title }))
    setTimeout(() => at('toast').replaceChildren(), duration)
  },
  navigateTo: ({ url }) => going(() => open(url)),
  redirectTo: ({ url }) => going(async () => { close(); await open(url) }),
  navigateBack: () => going(async () => { if (stack.length > 1) { close(); shown() } }),
  switchTab: ({ url }) => going(async () => { while (stack.length) close(); await open(url) }),
  request(given) {
    // Only the hosts of the mini-program's list can be asked.
    if (!given.url.startsWith(`${SITE}/`)) throw new Error(`request: ${given.url} is not in the domain list`)
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), given.timeout || 60000)
    fetch(given.url.slice(SITE.length), { method: given.method || 'GET', headers: given.header, body: given.data, signal: limit.signal, credentials: 'omit', cache: 'no-store' }).then(async answer => {
      const header = Object.fromEntries(answer.headers)
      const data = given.responseType === 'arraybuffer' && answer.ok ? await answer.arrayBuffer() : parsed(await answer.text())
      given.success({ statusCode: answer.status, header, data, errMsg: 'request:ok' })
    }).catch(failure => given.fail({ errMsg: `request:fail ${failure}` })).finally(() => clearTimeout(timer))
    return { abort: () => limit.abort() }
  },
}

function parsed(text) {
  try { return JSON.parse(text) } catch { return text }
}

window.wx = new Proxy(known, { get(target, name) {
  if (name in target) return target[name]
  throw new Error(`wx.${String(name)} is not known here`)
} })

// ---------------------------------------------------------------- built-in components

easel.globalOptions.useMethodCallerListeners = true
easel.globalOptions.writeIdToDOM = true
easel.globalOptions.throwGlobalError = true
// WeChat's events are plain objects with fields of their own.
const wrap = easel.Event.prototype.wrapShadowedEvent
easel.Event.prototype.wrapShadowedEvent = function (...given) { return Object.assign(wrap.apply(this, given), { detail: this.detail, type: this.type }) }
const env = new adapter.MiniProgramEnv()
const builtIn = env.getGlobalCodeSpace()
const space = env.createCodeSpace('main', true)
const backend = env.associateBackend(new easel.CurrentWindowBackendContext())
const slot = { groupList: slots, content: slots.slot }
const element = component => component._$.getBackendElement()

const attribute = name => (to, value) => {
  if (value === null || value === undefined || value === false || value === '') to.removeAttribute(name)
  else to.setAttribute(name, value === true ? '' : value)
}
/** What WeChat's components know of WAI-ARIA, besides roles. */
const ARIA = { ariaLabel: 'aria-label', ariaPressed: 'aria-pressed', ariaExpanded: 'aria-expanded' }

/** WeChat's headings have no level; below the page's title they are all of the second. */
function ariaRole(to, role) {
  attribute('role')(to, role)
  attribute('aria-level')(to, role === 'heading' ? '2' : null)
}

/** A component that is itself the element of its name. `attached` prepares the element, `changed` follows the properties. */
function native(name, own, attached, follows = {}) {
  const properties = { ...own, ariaRole: String, ...Object.fromEntries(Object.keys(ARIA).map(property => [property, String])) }
  const changed = { ariaRole, ...Object.fromEntries(Object.entries(ARIA).map(([property, to]) => [property, attribute(to)])), ...follows }
  builtIn.addCompiledTemplate(name, slot)
  builtIn.componentEnv(name, ({ Component }) => Component({
    options: { virtualHost: false },
    properties,
    lifetimes: { attached() { attached?.call(this, element(this)) } },
    observers: Object.fromEntries(Object.entries(changed).map(([names, follow]) => [names, function (...values) {
      // One that is being taken away has no element any more.
      if (element(this)) follow.call(this, element(this), ...values)
    }])),
  }))
  space.getComponentSpace().setGlobalUsingComponent(name, builtIn.getComponentSpace().getComponent(name))
}

const field = { value: String, placeholder: String, disabled: Boolean, maxlength: { type: Number, value: 140 } }
function typing(to) {
  to.addEventListener('input', event => { event.stopPropagation(); this.triggerEvent('input', { value: to.value }) })
}
const typed = { value(to, value) { if (to.value !== String(value ?? '')) to.value = value ?? '' }, placeholder: attribute('placeholder'), disabled: attribute('disabled'), maxlength: attribute('maxlength') }
native('input', { ...field, type: { type: String, value: 'text' } }, typing, { ...typed, type: (to, type) => attribute('inputmode')(to, { number: 'numeric', digit: 'decimal' }[type]) })
native('textarea', field, typing, typed)
native('button', { disabled: Boolean, openType: String }, function (to) {
  to.setAttribute('type', 'button')
  to.addEventListener('click', () => { if (this.data.openType === 'getPhoneNumber') this.triggerEvent('getphonenumber', answers.getPhoneNumber) })
}, { disabled: attribute('disabled') })
for (const name of ['view', 'text']) native(name, { hidden: Boolean }, null, { hidden: attribute('hidden') })
native('image', { src: String, mode: String }, null, { 'src, mode'(to, src, mode) {
  Object.assign(to.style, { backgroundImage: src ? `url("${src}")` : '', backgroundSize: mode === 'aspectFit' ? 'contain' : 'cover', backgroundPosition: 'center', backgroundRepeat: 'no-repeat' })
} })
native('picker', { range: Array, value: null, mode: { type: String, value: 'selector' }, start: String, end: String, disabled: Boolean }, function (to) {
  this.control = document.createElement(this.data.mode === 'date' ? 'input' : 'select')
  if (this.data.mode === 'date') this.control.type = 'date'
  this.control.addEventListener('change', event => { event.stopPropagation(); this.triggerEvent('change', { value: this.data.mode === 'date' ? this.control.value : String(this.control.selectedIndex) }) })
  to.append(this.control)
  filled(this)
}, { 'range, value, start, end'() { filled(this) }, ariaLabel() { filled(this) } })

function filled(picker) {
  const { control, data } = picker
  if (!control) return
  control.setAttribute('aria-label', data.ariaLabel)
  if (data.mode === 'date') return Object.assign(control, { min: data.start, max: data.end, value: data.value })
  control.replaceChildren(...(data.range || []).map(one => new Option(one)))
  control.selectedIndex = Number(data.value || 0)
}

// A tap is a click here.
document.addEventListener('click', event => {
  let to = event.target
  while (to && !to.__wxElement) to = to.parentNode
  if (to && !event.target.closest('[disabled]')) easel.Event.triggerEvent(to.__wxElement, 'tap', { x: event.clientX, y: event.clientY }, { bubbles: true, composed: true })
})

// ---------------------------------------------------------------- pages

for (const [file, setting] of Object.entries(settings)) if (file !== 'app') space.addComponentStaticConfig(file, { ...setting, component: false })
for (const file of Object.keys(templates)) space.addCompiledTemplate(file, { groupList: templates, content: templates[file] })
document.head.append(Object.assign(document.createElement('style'), { textContent: style }))

const stack = []
const registered = new Set()
let defined = null
window.Page = options => { defined = options }
window.App = options => { window.app = options }
window.getCurrentPages = () => stack.map(({ page }) => page)

/** One change of pages after the other. */
let under = Promise.resolve()
function going(change) {
  under = under.then(change).catch(failure => { console.error(failure) })
  return under
}

async function open(url) {
  const [route, query = ''] = url.replace(/^\//, '').split('?')
  if (!settings.app.pages.includes(route)) throw new Error(`${route} is no page`)
  if (!registered.has(route)) {
    registered.add(route)
    await import(`/mini/${route}.js`)
    const options = defined
    space.componentEnv(route, ({ Page }) => Page(options))
  }
  const holder = document.createElement('div')
  const place = document.createElement('span')
  holder.append(place)
  for (const one of stack) one.holder.hidden = true
  if (stack.length) stack.at(-1).page.onHide?.()
  at('pages').append(holder)
  const root = backend.createRoot('page', space, route)
  root.attach(holder, place)
  const page = Object.assign(root.get(), { route })
  stack.push({ root, page, holder, route, title: settings[route]?.navigationBarTitleText || '' })
  page.onLoad?.(Object.fromEntries(new URLSearchParams(query)))
  shown()
  page.onReady?.()
  scrollTo(0, 0)
}

function shown() {
  const top = stack.at(-1)
  top.holder.hidden = false
  drawBars()
  top.page.onShow?.()
}

function close() {
  const { page, root, holder } = stack.pop()
  page.onUnload?.()
  root.release()
  holder.remove()
}

function drawBars() {
  const top = stack.at(-1)
  if (!top) return
  document.title = top.title
  at('bar').replaceChildren(Object.assign(document.createElement('h1'), { textContent: top.title }))
  if (stack.length > 1) {
    const back = Object.assign(document.createElement('button'), { textContent: '‹', onclick: () => window.wx.navigateBack() })
    back.setAttribute('aria-label', '返回')
    at('bar').prepend(back)
  }
  const { list } = settings.app.tabBar
  const isTab = list.some(({ pagePath }) => pagePath === top.route)
  at('tabs').hidden = !isTab
  at('tabs').replaceChildren(...(isTab ? list : []).map(({ pagePath, text }) => {
    const tab = Object.assign(document.createElement('button'), { textContent: text, onclick: () => window.wx.switchTab({ url: `/${pagePath}` }) })
    if (pagePath === top.route) tab.setAttribute('aria-current', 'page')
    return tab
  }))
}

window.mini = { stack, open: url => going(() => open(url)) }
await import('/mini/app.js')
window.app.onLaunch?.({})
await going(() => open(settings.app.pages[0]))
