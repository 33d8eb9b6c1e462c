// What questions to the authority's members have in common.

import { authority as W } from '../../miniprogram/logic/words/authority.js'
import { say } from '../parts.js'

/** @typedef {import('../app.js').App} App */

/** Whether who is logged in decides anything: an auditor only reads. @param {App} app */
export const mayDecide = app => ['supervisor', 'reviewer'].includes(app.api.member()?.role || '')

/** The field for a reason, which those it is about can read. @param {import('../form.js').Form<any>} form @param {number} [maxlength] */
export const reasonField = (form, maxlength = 500) => form.text('reason', { label: say(W.reason), hint: say(W.reasonHint), rows: 3, maxlength, autofocus: true })
