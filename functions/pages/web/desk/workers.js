// An agency's workers, and who of them could come: by skill, strength and free time.

import { clockTimes, isoDay, moment } from '../../miniprogram/logic/format.js'
import { standingReading } from '../../miniprogram/logic/record.js'
import { standings } from '../../miniprogram/logic/words/contract.js'
import { desk as W } from '../../miniprogram/logic/words/desk.js'
import { isWide } from '../app.js'
import { formOf } from '../form.js'
import { button, buttonLink, empty, h, listed, named, paged, rows, say, sayOf, tag } from '../parts.js'
import { initial, listScreen } from './reading.js'
import { deskScreen } from './watch.js'
import { workerDetail } from './worker.js'
import { registering } from './worker-form.js'

export const workers = deskScreen((app, watch, params) => {
  const search = formOf(app, { find: '', skill: '', tag: '', day: '', from: '09:00', until: '12:00' })
  let isSearching = false
  const query = () => {
    const { skill, tag, day, from, until } = search.values
    const isTimed = /^20\d\d-/.test(day) && from < until
    return { skill: /** @type {Contract['Service'] | null} */ (skill || null), tag: tag || null, free_from: isTimed ? moment(day, from) : null, free_until: isTimed ? moment(day, until) : null }
  }
  let asked = JSON.stringify(query())
  const list = app.pages(cursor => app.api.call('GET /v1/workers', { query: { ...query(), limit: 50, cursor } }))
  return listScreen(app, params, {
    title: id => say(id === 'new' ? W.newWorker : W.workers),
    list: 'workers', none: W.chooseWorker, detail: (id, app) => id === 'new' ? registering(app, watch, list.again) : workerDetail(app, watch, id, list.again),
    view: ({ pick, beside }) => beside([tools(), paged(list, () => found().length ? rows(found().map(worker => pick(one(worker)))) : !list.hasMore && nobody(), nobody())]),
  })

  function found() {
    const find = search.values.find.trim()
    return (list.value || []).filter(one => !find || one.name?.includes(find))
  }

  /** Who is looked for may be on a later page. */
  async function readOn() {
    while (!found().length && list.hasMore && !list.busy && !list.problem) await list.more()
  }

  function again() {
    const now = JSON.stringify(query())
    if (now === asked) return
    asked = now
    list.anew()
  }

  function tools() {
    const tags = watch.services.filter(service => !search.values.skill || service.service === search.values.skill).flatMap(service => service.tags)
    const [skills, unique] = [watch.services.map(({ service, name }) => ({ value: service, label: named(name) })), new Map(tags.map(tag => [tag.tag, named(tag.name)]))]
    const hours = clockTimes.filter(time => time >= '06:00' && time <= '23:00').map(value => ({ value, label: value }))
    return h('div', { class: 'filters', onchange: () => queueMicrotask(again) },
      h('div', { class: 'buttons' }, watch.may('workers') && watch.isApproved() && buttonLink({ label: say(W.newWorker), href: '#/workers/new', kind: 'plain', icon: 'plus' }),
        button({ label: say(W.filter), kind: 'quiet', icon: isSearching ? 'up' : 'down', onclick: () => { isSearching = !isSearching; app.update() } })),
      search.text('find', { label: say(W.personName), optional: true, autocomplete: 'off', maxlength: 50, oninput: readOn }),
      isSearching && h('div', { class: 'pair' },
        search.select('skill', { label: say(W.skill), optional: true, options: [{ value: '', label: say(W.anySkill) }, ...skills] }),
        search.select('tag', { label: say(W.tagOf), optional: true, options: [{ value: '', label: say(W.anySkill) }, ...[...unique].map(([value, label]) => ({ value, label }))] }),
        search.text('day', { label: say(W.freeWhen), type: 'date', optional: true, min: isoDay(app.now()) }),
        search.values.day && h('div', { class: 'two' }, search.select('from', { label: say(W.from), options: hours }), search.select('until', { label: say(W.until), options: hours }))))
  }

  /** @param {Contract['WorkerSummary']} one */
  function one(one) {
    const { word, tone } = standingReading(one.standing)
    return {
      id: one.worker_id, lead: initial(one.name), title: one.name || say(W.erased),
      detail: listed(one.skills.map(watch.serviceName)),
      aside: one.status === 'approved' ? tag(word, tone) : tag(sayOf(standings, one.status), one.status === 'pending' ? 'warn' : 'bad'),
    }
  }

  function nobody() {
    const isAsked = Object.values(query()).some(Boolean) || search.values.find
    if (isAsked) return empty({ icon: 'search', title: say(W.noSuchWorker), detail: say(W.noSuchWorkerDetail) })
    return empty({ icon: 'people', title: say(W.noWorkers), detail: say(W.noWorkersDetail), action: watch.may('workers') && !isWide() && buttonLink({ label: say(W.newWorker), href: '#/workers/new', kind: 'go' }) })
  }
})
