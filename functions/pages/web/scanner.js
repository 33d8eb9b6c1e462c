// Reads QR codes by the camera, where the browser can: Chrome on Android does, Safari does not.

import { site as W } from '../miniprogram/logic/words/site.js'
import { button, h, note, say } from './parts.js'

/** @param {App} app @param {(text: string) => void} found */
export function scanner(app, found) {
  const Detector = /** @type {any} */ (window).BarcodeDetector
  /** @type {MediaStream | null} */
  let stream = null
  let hasFailed = false
  const stop = () => {
    stream?.getTracks().forEach(track => track.stop())
    stream = null
    app.update()
  }
  const begin = async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
    } catch {
      hasFailed = true
    }
    app.update()
  }
  const look = async (/** @type {HTMLVideoElement} */ video) => {
    const detector = new Detector({ formats: ['qr_code'] })
    while (stream && video.isConnected) {
      const [code] = await detector.detect(video).catch(() => [])
      if (code) {
        stop()
        return found(code.rawValue)
      }
      await app.api.wait(200)
    }
    stop()
  }
  return {
    isThere: !!Detector,
    view: () => !Detector ? null : stream
      ? h('div', { class: 'camera' }, h('video', { autoplay: true, playsinline: true, muted: true, srcObject: stream, 'aria-label': say(W.scanHint), made: look }), button({ label: say(W.stopScan), onclick: stop }))
      : [hasFailed && note('warn', say(W.noCamera)), button({ label: say(W.scanHere), kind: 'go', icon: 'code', onclick: begin })],
  }
}
