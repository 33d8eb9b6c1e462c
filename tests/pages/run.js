// Starts a platform of its own and runs the page tests against it: `node run.js [FILE…]`. `HOMEHAIL` is the binary;
// `HOMEHAIL_URL` is a platform that runs already, without caps.

import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const flows = path.join(here, 'flows')
const platform = process.env.HOMEHAIL_URL ? { url: process.env.HOMEHAIL_URL, stop: async () => {} } : await started()
const files = process.argv.length > 2 ? process.argv.slice(2) : (await readdir(flows)).filter(name => name.endsWith('.test.js')).map(name => path.join(flows, name))
const began = Date.now()
// Two files at a time, where Node can be told so: they share the city's few workers.
const atOnce = Number(process.versions.node.split('.')[0]) >= 20 ? [`--test-concurrency=${Math.min(2, availableParallelism())}`] : []
const tests = spawn(process.execPath, ['--test', ...atOnce, '--test-reporter=spec', ...files], {
  stdio: 'inherit', cwd: here, env: { ...process.env, HOMEHAIL_URL: platform.url },
})
process.exitCode = await new Promise(resolve => tests.once('close', code => resolve(code ?? 1)))
await platform.stop()
console.log(`page tests: ${Math.round((Date.now() - began) / 1000)} s`)

async function started() {
  const data = await mkdtemp(path.join(tmpdir(), 'homehail-pages-'))
  const binary = process.env.HOMEHAIL || path.join(here, '../../target/debug/homehail')
  const began = Date.now()
  // Every test comes from one address, which the caps would slow down.
  const child = spawn(binary, ['--port', '0', '--data-dir', data, '--caps', 'off'], { stdio: ['ignore', 'pipe', 'ignore'] })
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    child.stdout.once('data', line => resolve(String(line).trim().split(' ')[1]))
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`the platform has ended with ${code}`)))
  })
  console.log(`platform: ready after ${Math.round((Date.now() - began) / 1000)} s`)
  return {
    url,
    async stop() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill()
      await ended
      await rm(data, { recursive: true })
    },
  }
}
