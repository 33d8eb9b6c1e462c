// What all areas have in common: which screen is shown, who is logged in, language and print, and what is said in passing.
//
// A screen is made anew each time one comes to it, and what it reads ends when one leaves. Addresses are behind the `#`.

import { client, Problem } from '../miniprogram/logic/api.js'
import { told } from '../miniprogram/logic/problem.js'
import { say, speak, spoken } from '../miniprogram/logic/words.js'
import { controls as W } from '../miniprogram/logic/words/controls.js'
import { browser, kept, keptHere } from './browser.js'
import { button, dialog, icon, note } from './parts.js'
import { h, render } from './view.js'

/** `back`: where its arrow leads. `full`: it has the whole window, without the tabs. `moved`: it stays when one goes to another address of it, such as of another row of its list.
 * @typedef {{ title: () => string, view: () => Child, back?: string, wide?: boolean, full?: boolean, moved?: (params: Record<string, string>) => void }} Screen */
/** @typedef {(app: App, params: Record<string, string>) => Screen} MakeScreen */
/** @template T @typedef {{ value: T | null, problem: Problem | null, busy: boolean, again: () => Promise<void> }} Resource */
/** `take` shows what another request has answered, in place of what was read, and of what is being read.
 * `anew` reads it as if nothing had been read.
 * @template T @typedef {Resource<T> & { take: (value: T) => void, anew: () => void }} Read */
/** @template T @typedef {Read<T[]> & { hasMore: boolean, more: () => Promise<void> }} Pages */
/**
 * @typedef {object} Area
 * @property {'customer' | 'worker' | 'agency' | 'authority'} kind Whose area it is.
 * @property {Words} name
 * @property {Record<string, MakeScreen | Lazy<MakeScreen>>} screens By address, such as `orders/:order_id`, where `?` may be missing; the first screen's is empty.
 * @property {string[]} [open] Addresses of screens that need no session; `*` for all.
 * @property {{ path: string, icon: string, label: Words, count?: () => number, wide?: boolean }[]} [tabs] `wide`: only where there is room. The first one's count is in the window's title.
 * @property {(app: App) => Promise<void>} [enter] Done before the first screen is shown.
 * @property {Lazy<(app: App, done: () => void, hint: any) => () => Child>} [login] See `login.js`.
 */
/** @template T @typedef {{ from: () => Promise<T> }} Lazy What is fetched when it is needed. */
/** @template {Record<string, any>} V @typedef {import('./form.js').Form<V>} Form */
/** What is asked in a dialog before something is done. `keep` is said on a second button, which leaves all as it is; `done` is told what
 * `send` has brought, once the dialog is closed. `past` is there once something else is shown than was asked about: it is called, and
 * the dialog closed, unless the answer is on its way. `isOnce`: what it shows cannot be seen again, so only its button closes it.
 * @typedef {Pick<Parameters<Form<any>['around']>[0], 'label' | 'kind' | 'check'>
 *   & { title: string, keep?: string, fields?: Child, send: () => Promise<any>, done?: (answer: any) => unknown, past?: (() => void) | null, isOnce?: boolean }} Question */
/** @typedef {ReturnType<typeof start>} App */

/** In milliseconds: so soon nobody has read what is shown once, and a press was meant for what was there before. */
const TOO_SOON = 1_000

/** Whether there is room beside a list for what is chosen from it. */
export const isWide = () => matchMedia('(min-width: 60rem)').matches

/** @template T @param {() => Promise<T>} from Such as `() => import('./orders.js').then(file => file.orders)` @returns {Lazy<T>} */
export const lazy = from => ({ from })

/** Runs an area in this document. @param {Area} area */
export function start(area) {
  const place = /** @type {HTMLElement} */ (document.getElementById('app'))
  const known = `loggedIn.${area.kind}`
  speak(kept.read('language') === 'en' ? 'en' : 'zh')
  const api = client(browser, area.kind)
  /** @type {Screen | null} */
  let screen = null
  /** What the screen reads: how to read it again, what to do once another language is spoken, and how to stop. @type {{ again: () => void, spoke?: () => void, stop: () => void }[]} */
  let reads = []
  /** @type {{ view: () => Child, done: (isIn: boolean) => void } | null} */
  let login = null
  let path = ''
  /** Of which screen this is. @type {unknown} */
  let made = null
  let visit = 0
  /** Whether somebody is being logged out. */
  let isLeaving = false
  let drawing = false
  let atOnline = () => {}
  /** What is asked over the screen, one after the other. @type {{ isOnce?: boolean, view: () => Child }[]} */
  let asked = []
  let questions = 0
  let toast = ''
  let toastTimer = 0
  const app = {
    api,
    now: api.now,
    area,
    /** The form that is shown says what it does when the network is back. @param {() => void} repeat */
    whenOnline(repeat) { atOnline = repeat },

    /** Draws what has changed, once, however often it is called at once. */
    update() {
      if (drawing) return
      drawing = true
      queueMicrotask(() => { drawing = false; draw() })
    },

    /** @param {string} to An address, such as `orders/ord_1`. */
    go(to, replace = false) {
      if (replace) location.replace(`#/${to}`)
      else location.hash = `#/${to}`
    },

    /** Asks something over the screen, one thing at a time. @template {Record<string, any>} V @param {Form<V>} form @param {(form: Form<V>) => Question} question */
    ask(form, question) {
      const key = `question ${++questions}`
      const since = Date.now()
      const self = { isOnce: question(form).isOnce, view }
      const close = () => { asked = asked.filter(one => one !== self); app.update() }
      asked.push(self)
      app.update()
      if (self.isOnce) setTimeout(app.update, TOO_SOON)
      function view() {
        const { title, label, kind, check, keep, fields, send, done, past, isOnce } = question(form)
        if (past && !form.isBusy()) {
          past()
          close()
          return null
        }
        const act = async () => {
          const answer = await send()
          close()
          await done?.(answer)
        }
        const aside = keep && button({ label: keep, kind: 'quiet', onclick: close })
        return dialog({ title, close: isOnce ? null : close }, h('div', { key }, form.around({ label, kind, check, send: act, aside, disabled: isOnce && Date.now() - since < TOO_SOON }, fields)),
          // What is said in passing lies behind it.
          h('div', { role: 'status', key: 'said' }, toast && note('quiet', toast)))
      }
    },

    /** Says something in passing, aloud too. @param {string} words */
    say(words) {
      toast = words
      clearTimeout(toastTimer)
      toastTimer = window.setTimeout(() => { toast = ''; app.update() }, 6_000)
      app.update()
    },

    /** Reads something for this screen. `isSpoken`: it says something in the language that it was asked for in. `isFixed`: it does not change.
     * @template T @param {() => Promise<T>} read @param {{ isSpoken?: boolean, isFixed?: boolean }} [how] @returns {Read<T>} */
    load(read, { isSpoken = false, isFixed = false } = {}) {
      let latest = 0
      const take = (/** @type {T} */ value) => {
        latest++
        Object.assign(resource, { value, problem: null, busy: false })
        app.update()
      }
      /** @type {Read<T>} */
      const resource = { value: null, problem: null, busy: false, again, take, anew }
      reads.push({ again: () => { if (!isFixed || resource.problem) again() }, spoke: () => { if (isSpoken || resource.problem) again() }, stop: () => {} })
      again()
      return resource
      function anew() {
        resource.value = null
        again()
        app.update()
      }
      async function again() {
        resource.busy = true
        const number = ++latest
        try {
          const value = await read()
          // What was asked for since may be something else.
          if (number === latest) take(value)
        } catch (problem) {
          if (number !== latest) return
          Object.assign(resource, { problem: asProblem(problem), busy: false })
          app.update()
        }
      }
    },

    /** Reads something for this screen as long as it is shown. `every` in milliseconds.
     * @template {import('contract').Operation} O @param {O} operation @param {import('../miniprogram/logic/api.js').Input<O>} input @param {number | ((value: import('contract').Answered<O> | null) => number)} every By what was read last, if it is a function.
     * @param {(value: import('contract').Answered<O>, before: import('contract').Answered<O> | null) => void} [seen] Called with each new value.
     * @returns {Resource<import('contract').Answered<O>> & { now: () => void }} `now` reads at once. */
    follow(operation, input, every, seen) {
      /** @type {{ stop: () => void, now: () => void } | null} */
      let following = null
      /** @type {any} */
      const resource = { value: null, problem: null, busy: false, now: () => following?.now(), again }
      const begin = () => {
        following?.stop()
        following = api.follow(operation, input, {
          every: typeof every === 'function' ? () => every(resource.value) : every,
          show: value => {
            const before = resource.value
            Object.assign(resource, { value, problem: null })
            if (seen) seen(value, before)
            app.update()
          },
          fail: problem => { resource.problem = problem; app.update() },
        })
      }
      reads.push({ again: begin, stop: () => following?.stop() })
      begin()
      return resource
      async function again() {
        resource.problem = null
        begin()
        app.update()
      }
    },

    /** A list of the contract, read page by page. @template T @param {(cursor: string | null) => Promise<{ items: T[], next_cursor: string | null }>} read @param {{ isSpoken?: boolean }} [how] @returns {Pages<T>} */
    pages(read, how) {
      /** @type {string | null} */
      let cursor = null
      const pages = /** @type {Pages<T>} */ (app.load(async () => {
        const page = await read(null)
        cursor = page.next_cursor
        pages.hasMore = cursor !== null
        return page.items
      }, how))
      pages.hasMore = false
      pages.more = async () => {
        if (pages.busy) return
        const seen = pages.value
        pages.busy = true
        app.update()
        try {
          const page = await read(cursor)
          // The list is another one by now.
          if (pages.value !== seen) return
          cursor = page.next_cursor
          pages.hasMore = cursor !== null
          pages.value = [...(pages.value || []), ...page.items]
          pages.problem = null
        } catch (problem) {
          pages.problem = asProblem(problem)
        }
        pages.busy = false
        app.update()
      }
      return pages
    },

    /** A picture that only who is logged in may see, as an address for `img`. @param {() => Promise<Blob>} read @returns {Read<string>} */
    picture(read) {
      /** @type {string[]} */
      const urls = []
      app.leaving(() => urls.forEach(url => URL.revokeObjectURL(url)))
      return app.load(async () => {
        urls.push(URL.createObjectURL(await read()))
        return urls[urls.length - 1]
      }, { isFixed: true })
    },

    /** Draws this screen again and again, such as for a countdown, or does something else. @param {number} ms */
    every(ms, work = () => app.update()) {
      const timer = setInterval(work, ms)
      app.leaving(() => clearInterval(timer))
    },

    /** Calls this when the screen is left. @param {() => void} stop */
    leaving(stop) {
      reads.push({ again: () => {}, stop })
    },

    /** A part of this screen that ends before it does: what it reads ends with it. @template T @param {() => T} make @returns {{ shown: T, end: () => void }} */
    part(make) {
      const whole = reads
      /** @type {typeof reads} */
      const own = []
      reads = own
      const shown = make()
      reads = whole
      const read = { again: () => own.forEach(read => read.again()), spoke: () => own.forEach(read => read.spoke?.()), stop: () => own.forEach(read => read.stop()) }
      whole.push(read)
      return { shown, end: () => { read.stop(); whole.splice(whole.indexOf(read), 1) } }
    },

    /** Whether somebody is logged in, who may have done so before. @param {boolean} [mustKnow] Then it throws where that cannot be found out. @returns {Promise<boolean>} */
    async isIn(mustKnow) {
      if (!api.isLoggedIn() && kept.read(known)) await api.renew().catch(problem => {
        if (problem instanceof Problem && problem.status === 401) kept.write(known, null)
        else if (mustKnow) throw problem
      })
      return api.isLoggedIn()
    },

    /** Remembers that somebody is logged in who has not come by the login. */
    loggedIn() {
      kept.write(known, 'yes')
    },

    /** Has somebody log in, if nobody is; false if they would rather not. @param {any} [hint] For the login, such as a phone number. @returns {Promise<boolean>} */
    async logIn(hint) {
      if (await app.isIn(true)) return true
      // A step of its own: Back leads from the login to what was filled in.
      history.pushState(null, '')
      const here = location.href
      let isBack = false
      const back = new Promise(resolve => addEventListener('popstate', resolve, { once: true })).then(() => { isBack = true; login?.done(false) })
      const isIn = await new Promise(resolve => { showLogin(hint, resolve) })
      if (isBack || location.href !== here) return isIn
      history.back()
      await back
      return isIn
    },

    async logOut() {
      endReads()
      screen = null
      isLeaving = true
      draw()
      try {
        await api.logOut()
        kept.write(known, null)
        anew()
      } catch (problem) {
        app.say(`${say(W.stillIn)}${told(problem)}`)
        isLeaving = false
        route()
      }
    },
  }

  /** @param {any} hint @param {(isIn: boolean) => void} done */
  async function showLogin(hint, done) {
    if (!area.login) return done(false)
    const asked = path
    const make = await fetched(area.login)
    if (!make || asked !== path || login) return done(false)
    const finish = (/** @type {boolean} */ isIn) => {
      login = null
      if (isIn) kept.write(known, 'yes')
      done(isIn)
      app.update()
    }
    login = { view: make(app, () => finish(true), hint), done: finish }
    draw()
    arrive()
  }

  /** What is lazy; null if it did not come, which is said. @template T @param {Lazy<T>} lazy @returns {Promise<T | null>} */
  async function fetched(lazy) {
    try {
      return await lazy.from()
    } catch {
      app.say(told(new Problem(null, 0)))
      return null
    }
  }

  api.ended = () => {
    // The screen stays as it is, behind the login.
    showLogin(null, isIn => { if (isIn) reads.forEach(read => read.again()) })
  }

  api.changed = () => anew(say(W.anotherIn))

  /** Drops everything of whoever was logged in. @param {string} [words] What is said then. */
  function anew(words) {
    endReads()
    login = screen = null
    asked = []
    isLeaving = true
    visit++
    draw()
    keptHere.write('said', words || null)
    keptHere.write('unsure', null)
    history.replaceState(null, '', '#/')
    location.reload()
  }

  function endReads() {
    reads.forEach(read => read.stop())
    reads = []
    endQuestions()
  }

  /** What is shown only once stays wherever one goes. */
  function endQuestions() {
    asked = asked.filter(one => one.isOnce)
  }

  async function route() {
    if (isLeaving) return
    const to = addressed()
    const found = match(area.screens, to) || match(area.screens, '')
    if (!found) return
    if (screen?.moved && made === found.make && !login) {
      path = to
      endQuestions()
      if (!isWide()) arrive()
      screen.moved(found.params)
      return app.update()
    }
    endReads()
    path = to
    made = found.make
    const number = ++visit
    screen = null
    if (login) login.done(false)
    const isOpen = !area.login || isOpenAt(found.pattern)
    if (!isOpen) await app.isIn()
    const make = 'from' in found.make ? await fetched(found.make) : found.make
    if (number !== visit || !make) return
    const shown = () => {
      // A late answer to a screen that was left leads nowhere.
      screen = make({ ...app, go: (to, replace) => { if (number === visit) app.go(to, replace) } }, found.params)
      draw()
      arrive()
    }
    if (isOpen || api.isLoggedIn()) return shown()
    showLogin(null, isIn => { if (isIn && number === visit) shown() })
  }

  /** @param {'zh' | 'en'} language */
  function spoke(language) {
    speak(language)
    kept.write('language', language)
    draw()
    reads.forEach(read => read.spoke?.())
  }

  /** The title gets the focus, so that it is read aloud. */
  function arrive() {
    if (arrived) document.getElementById('title')?.focus({ preventScroll: true })
    arrived = true
    scrollTo(0, 0)
  }
  let arrived = false

  function draw() {
    const root = document.documentElement
    root.lang = spoken() === 'zh' ? 'zh-CN' : 'en'
    root.classList.toggle('large', kept.read('large') === 'yes')
    api.language = spoken()
    // A form that is shown says so anew; one that was closed sends nothing any more.
    atOnline = () => {}
    const title = login ? say(area.name) : screen ? screen.title() : say(area.name)
    const isIn = api.isLoggedIn() || !area.login || isOpenAt('')
    const tabs = isIn && !screen?.full ? area.tabs : undefined
    const waiting = tabs?.[0].count?.()
    document.title = `${waiting ? `(${waiting}) ` : ''}${title} · ${say(W.brand)}`
    const back = login && isOpenAt('') ? path : screen?.back
    const wasOn = document.activeElement
    render(place, h('div', { class: `shell ${tabs ? 'with-tabs' : ''} ${screen?.wide && !login ? 'wide' : ''}` },
      h('a', { class: 'skip', href: '#main', onclick: (/** @type {Event} */ event) => { event.preventDefault(); document.getElementById('title')?.focus() } }, say(W.skip)),
      h('header', { class: 'top' },
        back !== undefined ? h('a', { class: 'tool', href: `#/${back}`, key: 'back', 'aria-label': say(W.back), onclick: login ? (/** @type {Event} */ event) => { event.preventDefault(); login?.done(false); if (!screen) app.go('') } : null }, icon('back'))
          : h('a', { class: 'brand', href: '/', key: 'brand', 'aria-label': say(W.brand) }, icon('shield'), h('span', null, say(W.brand))),
        h('h1', { id: 'title', tabindex: '-1', key: 'title' }, title),
        h('div', { class: 'tools', key: 'tools' },
          h('button', { type: 'button', class: 'tool', 'aria-pressed': String(kept.read('large') === 'yes'), onclick: () => { kept.write('large', kept.read('large') === 'yes' ? null : 'yes'); app.update() } }, say(W.large)),
          h('button', { type: 'button', class: 'tool', lang: spoken() === 'zh' ? 'en' : 'zh-CN', 'aria-label': say(W.languageHint), onclick: () => { spoke(spoken() === 'zh' ? 'en' : 'zh') } }, say(W.language)))),
      !navigator.onLine && h('p', { class: 'offline', role: 'status', key: 'offline' }, icon('warning'), say(W.offline)),
      tabs && h('nav', { class: 'tabs', key: 'tabs', 'aria-label': say(W.main) }, tabs.map(tab => h('a', { key: tab.path, href: `#/${tab.path}`, class: tab.wide ? 'if-wide' : null, 'aria-current': tab.path === path.split('/')[0] ? 'page' : null },
        icon(tab.icon), h('span', null, say(tab.label)), tab.count?.() ? h('span', { class: 'count' }, tab.count()) : null))),
      h('main', { id: 'main', key: login ? 'login' : `screen ${visit}` }, login ? login.view() : screen ? [screen.view(), asked[0]?.view()] : isLeaving && h('p', { class: 'say', role: 'status' }, say(W.busy))),
      h('div', { class: 'toasts', key: 'toasts', role: 'status' }, toast && h('p', { class: 'toast' }, toast))))
    // What had the focus is gone, such as the button that opened a dialog: whoever has no pointer goes on from the title of the dialog or the screen.
    if (wasOn !== document.body && !wasOn?.isConnected && document.activeElement === document.body) /** @type {HTMLElement | null} */ (document.querySelector('dialog[open] h2') || document.getElementById('title'))?.focus({ preventScroll: true })
  }

  /** @param {string} pattern Of an address. */
  const isOpenAt = pattern => !!area.open?.some(open => open === '*' || open === pattern)

  addEventListener('hashchange', route)
  addEventListener('beforeunload', event => { if (asked.some(one => one.isOnce)) event.preventDefault() })
  // In another tab.
  addEventListener('storage', event => { if (event.key === known && event.newValue === null && api.isLoggedIn()) anew() })
  addEventListener('offline', app.update)
  addEventListener('online', () => {
    app.say(say(W.online))
    if (screen) reads.forEach(read => read.again())
    // Whoever is logging in keeps what they typed.
    else if (!login) route()
    atOnline()
  })
  if (area.enter) area.enter(app).then(() => { if (api.isLoggedIn()) kept.write(known, 'yes') }, problem => app.say(told(problem))).finally(route)
  else route()
  const said = keptHere.read('said')
  keptHere.write('said', null)
  if (said) app.say(said)
  return app
}

/** What is behind the `#`; nothing where nobody can have meant it. */
function addressed() {
  try {
    return decodeURI(location.hash.replace(/^#\/?/, ''))
  } catch {
    return ''
  }
}

/** @param {unknown} problem */
function asProblem(problem) {
  if (problem instanceof Problem) return problem
  console.error(problem)
  return new Problem({ type: '/problems/internal' }, 500)
}

/** @param {Area['screens']} screens @param {string} path */
function match(screens, path) {
  const asked = path.split('/')
  for (const [pattern, make] of Object.entries(screens)) {
    const parts = pattern.split('/')
    if (parts[asked.length]?.endsWith('?')) parts.pop()
    if (parts.length !== asked.length) continue
    /** @type {Record<string, string>} */
    const params = {}
    if (parts.every((part, place) => part.startsWith(':') ? (params[part.replace(/\W/g, '')] = asked[place]) !== '' : part === asked[place])) return { pattern, make, params }
  }
  return null
}
