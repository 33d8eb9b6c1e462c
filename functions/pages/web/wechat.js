// What WeChat's browser has for pages of an official account: its login and its scanner. The scanner's bridge is called directly,
// because we load no script of anybody else's; when anything of it fails, a photo does.

import { Problem } from '../miniprogram/logic/api.js'
import { browser } from './browser.js'

/** Where a login that was begun here is known by, until WeChat leads back. */
const STATE = 'wechatState'

const isWeChat = () => /MicroMessenger/i.test(navigator.userAgent)

const bridge = () => /** @type {any} */ (window).WeixinJSBridge

export const canScan = () => isWeChat() && !!bridge()

export const canLogIn = isWeChat

/** Leads to WeChat's page of consent, and from there back to this document. @param {App} app */
export async function leaveToLogIn(app) {
  const { app_id } = await app.api.call('GET /v1/wechat/js-signature', { open: true, query: { url: here() } })
  const state = browser.random()
  sessionStorage.setItem(STATE, state)
  const query = new URLSearchParams({ appid: app_id, redirect_uri: here(), response_type: 'code', scope: 'snsapi_base', state })
  location.assign(`https://open.weixin.qq.com/connect/oauth2/authorize?${query}#wechat_redirect`)
}

/** Logs in who comes back from WeChat. Only if they had left from here: else a link could log somebody in to another's account,
 * who would read there what they order. @param {App} app */
export async function comeBack(app) {
  const given = new URLSearchParams(location.search)
  const [code, state] = [given.get('code'), given.get('state')]
  if (!code) return
  history.replaceState(null, '', location.pathname + location.hash)
  if (!state || state !== sessionStorage.getItem(STATE)) return
  sessionStorage.removeItem(STATE)
  await app.api.logIn('POST /v1/sessions/official-account', { code })
}

const here = () => location.href.split(/[?#]/)[0]

/** What was scanned. @param {App} app @returns {Promise<string>} */
export async function scan(app) {
  const signed = await app.api.call('GET /v1/wechat/js-signature', { open: true, query: { url: location.href.split('#')[0] } })
  await invoke('preVerifyJSAPI', {
    verifyAppId: signed.app_id, verifySignType: 'sha1', verifyTimestamp: String(signed.timestamp), verifyNonceStr: signed.nonce, verifySignature: signed.signature, verifyJsApiList: ['scanQRCode'],
  })
  const { resultStr } = await invoke('scanQRCode', { needResult: 1, scanType: ['qrCode'] })
  // Android says {"scan_code": {"scan_result": …}}.
  const inner = /^\{/.test(resultStr) ? JSON.parse(resultStr)?.scan_code?.scan_result : resultStr
  return String(inner || '')
}

/** @param {string} name @param {object} given @returns {Promise<any>} */
const invoke = (name, given) => new Promise((resolve, reject) => {
  bridge().invoke(name, given, (/** @type {any} */ answer) => /:ok$/.test(answer?.err_msg || '') ? resolve(answer) : reject(new Problem(null, 0)))
})
