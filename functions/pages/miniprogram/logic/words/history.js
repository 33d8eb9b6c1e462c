// What happens to a worker, as her chain of events has it, and who does it.

/** By kind of event. @type {Record<string, Words>} */
export const events = {
  registered: ['公司登记', 'Registered by an agency'],
  consent_given: ['同意个人信息授权', 'Consent given'],
  consent_withdrawn: ['撤回授权', 'Consent withdrawn'],
  reviewed: ['主管部门审核', 'Reviewed by the authority'],
  section_result: ['诚信信息登记', 'A section was recorded'],
  employer_changed: ['换公司', 'Another employer'],
  badge_issued: ['发服务卡', 'Badge issued'],
  badge_suspended: ['服务卡暂停或恢复', 'Badge suspended or reinstated'],
  badge_revoked: ['服务卡作废', 'Badge revoked'],
  check_in: ['上门核验', 'Checked at a door'],
  complaint: ['投诉或异议', 'Complaint or objection'],
  correction: ['更正', 'Correction'],
  erasure_requested: ['申请删除个人信息', 'Erasure asked for'],
  erasure_called_off: ['撤回删除申请', 'Erasure called off'],
  redaction: ['个人信息已删除', 'Personal data erased'],
  feed_applied: ['诚信信息更新', 'Sections updated by a source'],
}

/** @type {Record<string, Words>} */
export const actors = {
  agy: ['家政公司', 'an agency'],
  aut: ['主管部门', 'the authority'],
  wkr: ['本人', 'the worker'],
  customer: ['客户', 'a customer'],
  feed: ['信息来源', 'a source'],
  platform: ['平台', 'the platform'],
}

/** Where a section's state is from: an agency, or by name a feed or an authority. @type {Record<string, Words>} */
export const sources = {
  agency: ['所属公司', 'Her agency'],
  'harbin-commerce-bureau': ['主管部门', 'The authority'],
  'demo-platform': ['演示诚信平台', 'Demo credit platform'],
}

/** @type {Record<string, Words>} */
export const decisions = {
  approve: ['批准', 'Approved'],
  reject: ['不予通过', 'Rejected'],
  suspend: ['暂停', 'Suspended'],
  reinstate: ['恢复', 'Reinstated'],
}

/** @type {Record<string, Words>} */
export const reviewed = {
  registration: ['登记', 'her registration'],
  employment: ['换公司', 'another employer'],
  changes: ['资料变更', 'changes'],
}

/** @satisfies {Record<string, Words>} */
export const history = {
  entry: ['第 {seq} 条', 'Entry {seq}'],
  by: ['由{who}', 'By {who}'],
  otherSource: ['信息来源“{source}”', 'Source “{source}”'],
  erased: ['内容已随个人信息删除，这一条仍可验证', 'What it was about is erased; the entry can still be verified'],
  reason: ['理由：{reason}', 'Because: {reason}'],
  sections: ['{count} 项：{list}', '{count} sections: {list}'],
  objection: ['异议（{about}）：{text}', 'Objection ({about}): {text}'],
  answered: ['异议{outcome}', 'Objection {outcome}'],
  changed: ['更改了{what}', 'Changed {what}'],
  proposed: ['提出更改{what}，待审核', 'Proposed to change {what}'],
  version: ['授权文本 {version}', 'Text {version}'],
  until: ['有效到{day}', 'Until {day}'],
  upheld: ['成立', 'upheld'],
  dismissed: ['不成立', 'dismissed'],
  hash: ['指纹', 'Hash'],
  before: ['上一条的指纹', 'Hash of the entry before'],
  commitment: ['内容的承诺值', 'Commitment to the content'],
  leaf: ['在公开日志里的位置', 'Place in the public log'],
  notYet: ['正在写入公开日志', 'Not in the public log yet'],
  fingerprint: ['看指纹', 'Hashes'],
  hashHint: ['每一条都带着上一条的指纹，改动任何一条，后面的就都对不上。', 'Each entry carries the hash of the one before: whoever alters one has to alter all that follow.'],
}

/** Of a worker's data. @type {Record<string, Words>} */
export const fields = {
  name: ['姓名', 'name'],
  phone: ['手机', 'phone'],
  skills: ['技能', 'skills'],
  experience: ['经验', 'experience'],
  photo: ['照片', 'photo'],
  consent: ['授权', 'consent'],
}
