// Forms. They keep what was typed whatever happens, show each fault beside its field, and send once: while it is not known whether
// something has arrived, it can only be sent again as it was.

import { Problem } from '../miniprogram/logic/api.js'
import { spoken } from '../miniprogram/logic/words.js'
import { controls as W } from '../miniprogram/logic/words/controls.js'
import { button, h, icon, note, say, told } from './parts.js'

export { isPhone } from '../miniprogram/logic/format.js'

/**
 * @typedef {object} Field
 * @property {string} label
 * @property {string} [pointer] Where it is in the request's body; `/` and its name unless given.
 * @property {Child} [hint]
 * @property {boolean} [optional]
 */

/** @template {Record<string, any>} V @typedef {ReturnType<typeof formOf<V>>} Form */

/** How many there have been. */
let forms = 0

/** A form over `values`, whose fields are named as these are.
 * @template {Record<string, any>} V @param {{ api: { isLoggedIn: () => boolean }, update: () => void, whenOnline: (repeat: () => void) => void }} app @param {V} values */
export function formOf(app, values) {
  const number = ++forms
  /** @param {string} name Of a field: another form may have it too. */
  const idOf = name => `f${number}-${name}`
  /** @type {Problem | null} */
  let problem = null
  /** Faults that need no server, by pointer. @type {Record<string, string>} */
  let faults = {}
  let busy = false
  let language = spoken()
  /** @type {(() => void) | null} */
  let repeat = null
  /** @type {Set<string>} */
  const pointers = new Set()
  /** Fields drawn since the form was last shown that have to be filled in, by pointer. @type {Record<string, keyof V>} */
  let needed = {}
  const form = {
    values,
    isBusy: () => busy,
    /** Sets a value from elsewhere than its field. @param {keyof V & string} name @param {any} value */
    set(name, value) { change(name, `/${name}`, value) },

    /** What is wrong there has been mended. @param {string} pointer */
    mended: clear,

    /** A line of text; several with `rows`. @param {keyof V & string} name @param {Field & { type?: string, inputmode?: string, autocomplete?: string, maxlength?: number, rows?: number, autofocus?: boolean, min?: string, max?: string, oninput?: () => void }} field */
    text(name, { label, pointer = `/${name}`, hint, optional, rows, oninput, ...attributes }) {
      const fault = fieldAt(name, pointer, optional)
      const id = idOf(name)
      return wrapped(id, label, fault, hint, optional, h(rows ? 'textarea' : 'input', {
        id, name, rows, type: rows ? null : 'text', ...attributes, value: values[name], 'aria-invalid': fault ? 'true' : null, 'aria-describedby': describedBy(id, fault, hint), 'aria-required': optional ? null : 'true',
        oninput: (/** @type {any} */ event) => {
          values[name] = event.target.value
          clear(pointer)
          if (oninput) oninput()
          app.update()
        },
      }))
    },

    /** A list to choose one from. @param {keyof V & string} name @param {Field & { options: { value: string, label: string }[] }} field */
    select(name, { label, pointer = `/${name}`, hint, optional, options }) {
      const fault = fieldAt(name, pointer, optional)
      const id = idOf(name)
      return wrapped(id, label, fault, hint, optional, h('select', {
        id, name, value: values[name], 'aria-invalid': fault ? 'true' : null, 'aria-describedby': describedBy(id, fault, hint),
        onchange: (/** @type {any} */ event) => change(name, pointer, event.target.value),
      }, options.map(({ value, label: words }) => h('option', { value, key: value }, words))))
    },

    /** All choices at once, one of them to be chosen, or with `several` any. @param {keyof V & string} name @param {Field & { options: { value: string, label: Child, icon?: string }[], several?: boolean, kind?: string, chosen?: (value: string) => void }} field */
    choices(name, { label, pointer = `/${name}`, hint, optional, options, several, kind = '', chosen }) {
      const fault = fieldAt(name, pointer, optional)
      const id = idOf(name)
      return h('fieldset', { class: `field choices ${kind}`, key: id, 'aria-describedby': describedBy(id, fault, hint) },
        h('legend', null, label, optional && h('small', null, say(W.optional))), hintOf(id, hint), faultOf(id, fault),
        h('div', { class: 'options' }, options.map(({ value, label: words, icon: picture }) => h('label', { key: value, class: 'option' },
          h('input', { type: several ? 'checkbox' : 'radio', name: `f-${name}`, value, checked: several ? values[name].includes(value) : values[name] === value,
            onchange: (/** @type {any} */ event) => {
              const others = several ? values[name].filter((/** @type {string} */ one) => one !== value) : []
              change(name, pointer, several ? (event.target.checked ? [...others, value] : others) : value)
              if (chosen) chosen(value)
            } }),
          picture && icon(picture), h('span', null, words)))))
    },

    /** A field that is filled in by what is below its label. @param {string} pointer @param {{ label: string, hint?: Child }} field @param {Child[]} children */
    own(pointer, { label, hint }, ...children) {
      const fault = faultAt(pointer)
      return h('div', { class: 'field', key: pointer }, h('span', { class: 'label' }, label), hint && h('p', { class: 'hint' }, hint), children, fault && h('p', { class: 'fault', role: 'alert' }, icon('warning'), fault))
    },

    /** Sends what is filled in, if `check` finds no fault with it, by pointer. @param {() => Promise<void>} send @param {() => Record<string, string | false | null | undefined>} [check] */
    async send(send, check) {
      if (busy) return
      const found = check && !problem?.unknown ? Object.entries(check()).filter(([, words]) => words) : []
      faults = /** @type {Record<string, string>} */ (Object.fromEntries(found))
      problem = null
      if (found.length) return marked()
      busy = true
      app.update()
      try {
        await send()
        repeat = null
      } catch (failure) {
        problem = failure instanceof Problem ? failure : new Problem({ type: '/problems/internal' }, 500)
        if (!(failure instanceof Problem)) console.error(failure)
        repeat = problem.unknown ? () => { form.send(send, check) } : null
      }
      busy = false
      app.update()
      if (problem) marked()
    },

    /** The form with its button. What is not optional has to be filled in, unless `check` says of its pointer what is wrong, or that nothing is.
     * @param {{ label: string, send: () => Promise<void>, check?: () => Record<string, string | false | null | undefined>, kind?: 'go' | 'plain' | 'danger', icon?: string, disabled?: boolean, aside?: Child }} how @param {Child[]} children */
    around({ label, send, check, kind = 'go', icon: picture, disabled, aside }, ...children) {
      const isUnknown = problem?.unknown === true
      app.whenOnline(() => { if (repeat) repeat() })
      // Who has logged in since can go on.
      if (problem?.slug === 'unauthenticated' && app.api.isLoggedIn()) problem = null
      const known = [...pointers]
      const rest = (problem?.errors || []).filter(fault => !known.some(pointer => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`)))
      const isMarked = Object.keys(faults).length > 0 || (problem?.errors.length || 0) > rest.length
      const shown = Object.entries(needed)
      needed = {}
      const faultsOf = () => ({ ...Object.fromEntries(shown.map(([pointer, name]) => [pointer, emptiness(values[name])])), ...check?.() })
      // In the language that is spoken now.
      if (language !== spoken()) {
        language = spoken()
        for (const [pointer, words] of Object.entries(faultsOf())) if (faults[pointer] && words) faults[pointer] = words
        app.update()
      }
      return h('form', { novalidate: true, class: 'form', onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault()
        if (repeat) repeat()
        else form.send(send, faultsOf)
      } },
        // What may have been sent is not changed until it is known.
        h('div', { class: 'fields', inert: isUnknown || null }, children),
        h('div', { class: 'send' },
          h('div', { role: 'alert' }, rest.length > 0 ? note('bad', rest.map(fault => fault.detail).join(' ')) : isMarked ? note('bad', say(W.mend)) : problem && note('bad', told(problem))),
          button({ label: isUnknown ? say(W.again) : label, kind, icon: picture, busy, disabled, submit: true }),
          // What is on its way cannot be called off.
          aside && h('div', { class: 'send', inert: busy || null }, aside)))
    },
  }
  return form

  /** @param {string} pointer */
  function faultAt(pointer) {
    pointers.add(pointer)
    return faults[pointer] || problem?.at(pointer) || null
  }

  /** What is wrong with a field that is being drawn. @param {keyof V} name @param {string} pointer @param {boolean | undefined} optional */
  function fieldAt(name, pointer, optional) {
    if (!optional) needed[pointer] = name
    return faultAt(pointer)
  }

  /** @param {string} pointer */
  function clear(pointer) {
    delete faults[pointer]
    if (problem) problem.errors = problem.errors.filter(fault => fault.pointer !== pointer && !fault.pointer.startsWith(`${pointer}/`))
    if (problem && !problem.errors.length && problem.slug === 'invalid') problem = null
  }

  /** @param {keyof V} name @param {string} pointer @param {any} value */
  function change(name, pointer, value) {
    values[name] = value
    clear(pointer)
    app.update()
  }

  /** Shows faults, and puts the focus on the first. */
  function marked() {
    app.update()
    // When they are drawn.
    queueMicrotask(() => {
      const first = (document.querySelector('dialog[open]') || document).querySelector('[aria-invalid=true], .field .fault')
      const field = first?.matches('input, textarea, select') ? first : first?.closest('.field')?.querySelector('input, button')
      if (field instanceof HTMLElement) field.focus()
    })
  }
}

/** What is said where nothing was typed or chosen. @param {string | string[] | null} value */
function emptiness(value) {
  if (typeof value === 'string') return !value.trim() && say(W.required)
  return !value?.length && say(W.choose)
}

/** @param {string} id @param {string} label @param {string | null} fault @param {Child} hint @param {boolean | undefined} optional @param {Child} control */
const wrapped = (id, label, fault, hint, optional, control) =>
  h('div', { class: 'field', key: id }, h('label', { for: id }, label, optional && h('small', null, say(W.optional))), hintOf(id, hint), control, faultOf(id, fault))

/** @param {string} id @param {Child} hint */
const hintOf = (id, hint) => hint && h('p', { class: 'hint', id: `${id}-hint` }, hint)

/** @param {string} id @param {string | null} fault */
const faultOf = (id, fault) => fault && h('p', { class: 'fault', id: `${id}-fault` }, icon('warning'), fault)

/** @param {string} id @param {string | null} fault @param {Child} hint */
const describedBy = (id, fault, hint) => [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ') || null
