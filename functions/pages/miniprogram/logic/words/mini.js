// What is said in the mini-program only.

/** @satisfies {Record<string, import('../words.js').Words>} */
export const mini = {
  pickPlace: ['在地图上选位置', 'Pick the place on a map'],
  placePicked: ['已选：{name}（GCJ‑02 坐标）', 'Set: {name} (GCJ‑02)'],
  placeHere: ['已使用您现在的位置（GCJ‑02 坐标）', 'Set to where you are (GCJ‑02)'],
  placeRefused: ['没有允许定位。请在地图上选，或在右上角“设置”里允许使用位置。', 'Locating is not allowed. Pick the place on the map, or allow it in the settings at the top right.'],
  // The worker's part.
  workers: ['我是服务员', 'I am a worker'],
  visits: ['我的安排', 'My visits'],
  showCode: ['出示动态码', 'Show my code'],
  workerLogin: ['用微信手机号登录', 'Log in by WeChat’s phone number'],
  workerRefused: ['没有得到手机号，请再试一次并选择“允许”。', 'The number was not given. Please try again and allow it.'],
  noVisits: ['还没有安排', 'No visits yet'],
  noVisitsDetail: ['公司派您上门后，时间和地址会出现在这里。', 'Once your agency names you for a visit, its time and place are shown here.'],
  way: ['查看路线', 'Show the way'],
  callCustomer: ['给客户打电话', 'Call the customer'],
  lost: ['不去了', 'Not to be made'],
  code: ['我的动态码', 'My code'],
  codeHow: ['请客户在订单里扫这个码。每 30 秒换一次。', 'The customer scans it from the order. It changes every 30 seconds.'],
  codeAlt: ['动态二维码', 'Rotating QR code'],
  codeNext: ['{seconds} 秒后更换', 'Changes in {seconds} s'],
  codeDigits: ['扫不了？请客户输入这些数字', 'If it cannot be scanned, these are the digits'],
  noBadge: ['您还没有有效的诚信服务卡，请联系家政公司。', 'You have no valid badge. Please ask your agency.'],
}
