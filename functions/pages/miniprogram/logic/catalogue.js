// The services that can be ordered, as the city has set them.

import { money } from './format.js'
import { named } from './words.js'

/** @param {import('./api.js').Client} api @returns {Promise<Contract['OfferedService'][]>} */
export const readServices = async api => (await api.call('GET /v1/services', { open: true })).items

/** `¥80–200`. @param {Contract['OfferedService']} service */
export const price = ({ price_fen: { from, to } }) => from === to ? money(from) : `${money(from)}–${money(to).slice(1)}`

/** The name of a service, as the city calls it. @param {Contract['OfferedService'][]} services @param {string} id */
export function serviceName(services, id) {
  const service = services.find(({ service }) => service === id)
  return service ? named(service.name) : ''
}
