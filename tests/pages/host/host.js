// Runs a mini-program's folder in a browser, without WeChat's tools: WXML by WeChat's template compiler, pages by its component
// framework, `wx.*` and the built-in components by runtime.js, modules as they are. What it does not know it refuses.
//
//   node host.js <platform> [port]

import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const { TmplGroup } = require('glass-easel-template-compiler')
const here = path.dirname(fileURLToPath(import.meta.url))
const FOLDER = path.join(here, '../../../functions/pages/miniprogram')
/** @type {Record<string, string>} */
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', json: 'application/json' }

/** The templates, styles and settings of a folder, as a module; throws what the compiler has against a template. @param {string} folder */
async function bundle(folder) {
  const group = new TmplGroup()
  /** @type {Record<string, unknown>} */
  const settings = {}
  const faults = []
  let style = ''
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = path.relative(folder, path.join(entry.parentPath || entry.path, entry.name))
    const name = file.replace(/\.\w+$/, '')
    const text = await readFile(path.join(folder, file), 'utf8')
    if (file.endsWith('.wxml')) for (const fault of group.addTmpl(name, text)) faults.push(`${file}:${fault.startLine + 1}: ${fault.message}`)
    if (file.endsWith('.wxss')) style += text.replace(/(^|[\s,}])page(?=[\s,{])/g, '$1body')
    if (file.endsWith('.json') && !/^(project|sitemap)/.test(file)) settings[name] = JSON.parse(text)
  }
  if (faults.length) throw new Error(faults.join('\n'))
  const slot = new TmplGroup()
  slot.addTmpl('slot', '<slot />')
  return `export const templates = (() => { return ${group.getTmplGenObjectGroups()} })()\nexport const slots = (() => { return ${slot.getTmplGenObjectGroups()} })()\nexport const settings = ${JSON.stringify(settings)}\nexport const style = ${JSON.stringify(style)}\n`
}

/** Serves the mini-program in front of a platform. @param {string} platform Its address. @param {number} [port] */
export async function serve(platform, port = 0) {
  const easel = await readFile(require.resolve('glass-easel/dist/glass_easel.all.es.js'))
  const adapter = (await readFile(require.resolve('glass-easel-miniprogram-adapter/dist/glass_easel_miniprogram_adapter.es.js'), 'utf8')).replace(/from\s*["']glass-easel["']/g, 'from"/glass-easel.js"')
  /** @type {Record<string, string | Buffer>} */
  const made = { '/glass-easel.js': easel, '/adapter.js': adapter, '/bundle.js': await bundle(FOLDER) }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url || '/', 'http://x')
    try {
      if (/^\/(v1|demo)\//.test(pathname)) return await pass(platform, request, response)
      const file = pathname === '/' ? path.join(here, 'index.html') : pathname === '/runtime.js' ? path.join(here, 'runtime.js') : path.join(FOLDER, path.normalize(pathname.replace(/^\/mini/, '')))
      const content = made[pathname] || await readFile(file)
      response.writeHead(200, { 'content-type': TYPES[made[pathname] ? 'js' : path.extname(file).slice(1)] || 'text/plain' })
      response.end(content)
    } catch (failure) {
      response.writeHead(pathname.startsWith('/v1/') ? 502 : 404)
      response.end(String(failure))
    }
  })
  await new Promise(resolve => { server.listen(port, '127.0.0.1', () => resolve(null)) })
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { url: `http://127.0.0.1:${address.port}/`, close: () => { server.close(); server.closeAllConnections() } }
}

/** @param {string} platform @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function pass(platform, request, response) {
  const parts = []
  for await (const part of request) parts.push(part)
  const headers = { ...request.headers }
  // These are about the way to us, not to the platform.
  for (const name of ['host', 'connection', 'content-length', 'transfer-encoding']) delete headers[name]
  const answer = await fetch(platform + request.url, { method: request.method, headers: /** @type {Record<string, string>} */ (headers), body: parts.length ? Buffer.concat(parts) : undefined })
  const given = Object.fromEntries(answer.headers)
  for (const name of ['content-encoding', 'transfer-encoding', 'content-length']) delete given[name]
  response.writeHead(answer.status, given)
  response.end(Buffer.from(await answer.arrayBuffer()))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`mini-program: ${(await serve(process.argv[2], Number(process.argv[3] || 0))).url}`)
