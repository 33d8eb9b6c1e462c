// A map that only shows: pins among the places that everybody knows.

import { centre, map } from '../miniprogram/logic/area.js'
import { CITY } from '../miniprogram/logic/city.js'
import { named } from '../miniprogram/logic/words.js'
import { h } from './view.js'

/** @typedef {{ lat: number, lon: number }} Place */

/** How high it is for its width. */
const SHAPE = 0.62
/** At least so many degrees of longitude are shown: some streets. */
const NARROWEST = 0.06

/** @param {{ place: Place, kind: string }[]} pins `kind` is `pin` or `pin hollow`. @param {Place[]} others What is to be seen too. @param {string} label @param {number} [width] */
export function stillMap(pins, others, label, width = 360) {
  const shown = [...pins.map(({ place }) => place), ...others]
  const [lats, lons] = [shown.map(({ lat }) => lat), shown.map(({ lon }) => lon)]
  const middle = centre({ west: Math.min(...lons), east: Math.max(...lons), south: Math.min(...lats), north: Math.max(...lats) })
  const squeeze = Math.cos(middle.lat * Math.PI / 180)
  // A third more than what has to be seen, so that pins and names have room.
  const across = 1.35 * Math.max(NARROWEST, Math.max(...lons) - Math.min(...lons), (Math.max(...lats) - Math.min(...lats) + 0.01) / SHAPE / squeeze)
  const [half, tall] = [across / 2, across / 2 * SHAPE * squeeze]
  const box = { west: middle.lon - half, east: middle.lon + half, south: middle.lat - tall, north: middle.lat + tall }
  const drawn = map(box, width)
  const places = CITY.places.filter(({ lat, lon }) => Math.abs(lat - middle.lat) < tall * 0.9 && lon > box.west && lon < box.west + across * 0.85)
  return h('div', { class: 'map', key: 'map' }, h('svg', { viewBox: `0 0 ${width} ${Math.round(width * SHAPE)}`, role: 'img', 'aria-label': label, class: 'still' },
    h('rect', { width, height: Math.round(width * SHAPE), class: 'land' }),
    h('path', { class: 'river', d: `M${CITY.river.map(([lon, lat]) => `${drawn.x(lon)} ${drawn.y(lat)}`).join('L')}` }),
    places.map(one => h('g', { key: one.name.en, transform: `translate(${drawn.x(one.lon)} ${drawn.y(one.lat)})` }, h('circle', { r: 3 }), h('text', { x: 7, y: 5 }, named(one.name)))),
    pins.map(({ place, kind }) => h('g', { key: kind, class: kind, transform: `translate(${drawn.x(place.lon)} ${drawn.y(place.lat)})` }, h('path', { d: 'M0 0C-16-20-20-28-20-38a20 20 0 0140 0C20-28 16-20 0 0z' }), h('circle', { cy: -38, r: 7 })))))
}
