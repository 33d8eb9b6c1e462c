// Geohash cells, and how they are drawn on a map without a tile server: north is up, a degree of longitude as wide as it is in Harbin.

const DIGITS = '0123456789bcdefghjkmnpqrstuvwxyz'

/** @typedef {{ west: number, south: number, east: number, north: number }} Box In degrees, WGS-84. */

/** The box of a geohash. @param {string} hash @returns {Box} */
export function cell(hash) {
  const box = { west: -180, south: -90, east: 180, north: 90 }
  let evens = true
  for (const letter of hash) {
    const digit = DIGITS.indexOf(letter)
    for (let bit = 16; bit >= 1; bit /= 2) {
      const high = (digit & bit) !== 0
      if (evens) {
        const middle = (box.west + box.east) / 2
        if (high) box.west = middle
        else box.east = middle
      } else {
        const middle = (box.south + box.north) / 2
        if (high) box.south = middle
        else box.north = middle
      }
      evens = !evens
    }
  }
  return box
}

/** @param {Box} box */
export const centre = box => ({ lat: (box.south + box.north) / 2, lon: (box.west + box.east) / 2 })

/** A map of what lies in `box`, `width` units wide.
 * @param {Box} box @param {number} width */
export function map(box, width) {
  const squeeze = Math.cos(((box.south + box.north) / 2) * Math.PI / 180)
  const scale = width / ((box.east - box.west) * squeeze)
  const x = (/** @type {number} */ lon) => round((lon - box.west) * squeeze * scale)
  const y = (/** @type {number} */ lat) => round((box.north - lat) * scale)
  return {
    height: Math.ceil((box.north - box.south) * scale),
    x,
    y,
    /** The place at a point of the drawing. @param {number} px @param {number} py */
    place: (px, py) => ({ lat: box.north - py / scale, lon: box.west + px / (squeeze * scale) }),
    /** How many units a distance in metres is. @param {number} metres */
    metres: metres => round(metres / 111195 * scale),
  }
}

/** The box around these places, with a margin in degrees. @param {{ lat: number, lon: number }[]} places @param {number} margin @returns {Box} */
export function around(places, margin) {
  const [lats, lons] = [places.map(place => place.lat), places.map(place => place.lon)]
  return { west: Math.min(...lons) - margin, south: Math.min(...lats) - margin, east: Math.max(...lons) + margin, north: Math.max(...lats) + margin }
}

/** @param {number} number */
const round = number => Math.round(number * 10) / 10
