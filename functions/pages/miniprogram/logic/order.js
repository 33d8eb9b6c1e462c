// How an order reads to its customer, on any screen.

import { serviceName } from './catalogue.js'
import { distance, when } from './format.js'
import { say, sayOf } from './words.js'
import { orderStatuses } from './words/contract.js'

/** @typedef {Pick<Contract['Order'], 'status' | 'settling' | 'grab_deadline' | 'claim'>} AnyOrder */

/** @satisfies {Record<string, Words>} */
const W = {
  looking: ['正在寻找家政公司', 'Looking for an agency'],
  lookingDetail: ['附近的公司正在抢单，时间一到还没有人抢，平台会为您指派一家。', 'Agencies nearby can grab your order. If none does in time, the platform assigns one.'],
  settling: ['正在为您指派家政公司', 'Choosing an agency for you'],
  settlingDetail: ['没有公司抢单，平台正在挑选一家信用好的公司。', 'No agency has grabbed it, so the platform is choosing one in good standing.'],
  claimed: ['{agency}已接单', '{agency} has your order'],
  claimedDetail: ['公司正在安排服务员。', 'The agency is naming a worker.'],
  staffed: ['服务员已安排好', 'Your worker is named'],
  staffedDetail: ['上门时请先核验她的诚信服务卡，再让她进门。', 'When she comes, check her badge before you let her in.'],
  in_service: ['正在服务', 'In service'],
  in_serviceDetail: ['做完后请在这里确认完成。', 'When the work is done, say so here.'],
  completed: ['服务已完成', 'Completed'],
  completedDetail: ['请评价这次服务，帮助后来的人。', 'Please rate the visit, for those who come after you.'],
  rated: ['服务已完成，谢谢您的评价', 'Completed. Thank you for rating'],
  cancelled: ['订单已取消', 'Cancelled'],
  unfilled: ['没有公司能接这个订单', 'No agency could take this order'],
  unfilledDetail: ['换个时间再试，往往就有公司能来。', 'Another time often works. Please try again.'],
  placed: ['您下了单', 'You placed the order'],
  offered: ['已通知附近的家政公司', 'Agencies nearby were asked'],
  offeredTo: ['已通知 {radius}内的 {count} 家公司', 'Agencies asked within {radius}: {count}'],
  asking: ['正在通知附近的公司…', 'Asking the agencies nearby…'],
  asked: ['已询问 {radius}内的 {count} 家公司', 'Agencies asked within {radius}: {count}'],
  claimedBy: ['{agency}接单', '{agency} took the order'],
  claimedByNobody: ['有公司接单', 'An agency took the order'],
  assigned: ['平台指派了一家公司', 'The platform assigned an agency'],
  staffedLine: ['公司派了服务员', 'The agency named a worker'],
  started: ['核验通过，开始服务', 'The badge matched, and the visit began'],
  completedLine: ['服务完成', 'The visit was over'],
  ratedLine: ['您评价了服务', 'You rated the visit'],
  released: ['公司退回了订单', 'The agency gave the order back'],
  staffing_missed: ['公司没有按时派人', 'The agency named nobody in time'],
  agency_suspended: ['公司被暂停，订单重新寻找', 'The agency was suspended'],
  unstaffed: ['原定的服务员不能来', 'The worker cannot come'],
  reopened: ['重新寻找家政公司', 'Looking for another agency'],
  cancelledLine: ['订单取消', 'The order was cancelled'],
  unfilledLine: ['没有公司能接', 'No agency could take it'],
}

/** Whether something can still happen to it by itself. @param {AnyOrder} order */
export const isLive = order => ['open', 'claimed', 'staffed', 'in_service'].includes(order.status)

/** Which naming of a worker a photo belongs to, as her customer learns no id of her: 0 where there is no photo. @param {Contract['Order']} order */
export const pictured = ({ worker, timeline }) => worker && worker.photo ? timeline.filter(line => line.what === 'staffed').length : 0

/** A row in a list of orders. @param {Contract['OrderSummary']} order @param {Contract['OfferedService'][]} services @param {number} now */
export const rowReading = (order, services, now) => ({
  id: order.order_id, service: order.service, title: serviceName(services, order.service), time: when(order.start_at, now), agency: order.claim ? order.claim.agency_name : '',
  status: sayOf(orderStatuses, order.status), tone: /** @type {Tone} */ (order.status === 'open' ? 'warn' : isLive(order) ? 'good' : 'quiet'),
})

/** What it comes to at `now`. @param {AnyOrder} order @param {number} now @returns {{ title: string, detail: string, tone: Tone, left: number | null }} `left`: milliseconds of the grab window. */
export function reading(order, now) {
  const agency = order.claim ? order.claim.agency_name : ''
  const left = Date.parse(order.grab_deadline) - now
  switch (order.status) {
    case 'open': return order.settling || left <= 0
      ? { title: say(W.settling), detail: say(W.settlingDetail), tone: 'warn', left: null }
      : { title: say(W.looking), detail: say(W.lookingDetail), tone: 'warn', left }
    case 'claimed': return { title: say(W.claimed, { agency }), detail: say(W.claimedDetail), tone: 'good', left: null }
    case 'unfilled': return { title: say(W.unfilled), detail: say(W.unfilledDetail), tone: 'quiet', left: null }
    case 'cancelled': return { title: say(W.cancelled), detail: '', tone: 'quiet', left: null }
    case 'rated': return { title: say(W.rated), detail: '', tone: 'quiet', left: null }
    default: return { title: say(W[order.status]), detail: say(W[`${order.status}Detail`]), tone: 'good', left: null }
  }
}

/** How many agencies the order was last offered to, and how far around, if that is known yet. @param {Contract['Order']} order */
export function asked(order) {
  const line = order.timeline.filter(line => line.what === 'offered' && line.epoch === order.epoch).pop()
  return line && line.asked ? say(W.asked, to(line.asked)) : say(W.asking)
}

/** @param {{ agencies: number, radius_m: number }} asked */
const to = ({ agencies, radius_m }) => ({ count: agencies, radius: distance(radius_m) })

/** A line of the timeline. @param {Contract['TimelineEntry']} line @param {Contract['Order']} order */
export function timelineReading(line, order) {
  switch (line.what) {
    case 'offered': return line.asked ? say(W.offeredTo, to(line.asked)) : say(W.offered)
    case 'claimed':
      if (line.by === 'platform') return say(W.assigned)
      return order.claim && order.claim.agency_id === line.by ? say(W.claimedBy, { agency: order.claim.agency_name }) : say(W.claimedByNobody)
    case 'staffed': case 'completed': case 'rated': case 'cancelled': case 'unfilled': return say(W[`${line.what}Line`])
    default: return say(W[line.what] || W.offered)
  }
}
