// Files that people choose, and photos as they are sent: no larger than what is done with them needs.

import { h, icon } from './parts.js'

/** A button that has a file chosen, or a photo taken with `capture`.
 * @param {{ label: string, hint?: string, kind?: 'go' | 'plain', icon?: string, accept?: string, capture?: string, busy: boolean, chosen: (file: File) => void }} button */
export const fileButton = ({ label, hint, kind = 'plain', icon: name = 'camera', accept = 'image/*', capture, busy, chosen }) =>
  h('label', { class: `button ${kind} file`, 'aria-busy': busy ? 'true' : null }, icon(name), h('span', null, label),
    h('input', { type: 'file', 'aria-label': hint, accept, capture, disabled: busy, onchange: (/** @type {any} */ event) => {
      const [file] = event.target.files
      // So that the same one can be chosen again.
      event.target.value = ''
      if (file) chosen(file)
    } }))

/** A JPEG with no side longer than `side` pixels. @param {Blob} photo @param {number} side @returns {Promise<Blob>} */
export async function smaller(photo, side) {
  const picture = await createImageBitmap(photo).catch(() => { throw new Error('photo') })
  const scale = Math.min(1, side / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => canvas.toBlob(blob => blob ? resolve(blob) : reject(new Error('photo')), 'image/jpeg', 0.85))
}
