// Our own icons: strokes on a square of 24 units, in the colour of the text around them.

import { h } from './view.js'

/** @type {Record<string, string>} */
const PATHS = {
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  home: 'M4 11l8-7 8 7M6 9.5V20h12V9.5M10 20v-6h4v6',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  person: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  people: 'M9 11.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3 20c.6-3.6 3-5 6-5s5.4 1.4 6 5M16 4.8a3.5 3.5 0 010 6.4M17.5 15.2c2 .6 3.2 2 3.5 4.8',
  shield: 'M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5V6z',
  verified: 'M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5V6zM8.5 12l2.5 2.5 4.5-5',
  tick: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6L6 18',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17.3v.01',
  question: 'M9 9.2a3 3 0 115 2.2c-1.3 1-2 1.6-2 3.1M12 18v.01',
  clock: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5l3.5 2',
  calendar: 'M4 6h16v14H4zM4 10.5h16M8 3.5V8M16 3.5V8',
  place: 'M12 21c-4.5-4.8-7-8-7-11a7 7 0 0114 0c0 3-2.5 6.2-7 11zM12 12.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5z',
  aim: 'M12 18a6 6 0 100-12 6 6 0 000 12zM12 2.5V6M12 18v3.5M2.5 12H6M18 12h3.5',
  phone: 'M6 3.5h3.5L11 8 8.8 9.6a11 11 0 005.6 5.6L16 13l4.5 1.5V18c0 1.4-1.1 2.5-2.5 2.5C10 20.5 3.5 14 3.5 6c0-1.4 1.1-2.5 2.5-2.5z',
  camera: 'M3.5 8H8l1.5-2.5h5L16 8h4.5v11.5h-17zM12 17a3.5 3.5 0 100-7 3.5 3.5 0 000 7z',
  code: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM17.5 17.5H20V20h-2.5zM14 20h.01M20 14h.01',
  star: 'M12 4l2.5 5.1 5.6.8-4 4 .9 5.6-5-2.7-5 2.7.9-5.6-4-4 5.6-.8z',
  store: 'M4 10v10h16V10M3 10l2-6h14l2 6zM9.5 20v-5.5h5V20',
  bell: 'M6 17V11a6 6 0 1112 0v6l1.5 1.5h-15zM10 21h4',
  message: 'M4 5h16v11.5h-8L7.5 20.5v-4H4z',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  up: 'M5 15l7-7 7 7',
  down: 'M5 9l7 7 7-7',
  search: 'M11 18a7 7 0 100-14 7 7 0 000 14zM16 16l4.5 4.5',
  again: 'M19.5 12a7.5 7.5 0 11-2.2-5.3M19.5 3.5v4h-4',
  out: 'M14 4H5v16h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5',
  scales: 'M12 4v16M7 20h10M5 7h14M5 7l-2.5 6.5h5zM19 7l-2.5 6.5h5z',
  file: 'M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6',
  sound: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 010 6M18 6.5a8 8 0 010 11',
  mute: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  broom: 'M19.5 3.5L12 11M8 10l6 6M14 16c-1.5 3.5-5 4.7-10 4.5-.2-5 1-8.5 4-10.5',
  sparkle: 'M12 3l2 6.5L20.5 12 14 14l-2 7-2-7-6.5-2L10 9.5z',
  washer: 'M5 3.5h14v17H5zM5 8h14M8 5.8h.01M12 17.5a3.2 3.2 0 100-6.4 3.2 3.2 0 000 6.4z',
  pot: 'M4.5 10h15v5c0 3-2 5-5 5h-5c-3 0-5-2-5-5zM2.5 10h19M9 6.5V4M12 6.5V3.5M15 6.5V4',
  child: 'M12 20.5a8 8 0 100-16 8 8 0 000 16zM9 12v.01M15 12v.01M9 15.5c1.8 1.5 4.2 1.5 6 0M12 4.5c-.5-1.5.5-2.5 2-2',
  cradle: 'M4 9h16v4.5a6 6 0 01-6 6h-4a6 6 0 01-6-6zM4 9c0-3.5 3-5.5 6-5.5V9M6 20.5h12',
  heart: 'M12 20c-5.5-4-8.5-7.2-8.5-11A4.5 4.5 0 0112 6.7 4.5 4.5 0 0120.5 9c0 3.8-3 7-8.5 11z',
  bed: 'M3.5 5v15M3.5 16.5h17V20M20.5 16.5V13a3 3 0 00-3-3h-7v6.5M7 12.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3z',
}

/** By service. @type {Record<string, string>} */
export const SERVICE_ICONS = {
  cleaning: 'broom', deep_cleaning: 'sparkle', appliance_cleaning: 'washer', cooking: 'pot',
  childcare: 'child', maternity_care: 'cradle', elder_care: 'heart', live_in: 'bed',
}

/** An icon beside words, which say what it says. @param {string} name @param {string} [extra] Classes. */
export const icon = (name, extra = '') =>
  h('svg', { class: `icon ${extra}`, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, h('path', { d: PATHS[name] || PATHS.question }))
