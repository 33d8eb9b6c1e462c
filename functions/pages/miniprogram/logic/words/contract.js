// What the contract's lists and problems are called.

/** @type {Record<string, import('../words.js').Words>} */
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

/** @type {Record<string, import('../words.js').Words>} */
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

/** Of a worker's record in one word. @type {Record<string, import('../words.js').Words>} */
export const publicStandings = {
  clear: ['诚信信息正常', 'Record clear'],
  attention: ['诚信信息需注意', 'Record needs attention'],
  unverified: ['诚信信息未核实', 'Record not verified'],
}

/** Of agencies, stores and workers. @type {Record<string, import('../words.js').Words>} */
export const standings = {
  pending: ['待审核', 'Waiting for review'],
  approved: ['已批准', 'Approved'],
  rejected: ['未通过', 'Rejected'],
  suspended: ['已暂停', 'Suspended'],
}

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

/** @type {Record<string, import('../words.js').Words>} */
export const complaintAbouts = {
  conduct: ['服务态度', 'Conduct'],
  quality: ['服务质量', 'Quality'],
  absence: ['没有来', 'Did not come'],
  price: ['收费', 'Price'],
  other: ['其他', 'Something else'],
}

/** @type {Record<string, import('../words.js').Words>} */
export const complaintStatuses = {
  open: ['等待家政公司答复', 'Waiting for the agency'],
  answered: ['公司已答复，等待主管部门', 'Answered, with the authority'],
  upheld: ['投诉成立', 'Upheld'],
  dismissed: ['投诉不成立', 'Dismissed'],
}

/** Problems whose own words are for programs, or say too little; all others speak for themselves.
 * @type {Record<string, import('../words.js').Words>} */
export const problems = {
  network: ['网络不通，请检查网络后再试。', 'There is no connection. Check it and try again.'],
  unavailable: ['系统正忙，请稍后再试。', 'The service is busy. Please try again in a moment.'],
  internal: ['系统出了问题，已有记录，请稍后再试。', 'Something went wrong on our side, and was noted. Please try again later.'],
  unauthenticated: ['登录已过期，请重新登录。', 'You are logged out. Please log in again.'],
  'bad-credentials': ['账号或密码、验证码不对，请核对后再试。', 'The key or code is wrong. Check it and try again.'],
  forbidden: ['您没有权限这样做。', 'You may not do this.'],
  'not-found': ['没有找到。', 'There is no such thing.'],
  'too-large': ['文件太大。', 'The file is too large.'],
}

/** @type {import('../words.js').Words} */
export const waitSeconds = ['操作太频繁，请等 {seconds} 秒再试。', 'Too many tries. Please wait {seconds} seconds.']
/** @type {import('../words.js').Words} */
export const waitMinutes = ['操作太频繁，请等 {minutes} 分钟再试。', 'Too many tries. Please wait {minutes} minutes.']
/** @type {import('../words.js').Words} */
export const mayBeDone = ['网络中断，不知道是否已经办成。再试一次不会重复办理。', 'The connection broke, and it is not known whether it was done. Trying again does not do it twice.']
