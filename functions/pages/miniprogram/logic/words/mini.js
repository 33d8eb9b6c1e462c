// What is said in the mini-program only.

/** @satisfies {Record<string, Words>} */
export const mini = {
  pickPlace: ['在地图上选位置', 'Pick the place on a map'],
  placePicked: ['已选：{name}（GCJ‑02 坐标）', 'Set: {name} (GCJ‑02)'],
  placeHere: ['已使用您现在的位置（GCJ‑02 坐标）', 'Set to where you are (GCJ‑02)'],
  placeRefused: ['没有允许定位。请在地图上选，或在右上角“设置”里允许使用位置。', 'Locating is not allowed. Pick the place on the map, or allow it in the settings at the top right.'],
  // The worker's part.
  workers: ['我是服务员', 'I am a worker'],
  visits: ['我的安排', 'My visits'],
  dataAndWork: ['我的资料和授权', 'My data and consent'],
  weChatLogin: ['用微信手机号登录', 'Log in by WeChat’s phone number'],
  workerRefused: ['没有得到手机号，请再试一次并选择“允许”。', 'The number was not given. Please try again and allow it.'],
  way: ['查看路线', 'Show the way'],
}
