// Times, money and distances, as people read them. Days are those of the city: China has one zone, 8 h ahead of UTC, without summer time.

import { spoken } from './words.js'

const ZONE = 8 * 3600000
export const DAY = 86400000
const WEEKDAYS = ['日', '一', '二', '三', '四', '五', '六']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** @param {number} number */
const two = number => String(number).padStart(2, '0')

/** `00:00`, `00:30` and so on: what something can begin or end at. */
export const clockTimes = Array.from({ length: 48 }, (_, half) => `${two(Math.floor(half / 2))}:${half % 2 ? '30' : '00'}`)

/** @param {string | number} time */
const local = time => new Date((typeof time === 'number' ? time : Date.parse(time)) + ZONE)

/** The number of the day, counted from 1970, in the city. @param {string | number} time */
const dayOf = time => Math.floor(local(time).getTime() / DAY)

/** `2026-12-01`, the day in the city. @param {string | number} time */
export const isoDay = time => local(time).toISOString().slice(0, 10)

/** The moment of a day and a clock time in the city: `2026-12-01`, `14:00`. @param {string} day @param {string} clock */
export const moment = (day, clock) => `${day}T${clock}:00+08:00`

/** `14:05`. @param {string | number} time */
export function clockTime(time) {
  const at = local(time)
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
}

/** `今天`, `明天`, `12月3日 周四`; with the year where it is another one. @param {string | number} time @param {number} now */
export function day(time, now) {
  const at = local(time)
  const zh = spoken() === 'zh'
  const away = dayOf(time) - dayOf(now)
  if (away === 0) return zh ? '今天' : 'today'
  if (away === 1) return zh ? '明天' : 'tomorrow'
  if (away === -1) return zh ? '昨天' : 'yesterday'
  const [year, month, date, weekday] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCDay()]
  const other = year !== local(now).getUTCFullYear()
  return zh
    ? `${other ? `${year}年` : ''}${month + 1}月${date}日 周${WEEKDAYS[weekday]}`
    : `${DAYS[weekday]} ${date} ${MONTHS[month]}${other ? ` ${year}` : ''}`
}

/** `明天 14:00`. @param {string | number} time @param {number} now */
export const when = (time, now) => `${day(time, now)} ${clockTime(time)}`

/** `14:00–16:00`, on one line. @param {string} from @param {string} until */
export const timeSpan = (from, until) => `${from}–\u2060${until}`

/** `明天 14:00–16:00`. @param {string} start @param {number} minutes @param {number} now */
export const visitTime = (start, minutes, now) => `${day(start, now)} ${timeSpan(clockTime(start), clockTime(Date.parse(start) + minutes * 60000))}`

/** `2 小时 30 分钟`, each number on one line with its unit. @param {number} minutes */
export function span(minutes) {
  const zh = spoken() === 'zh'
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  const parts = [hours && (zh ? `${hours}\u00a0小时` : `${hours}\u00a0h`), rest && (zh ? `${rest}\u00a0分钟` : `${rest}\u00a0min`)]
  return parts.filter(Boolean).join(' ')
}

/** What is left of a time, as a clock counts down: `2:05`, `1:02:05`. @param {number} ms */
export function countdown(ms) {
  const left = Math.max(0, Math.ceil(ms / 1000))
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60]
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

/** `¥120`, `¥120.50`. @param {number} fen */
export const money = fen => `¥${fen % 100 ? (fen / 100).toFixed(2) : fen / 100}`

/** `300 米`, `1.2 公里`. @param {number} metres */
export function distance(metres) {
  const zh = spoken() === 'zh'
  if (metres < 1000) return zh ? `${metres} 米` : `${metres} m`
  const km = (metres / 1000).toFixed(1).replace(/\.0$/, '')
  return zh ? `${km} 公里` : `${km} km`
}

/** A phone number as it is read aloud, on one line: `139 1234 5678`. @param {string} phone */
export const phoneText = phone => phone.replace(/^(\d{3})(\d{4})(\d{4})$/, '$1\u00a0$2\u00a0$3')

/** What was typed, with plain digits and signs for full-width ones. @param {string} text */
export const plain = text => text.replace(/[！-～]/g, sign => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))

/** A Chinese mobile number as people type it: with spaces, dashes, +86 or in full width. @param {string} text */
export const isPhone = text => /^(\+?86)?1[3-9]\d{9}$/.test(plain(text).replace(/[\s-]/g, ''))

/** An ID number of which only the ends are shown, short enough for a phone: `2 •••• 9`. @param {string} number */
export const masked = number => number.replace(/\*+/, ' •••• ')
