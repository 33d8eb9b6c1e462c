// Where credit records come from, and how each batch of them went.

import { day, when } from '../../miniprogram/logic/format.js'
import { sourceName } from '../../miniprogram/logic/history.js'
import { authority as W, feedStatuses } from '../../miniprogram/logic/words/authority.js'
import { sections as names } from '../../miniprogram/logic/words/contract.js'
import { awaited, card, empty, facts, h, listed, note, paged, row, rows, say, sayOf, screen, tag } from '../parts.js'

/** @param {string} status */
const statusTag = status => tag(sayOf(feedStatuses, status), status === 'applied' ? 'good' : status === 'refused' ? 'bad' : 'warn')

export const feeds = screen(app => {
  const read = app.load(() => app.api.call('GET /v1/credit-feeds'), { isSpoken: true })
  return {
    title: () => say(W.feeds),
    back: 'lookup',
    view: () => awaited(read, ({ items }) => items.length === 0 ? empty({ icon: 'file', title: say(W.noFeeds) }) : items.map(({ source, sections, batches }) => card({ key: source, title: sourceName(source) },
      h('p', { class: 'say' }, listed(sections.map(section => sayOf(names, section)))),
      batches.length === 0 ? h('p', null, say(W.noBatches)) : rows(batches.map(batch => row({
        key: batch.batch_id, href: `#/feeds/${source}/${batch.batch_id}`, title: batch.batch_id, aside: statusTag(batch.status),
        detail: [when(batch.received_at, app.now()), batch.rejected_total > 0 && `${say(W.rowsRejected)} ${batch.rejected_total}`].filter(Boolean).join(' · '),
      }))))), 6),
  }
})

export const feed = screen((app, { source, batch_id }) => {
  const path = { source, batch_id }
  /** @type {Contract['FeedBatch'] | null} */
  let it = null
  const rejected = app.pages(async cursor => {
    const page = await app.api.call('GET /v1/credit-feeds/{source}/batches/{batch_id}', { path, query: { cursor } })
    it = page
    return { items: page.rejected, next_cursor: page.next_cursor }
  }, { isSpoken: true })
  return {
    title: () => say(W.feedTitle),
    back: 'feeds',
    view: () => it === null ? awaited(rejected, () => null, 6) : [
      card({ title: `${sourceName(it.source)} · ${it.batch_id}`, aside: statusTag(it.status) },
        it.detail && note('bad', it.detail),
        facts([[say(W.asOf), day(it.as_of, app.now())], [say(W.received), when(it.received_at, app.now())], [say(W.appliedAt), it.applied_at && when(it.applied_at, app.now())], [say(W.parts), say(W.partsOf, { received: it.parts_received, parts: it.parts })],
          [say(W.rowsAll), String(it.rows)], [say(W.rowsApplied), String(it.applied)], [say(W.rowsUnchanged), String(it.unchanged)], [say(W.rowsRejected), String(it.rejected_total)]])),
      it.rejected_total > 0 && card({ title: say(W.rowsRejected) }, paged(rejected, rows => h('ul', { class: 'said' }, rows.map(one => h('li', { key: one.line }, h('b', null, say(W.line, { line: one.line })), h('p', null, one.detail)))), null)),
    ],
  }
})
