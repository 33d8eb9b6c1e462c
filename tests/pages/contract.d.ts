// The API's operations as the pages' logic calls them, after `infra/openapi.yaml`: `GET /v1/orders/{order_id}` and so on; and the types
// that half of the pages' files name.

import type { components, paths } from './generated/contract'

type Methods = 'get' | 'post' | 'put' | 'patch' | 'delete'
type Paths = keyof paths & string

export type Operation = { [P in Paths]: { [M in Methods]: paths[P][M] extends { responses: unknown } ? `${Uppercase<M>} ${P}` : never }[Methods] }[Paths]

type Described<O> = O extends `${infer M} ${infer P}` ? P extends Paths ? Lowercase<M> extends keyof paths[P] ? paths[P][Lowercase<M>] : never : never : never
type Content<T> = T extends { content: { 'application/json': infer B } } ? B : T extends { content: Record<`image/${string}`, unknown> } ? Blob : null

/** What comes back with a status of success. */
export type Answered<O> = Described<O> extends { responses: infer R } ? { [S in keyof R & (200 | 201 | 202 | 204)]: Content<R[S]> }[keyof R & (200 | 201 | 202 | 204)] : never
export type Body<O> = Described<O> extends { requestBody?: infer B } ? Content<NonNullable<B>> : never
export type Input<O> =
  & (Described<O> extends { parameters: { path: infer P } } ? { path: P } : { path?: undefined })
  & (Described<O> extends { parameters: { query?: infer Q } } ? { query?: { [K in keyof Q]?: Q[K] | null } } : { query?: undefined })
  & { body?: Body<O> }

declare global {
  /** What the API's bodies are made of, by name: `Contract['Order']`. */
  type Contract = components['schemas']
  type Words = import('../../functions/pages/miniprogram/logic/words.js').Words
  type Tone = import('../../functions/pages/miniprogram/logic/record.js').Tone
}
