// What the statuses of orders are called.

/** @type {Record<string, import('../words.js').Words>} */
export const orderStatuses = {
  open: ['寻找中', 'Looking'],
  claimed: ['已接单', 'Claimed'],
  staffed: ['已派单', 'Worker named'],
  in_service: ['服务中', 'In service'],
  completed: ['已完成', 'Completed'],
  rated: ['已评价', 'Rated'],
  cancelled: ['已取消', 'Cancelled'],
  unfilled: ['无人接单', 'Unfilled'],
  lost: ['已失去', 'Lost'],
}
