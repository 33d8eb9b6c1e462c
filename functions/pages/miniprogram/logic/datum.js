// GCJ-02, the datum of WeChat's maps, for places that the API gives in WGS-84. The formulas are those of `shared/domain/src/geo/datum.rs`.

const A = 6378245
const EE = 0.006693421622965943

/** @param {{ lat: number, lon: number }} place In WGS-84. @returns {{ lat: number, lon: number }} */
export function gcj02({ lat, lon }) {
  // Outside of this rectangle nothing is shifted.
  if (!(lat >= 0.8293 && lat <= 55.8271 && lon >= 72.004 && lon <= 137.8347)) return { lat, lon }
  const [x, y] = [lon - 105, lat - 35]
  const wave = (/** @type {number} */ height, /** @type {number} */ turns) => height * Math.sin(turns * Math.PI)
  const along = wave(20, 6 * x) + wave(20, 2 * x)
  const north = wave(20, y) + wave(40, y / 3) + wave(160, y / 12) + wave(320, y / 30)
  const east = wave(20, x) + wave(40, x / 3) + wave(150, x / 12) + wave(300, x / 30)
  const root = Math.sqrt(Math.abs(x))
  const northMetres = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (along + north) * 2 / 3
  const eastMetres = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (along + east) * 2 / 3
  const angle = lat * Math.PI / 180
  const w = 1 - EE * Math.sin(angle) ** 2
  return { lat: lat + northMetres / (A * (1 - EE) / (w * Math.sqrt(w))) * 180 / Math.PI, lon: lon + eastMetres / (A / Math.sqrt(w) * Math.cos(angle)) * 180 / Math.PI }
}
