// Photos as they are sent: no larger than what is done with them needs.

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
