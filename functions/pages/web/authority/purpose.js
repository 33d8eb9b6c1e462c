// Whoever looks at a worker's record has said why, and she can read it.

import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { formOf } from '../form.js'
import { card, h, say } from '../parts.js'

/** By member and worker, as long as this page is open. She reads Chinese. @type {Map<string, string>} */
const purposes = new Map()

/** Nobody looks for what somebody else has said. @param {App} app @param {string} worker */
const whose = (app, worker) => `${app.api.member()?.member_id} ${worker}`

/** @param {App} app @param {string} worker */
export const purposeOf = (app, worker) => purposes.get(whose(app, worker)) || ''

/** @param {App} app @param {string} worker @param {Words} why */
export const lookFor = (app, worker, why) => { purposes.set(whose(app, worker), why[0]) }

/** Asks why, unless it is known, and then shows. @param {import('../app.js').MakeScreen} make @param {Words} title @returns {import('../app.js').MakeScreen} */
export const withPurpose = (make, title) => (app, params) => {
  const { worker_id: worker } = params
  const form = formOf(app, { purpose: '' })
  let screen = purposes.has(whose(app, worker)) ? make(app, params) : null
  const look = async () => {
    purposes.set(whose(app, worker), form.values.purpose.trim())
    screen = make(app, params)
  }
  const asking = () => card({ title: say(W.whyLook) }, h('p', { class: 'say' }, say(W.whyLookDetail)),
    form.around({ label: say(W.look), send: look }, form.text('purpose', { label: say(W.purpose), maxlength: 200 })))
  return { title: () => say(title), get back() { return screen?.back ?? '' }, wide: true, view: () => screen ? screen.view() : asking() }
}
