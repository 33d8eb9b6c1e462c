// What the contract's lists are called.

/** @type {Record<string, Words>} */
export const sections = {
  identity: ['身份核验', 'Identity'],
  background_check: ['背景审查', 'Background check'],
  judicial_enforcement: ['被执行人', 'Court enforcement'],
  dishonesty: ['失信名单', 'Court dishonesty list'],
  public_security: ['公安结论', 'Police conclusion'],
  health_certificate: ['健康证', 'Health certificate'],
  body_temperature: ['体温', 'Body temperature'],
  personal_insurance: ['人身保险', 'Personal insurance'],
  occupational_insurance: ['职业责任险', 'Liability insurance'],
}

/** @type {Record<string, Words>} */
export const states = {
  clear: ['正常', 'Clear'],
  flagged: ['有异常', 'Flagged'],
  pending: ['核查中', 'Pending'],
  unknown: ['未知', 'Unknown'],
  stale: ['待更新', 'Not up to date'],
  expired: ['已过期', 'Expired'],
  withheld: ['不予公开', 'Withheld'],
  not_required: ['无需', 'Not required'],
}

/** Of a worker's record in one word. @type {Record<string, Words>} */
export const publicStandings = {
  clear: ['诚信信息正常', 'Record clear'],
  attention: ['诚信信息需注意', 'Record needs attention'],
  unverified: ['诚信信息未核实', 'Record not verified'],
}

/** Of agencies, stores and workers. @type {Record<string, Words>} */
export const standings = {
  pending: ['待审核', 'In review'],
  approved: ['已批准', 'Approved'],
  rejected: ['未通过', 'Rejected'],
  suspended: ['已暂停', 'Suspended'],
  closed: ['已关闭', 'Closed'],
}

/** @type {Record<string, Words>} */
export const complaintAbouts = {
  conduct: ['服务态度', 'Conduct'],
  quality: ['服务质量', 'Quality'],
  absence: ['没有来', 'Did not come'],
  price: ['收费', 'Price'],
  other: ['其他', 'Something else'],
}

/** @type {Record<string, Words>} */
export const complaintStatuses = {
  open: ['等待家政公司答复', 'Waiting for the agency'],
  answered: ['公司已答复，等待主管部门', 'Answered, with the authority'],
  upheld: ['投诉成立', 'Upheld'],
  dismissed: ['投诉不成立', 'Dismissed'],
}

/** @type {Record<string, Words>} */
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

/** @type {Record<string, Words>} */
export const badgeStatuses = {
  valid: ['有效', 'Valid'],
  suspended: ['已暂停', 'Suspended'],
  revoked: ['已作废', 'Revoked'],
  expired: ['已过期', 'Expired'],
}

/** @type {Record<string, Words>} */
export const paperKinds = {
  business_licence: ['营业执照', 'Business licence'],
  human_resources_permit: ['人力资源服务许可证', 'Human resources permit'],
  labour_dispatch_permit: ['劳务派遣经营许可证', 'Labour dispatch permit'],
}

/** @type {Record<string, Words>} */
export const weekdays = {
  monday: ['周一', 'Monday'], tuesday: ['周二', 'Tuesday'], wednesday: ['周三', 'Wednesday'], thursday: ['周四', 'Thursday'],
  friday: ['周五', 'Friday'], saturday: ['周六', 'Saturday'], sunday: ['周日', 'Sunday'],
}
