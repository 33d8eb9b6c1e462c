// Places in China as WeChat's maps show them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gcj02 } from '../../functions/pages/miniprogram/logic/datum.js'

/** WGS-84 and GCJ-02, from the test data of coordtransform and eviltransform, as in `shared/domain/src/geo/datum.rs`.
 * @type {[string, [number, number], [number, number]][]} */
const PUBLISHED = [
  ['Beijing', [39.915, 116.404], [39.91640428150164, 116.41024449916938]],
  ['Shanghai', [31.1774276, 121.5272106], [31.17530398364597, 121.531541859215]],
  ['Shenzhen', [22.543847, 113.912316], [22.540796131694766, 113.9171764808363]],
]

test('A place is where the published conversions have it, to a metre', () => {
  for (const [name, [lat, lon], [toLat, toLon]] of PUBLISHED) {
    const shown = gcj02({ lat, lon })
    assert.ok(Math.hypot(shown.lat - toLat, shown.lon - toLon) < 1e-5, name)
  }
  assert.deepEqual(gcj02({ lat: 48.85, lon: 2.35 }), { lat: 48.85, lon: 2.35 }, 'Paris is not shifted')
})
