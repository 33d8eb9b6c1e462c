// What is asked in a dialog before something is done, one thing at a time.

import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { controls } from '../../miniprogram/logic/words/controls.js'
import { formOf } from '../form.js'
import { button, dialog, say } from '../parts.js'

/** @typedef {import('../app.js').App} App */
/** @typedef {import('../view.js').Child} Child */
/** @template {Record<string, any>} V @typedef {ReturnType<typeof formOf<V>>} Form */
/** `optional` are the fields that may stay empty; `done` is told what `send` has brought, once the dialog is closed. `past` is
 * there once something else is shown than was asked about: it is called, and the dialog closed, unless the answer is on its way.
 * @typedef {{ title: string, label: string, kind?: 'go' | 'danger', fields: Child, optional?: string[], send: () => Promise<any>, done?: (answer: any) => any, past?: (() => void) | null }} Question */
/** @typedef {ReturnType<typeof asking>} Asking */

/** Whether who is logged in decides anything: an auditor only reads. @param {App} app */
export const mayDecide = app => ['supervisor', 'reviewer'].includes(app.api.member()?.role || '')

/** @param {App} app */
export function asking(app) {
  /** @type {(() => Child) | null} */
  let asked = null
  const close = () => { asked = null; app.update() }
  return {
    /** Asks with a form over these values. One that is chosen from a few is null at first.
     * @template {Record<string, any>} V @param {V} values @param {(form: Form<V>) => Question} question */
    ask(values, question) {
      const form = formOf(app, values)
      asked = () => {
        const { title, label, kind, fields, optional = [], send, done, past } = question(form)
        if (past && !form.isBusy()) {
          past()
          close()
          return null
        }
        const check = () => Object.fromEntries(Object.entries(form.values).map(([name, value]) =>
          [`/${name}`, !optional.includes(name) && (value === null ? say(controls.choose) : typeof value === 'string' && !value.trim() && say(controls.required))]))
        const act = async () => {
          const answer = await send()
          close()
          await done?.(answer)
        }
        return dialog({ title, close }, form.around({ label, kind, check, send: act }, fields))
      }
      app.update()
    },
    view: () => asked?.(),
  }
}

/** The field for a reason, which those it is about can read. @param {Form<any>} form @param {number} [maxlength] */
export const reasonField = (form, maxlength = 500) => form.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 3, maxlength, autofocus: true })

/** Copies a text, and says whether that worked. @param {App} app @param {string} text */
export const copyButton = (app, text) => button({ label: say(controls.copy), icon: 'file', onclick: async () => app.say(say(await navigator.clipboard?.writeText(text).then(() => true, () => false) ? controls.copied : W.notCopied)) })
