// What is drawn of the city where there is no map: Harbin's districts and some places that everybody knows, WGS-84, to some 100 m.

/** `zoom`: from which on it is shown. @typedef {{ name: { zh: string, en: string }, lat: number, lon: number, zoom: number }} NamedPlace */

export const CITY = {
  centre: { lat: 45.757, lon: 126.642 },
  /** The Songhua, as longitude and latitude. @type {[number, number][]} */
  river: [[126.2, 45.66], [126.36, 45.7], [126.47, 45.745], [126.55, 45.77], [126.6, 45.785], [126.64, 45.795], [126.69, 45.81], [126.75, 45.84], [126.83, 45.87], [126.95, 45.9], [127.1, 45.93]],
  /** @type {NamedPlace[]} */
  places: [
    { name: { zh: '道里区', en: 'Daoli' }, lat: 45.7557, lon: 126.6169, zoom: 0 },
    { name: { zh: '南岗区', en: 'Nangang' }, lat: 45.7595, lon: 126.6687, zoom: 2 },
    { name: { zh: '道外区', en: 'Daowai' }, lat: 45.7919, lon: 126.6494, zoom: 1 },
    { name: { zh: '香坊区', en: 'Xiangfang' }, lat: 45.7077, lon: 126.6626, zoom: 1 },
    { name: { zh: '平房区', en: 'Pingfang' }, lat: 45.5976, lon: 126.6372, zoom: 0 },
    { name: { zh: '松北区', en: 'Songbei' }, lat: 45.8028, lon: 126.5166, zoom: 0 },
    { name: { zh: '呼兰区', en: 'Hulan' }, lat: 45.8891, lon: 126.5877, zoom: 0 },
    { name: { zh: '阿城区', en: 'Acheng' }, lat: 45.5486, lon: 126.9584, zoom: 0 },
    { name: { zh: '双城区', en: 'Shuangcheng' }, lat: 45.3833, lon: 126.3125, zoom: 0 },
    { name: { zh: '中央大街', en: 'Central Street' }, lat: 45.7739, lon: 126.6128, zoom: 3 },
    { name: { zh: '哈尔滨站', en: 'Harbin Station' }, lat: 45.7605, lon: 126.6266, zoom: 3 },
    { name: { zh: '哈尔滨西站', en: 'Harbin West Station' }, lat: 45.7069, lon: 126.5756, zoom: 2 },
    { name: { zh: '秋林公司', en: 'Churin' }, lat: 45.7567, lon: 126.6437, zoom: 3 },
    { name: { zh: '太阳岛', en: 'Sun Island' }, lat: 45.7897, lon: 126.5923, zoom: 3 },
    { name: { zh: '群力', en: 'Qunli' }, lat: 45.7377, lon: 126.5517, zoom: 2 },
    { name: { zh: '哈工大', en: 'Harbin Institute of Technology' }, lat: 45.7437, lon: 126.6316, zoom: 3 },
    { name: { zh: '会展中心', en: 'Convention Centre' }, lat: 45.7576, lon: 126.6889, zoom: 3 },
  ],
}

/** The named place that is nearest. @param {{ lat: number, lon: number }} to */
export function nearest(to) {
  const apart = (/** @type {NamedPlace} */ place) => Math.hypot(place.lat - to.lat, (place.lon - to.lon) * Math.cos(to.lat * Math.PI / 180))
  return CITY.places.reduce((best, place) => apart(place) < apart(best) ? place : best)
}
