// WeChat's own scanner, in its browser: its bridge is called directly, because we load no script of anybody else's. Elsewhere, and
// when anything of it fails, a photo does.

import { Problem } from '../miniprogram/logic/api.js'

const bridge = () => /** @type {any} */ (window).WeixinJSBridge

export const canScan = () => /MicroMessenger/i.test(navigator.userAgent) && !!bridge()

/** What was scanned. @param {import('./app.js').App} app @returns {Promise<string>} */
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
