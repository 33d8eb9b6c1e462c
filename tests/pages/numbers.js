// Numbers of agencies and of people that nobody else has, with their check characters.

/** @param {number} below @param {number} digits */
const random = (below, digits) => String(Math.floor(Math.random() * below)).padStart(digits, '0')

/** A unified social credit code (GB 32100). */
export function creditCode() {
  const characters = '0123456789ABCDEFGHJKLMNPQRTUWXY'
  const body = `91230100MA${random(1e7, 7)}`
  const sum = [...body].reduce((sum, character, at) => sum + characters.indexOf(character) * (3 ** at % 31), 0)
  return body + characters[(31 - sum % 31) % 31]
}

/** A resident's ID number (GB 11643). */
export function idNumber() {
  const month = 1 + Number(random(12, 1))
  const digits = `230102${1970 + Number(random(30, 1))}${String(month).padStart(2, '0')}${String(1 + Number(random(28, 1))).padStart(2, '0')}${random(1000, 3)}`
  const sum = [...digits].reduce((sum, digit, at) => sum + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][at], 0)
  return digits + '10X98765432'[sum % 11]
}
