// What is said to whoever logs in.

/** @satisfies {Record<string, Words>} */
export const login = {
  code: ['验证码', 'Code'],
  codeHint: ['短信里的 6 位数字', 'The 6 digits of the text message'],
  codeFault: ['验证码不对，或者已经用过。请核对，或重新获取。', 'This code is wrong, or has been used. Check it, or have another one sent.'],
  sendCode: ['获取验证码', 'Send me a code'],
  codeSent: ['验证码已发到 {phone}，5 分钟内有效。', 'A code is on its way to {phone}. It is good for 5 minutes.'],
  codeUnsure: ['网络中断，不知道验证码有没有发到 {phone}。收到就填在下面，没收到请重新获取。', 'The connection broke, and it is not known whether a code is on its way to {phone}. If none comes, ask for another.'],
  codeAgain: ['{seconds} 秒后可以重新获取', 'Another one in {seconds} s'],
  otherPhone: ['换个手机号', 'Another number'],
  logIn: ['登录', 'Log in'],
  byWeChat: ['用微信登录', 'Log in by WeChat'],
  customerLogin: ['用手机号登录', 'Log in by phone'],
  customerLoginWhy: ['登录后才能下单和查看自己的订单。', 'Orders are placed and read by who is logged in.'],
  workerLogin: ['服务员登录', 'Log in as a worker'],
  workerLoginWhy: ['请用主管部门与您本人确认过的手机号。', 'Use the number that the authority has confirmed with you.'],
  agencyLogin: ['家政公司登录', 'Log in for your agency'],
  agencyLoginWhy: ['账号和密钥由贵公司负责人发给您。', 'Your agency’s owner gives you the key and its secret.'],
  authorityLogin: ['主管部门登录', 'Log in for the authority'],
  authorityLoginWhy: ['账号和密钥由贵部门的主管发给您。', 'Your supervisor gives you the key and its secret.'],
  demo: ['演示账号（仅本机运行时）', 'Demo accounts (on a local run only)'],
  demoCustomer: ['演示客户', 'Demo customer'],
  demoAuthority: ['演示主管部门', 'Demo authority'],
  demoCode: ['填入演示验证码', 'Fill in the demo code'],
}
