// Maps without a tile server: the river, the places that everybody knows, and pins among them. One only shows, on the other a place
// is picked.

import { centre, map } from '../miniprogram/logic/area.js'
import { CITY, nearest } from '../miniprogram/logic/city.js'
import { distance } from '../miniprogram/logic/format.js'
import { placing as W } from '../miniprogram/logic/words/placing.js'
import { button, h, icon, named, say } from './parts.js'

/** @typedef {{ lat: number, lon: number }} Place */
/** @typedef {{ left: number, right: number, top: number, bottom: number }} Box */

/** How wide maps are drawn. */
export const WIDTH = 360
/** How high it is for its width. */
const SHAPE = 0.62
/** At least so many degrees of longitude are shown: some streets. */
const NARROWEST = 0.06
/** How large names are: 18 px on a phone in large print. */
export const LETTER = 22

/** @param {{ place: Place, kind: string }[]} pins `kind` is `pin` or `pin hollow`. @param {Place[]} others What is to be seen too. @param {string} label */
export function stillMap(pins, others, label) {
  const shown = [...pins.map(({ place }) => place), ...others]
  const [lats, lons] = [shown.map(({ lat }) => lat), shown.map(({ lon }) => lon)]
  const middle = centre({ west: Math.min(...lons), east: Math.max(...lons), south: Math.min(...lats), north: Math.max(...lats) })
  const squeeze = Math.cos(middle.lat * Math.PI / 180)
  // A third more than what has to be seen, so that pins and names have room.
  const across = 1.35 * Math.max(NARROWEST, Math.max(...lons) - Math.min(...lons), (Math.max(...lats) - Math.min(...lats) + 0.01) / SHAPE / squeeze)
  const [half, tall] = [across / 2, across / 2 * SHAPE * squeeze]
  const box = { west: middle.lon - half, east: middle.lon + half, south: middle.lat - tall, north: middle.lat + tall }
  const drawn = map(box, WIDTH)
  const height = Math.round(WIDTH * SHAPE)
  return h('div', { class: 'map', key: 'map' }, h('svg', { viewBox: `0 0 ${WIDTH} ${height}`, 'font-size': LETTER, role: 'img', 'aria-label': label, class: 'still' },
    ground(drawn, height, [...CITY.places.filter(place => others.includes(place)), ...CITY.places], []), pins.map(({ place, kind }) => pinAt(drawn, place, kind))))
}

/** What pins stand on, with the names that have room, the first ones above all. @param {Pick<ReturnType<typeof map>, 'x' | 'y'>} drawn @param {number} height
 * @param {import('../miniprogram/logic/city.js').NamedPlace[]} places @param {Box[]} taken Where no name can stand. */
export function ground(drawn, height, places, taken) {
  const names = places.map(place => ({ key: place.name.en, words: named(place.name), x: drawn.x(place.lon), y: drawn.y(place.lat) })).filter(({ words, x, y }) => {
    const letters = [...words].reduce((length, letter) => length + (letter > '\u2e80' ? LETTER : 0.6 * LETTER), 0)
    const box = { left: x - 3, right: x + 7 + letters, top: y - LETTER, bottom: y + LETTER / 2 }
    const hasRoom = box.left > 0 && box.right < WIDTH && box.top > 0 && box.bottom < height && !taken.some(other => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)
    if (hasRoom) taken.push(box)
    return hasRoom
  })
  return [
    h('rect', { width: WIDTH, height, class: 'land' }),
    h('path', { class: 'river', d: `M${CITY.river.map(([lon, lat]) => `${drawn.x(lon)} ${drawn.y(lat)}`).join('L')}` }),
    names.map(({ key, words, x, y }) => h('g', { key, transform: `translate(${x} ${y})` }, h('circle', { r: 3 }), h('text', { x: 7, y: 7 }, words))),
  ]
}

/** A line with its length, at the bottom left. @param {ReturnType<typeof map>} drawn @param {number} bottom */
export function scaleOf(drawn, bottom) {
  const metres = [20000, 10000, 5000, 2000, 1000, 500, 200].find(metres => drawn.metres(metres) < WIDTH / 4) || 100
  return [h('path', { class: 'scale', d: `M14 ${bottom - 16}v6h${drawn.metres(metres)}v-6` }), h('text', { x: 16, y: bottom - 20 }, distance(metres))]
}

/** @param {ReturnType<typeof map>} drawn @param {Place} place @param {string} kind */
const pinAt = (drawn, { lat, lon }, kind) => h('g', { key: kind, class: kind, transform: `translate(${drawn.x(lon)} ${drawn.y(lat)})` },
  h('path', { d: 'M0 0C-16-20-20-28-20-38a20 20 0 0140 0C20-28 16-20 0 0z' }), h('circle', { cy: -38, r: 7 }))

const HEIGHT = 300
/** What is over the map. */
const TOOLS = { left: 295, right: WIDTH, top: 0, bottom: 115 }
const SCALE = { left: 0, right: 110, top: HEIGHT - 42, bottom: HEIGHT }
/** How much of a degree of longitude is shown, from the whole city to a few streets. */
const SPANS = [1.2, 0.6, 0.3, 0.12, 0.05, 0.02]

/** A map to pick a place on. @param {App} app @param {Place | null} before @param {(location: Contract['Location'], near: string) => void} taken @param {Words} [help] */
export function placeMap(app, before, taken, help = W.mapHelp) {
  let pin = before ? { lat: before.lat, lon: before.lon } : null
  let middle = pin || CITY.centre
  let zoom = pin ? 4 : 2
  const move = (/** @type {number} */ x, /** @type {number} */ y) => {
    const step = SPANS[zoom] / 4
    // The arrows set and move the pin: so it needs no mouse.
    const from = pin || middle
    middle = { lat: from.lat + y * step / 2, lon: from.lon + x * step / 2 }
    pin = middle
    app.update()
  }
  const zoomTo = (/** @type {number} */ to) => { zoom = Math.min(SPANS.length - 1, Math.max(0, to)); if (pin) middle = pin; app.update() }
  return () => {
    const half = SPANS[zoom] / 2
    const tall = half * HEIGHT / WIDTH * Math.cos(middle.lat * Math.PI / 180)
    const drawn = map({ west: middle.lon - half, east: middle.lon + half, south: middle.lat - tall, north: middle.lat + tall }, WIDTH)
    const pick = (/** @type {MouseEvent} */ event) => {
      const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect()
      pin = drawn.place((event.clientX - box.left) * WIDTH / box.width, (event.clientY - box.top) * HEIGHT / box.height)
      middle = pin
      if (zoom < 4) zoom++
      app.update()
    }
    return h('div', { class: 'map', key: 'map' }, h('p', { class: 'hint' }, say(help)),
      h('div', { class: 'map-frame' },
        h('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'font-size': LETTER, role: 'img', 'aria-label': say(W.mapLabel), onclick: pick },
          ground(drawn, HEIGHT, CITY.places.filter(place => place.zoom <= zoom), [TOOLS, SCALE]),
          scaleOf(drawn, HEIGHT),
          pin && pinAt(drawn, pin, 'pin')),
        h('div', { class: 'map-tools' },
          tool('plus', say(W.zoomIn), () => zoomTo(zoom + 1)), tool('minus', say(W.zoomOut), () => zoomTo(zoom - 1)))),
      h('div', { class: 'buttons' }, tool('up', say(W.north), () => move(0, 1)), tool('down', say(W.south), () => move(0, -1)), tool('back', say(W.west), () => move(-1, 0)), tool('next', say(W.east), () => move(1, 0))),
      h('div', { class: 'buttons' }, button({ label: say(W.takePlace), kind: 'plain', icon: 'tick', disabled: !pin, onclick: () => { if (pin) taken({ ...rounded(pin), datum: 'wgs84' }, named(nearest(pin).name)) } })))
  }
}

/** @param {string} name @param {string} label @param {() => void} onclick */
const tool = (name, label, onclick) => h('button', { type: 'button', class: 'map-tool', 'aria-label': label, onclick }, icon(name))

/** To a metre or so. @param {Place} place */
const rounded = ({ lat, lon }) => ({ lat: Math.round(lat * 1e5) / 1e5, lon: Math.round(lon * 1e5) / 1e5 })
