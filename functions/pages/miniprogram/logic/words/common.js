// What the desks and the worker's pages say alike: their own words begin with these. Customers need not fetch them.

import { controls } from './controls.js'

/** @satisfies {Record<string, Words>} */
export const common = {
  ...controls,
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  notCopied: ['没有复制成功，请手工选中复制。', 'It could not be copied. Please select and copy it.'],
  // Members of agencies and of the authority.
  addMember: ['添加成员', 'Add a member'],
  withdraw: ['作废', 'Withdraw'],
  end: ['停用', 'End'],
  ended: ['已停用', 'Ended'],
  audit: ['操作记录', 'Audit trail'],
  auditDetail: ['谁在什么时候做了什么', 'Who did what, and when'],
  // What things are called.
  complaints: ['投诉', 'Complaints'],
  noComplaints: ['没有投诉', 'No complaints'],
  members: ['成员', 'Members'],
  edit: ['修改', 'Change'],
  personName: ['姓名', 'Name'],
  company: ['公司', 'Agency'],
  customer: ['客户', 'Customer'],
  order: ['订单', 'Order'],
  byPlatform: ['平台指派', 'Assigned'],
  papers: ['证照', 'Papers'],
  address: ['地址', 'Address'],
  idNumber: ['身份证', 'ID number'],
  photo: ['照片', 'Photo'],
  sections: ['诚信信息', 'Credit record'],
  trace: ['全部经过', 'All that happened'],
  badges: ['诚信服务卡', 'Badges'],
  rating: ['评分', 'Rating'],
  starsOf: ['{average}（{count} 次评价）', '{average} ({count} ratings)'],
  consentGiven: ['{day}同意', 'Given {day}'],
}
