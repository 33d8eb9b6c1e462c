// Who is logged in. WeChat says who its user is, so customers never type anything; workers give their phone number once.

import { client, Problem } from './logic/api.js'
import { speak, spoken } from './logic/words.js'
import { SITE } from './site.js'

const info = wx.getAppBaseInfo()
speak((info.language || 'zh_CN').startsWith('zh') ? 'zh' : 'en')

/** Random bytes to come, because WeChat's generator does not answer at once. @type {number[]} */
const bytes = []
const filled = fill()

async function fill() {
  const { randomValues } = await wx.getRandomValues({ length: 1024 })
  bytes.push(...new Uint8Array(randomValues))
}

function random() {
  if (bytes.length < 512) fill()
  return bytes.splice(0, 16).map(byte => byte.toString(16).padStart(2, '0')).join('')
}

/** @param {'customer' | 'worker'} kind @returns {import('./logic/api.js').Platform} */
const platform = kind => ({
  async send(method, url, headers, body, timeout) {
    await filled
    return new Promise((resolve, reject) => {
      const isFile = headers.accept === '*/*'
      wx.request({
        url: SITE + url, method: /** @type {any} */ (method), header: headers, data: body, timeout, responseType: isFile ? 'arraybuffer' : 'text',
        success({ statusCode, header, data }) {
          const named = Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), String(value)]))
          resolve({ status: statusCode, header: name => named[name] || null, body: data === '' ? null : data })
        },
        fail: ({ errMsg }) => reject(new Error(errMsg)),
      })
    })
  },
  now: () => Date.now(),
  wait: ms => new Promise(resolve => { setTimeout(() => resolve(), ms) }),
  random,
  // All that is kept on the phone.
  refreshToken: {
    read: () => wx.getStorageSync(`refresh.${kind}`) || null,
    write: token => { if (token === null) wx.removeStorageSync(`refresh.${kind}`); else wx.setStorageSync(`refresh.${kind}`, token) },
  },
})

async function enter() {
  const { code } = await wx.login().catch(() => { throw new Problem(null, 0) })
  return { operation: 'POST /v1/sessions/customer', body: { code } }
}

export const customer = client({ ...platform('customer'), enter }, 'customer', spoken())
export const worker = client(platform('worker'), 'worker', spoken())

// Pages of whoever was logged in are closed.
for (const api of [customer, worker]) api.changed = () => { wx.switchTab({ url: '/pages/home/home' }) }

/** Whether the customer has been here before; nobody is logged in for looking around. */
export const isKnownCustomer = () => !!wx.getStorageSync('refresh.customer')

/** Whether the worker's session could be renewed. */
export async function isKnownWorker() {
  try {
    await worker.renew()
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem
  }
  return worker.isLoggedIn()
}
