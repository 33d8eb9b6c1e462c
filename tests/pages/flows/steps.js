// Steps that several flows of the web pages have.

import { ADDRESS, codeOf } from './watched.js'

/** Fills in the order form for a visit where the browser is. */
export async function orderFilled(page, phone, { address = ADDRESS, name = '王小明' } = {}) {
  await page.getByRole('button', { name: '用我现在的位置' }).click()
  await page.getByText('已使用您现在的位置').waitFor()
  await page.getByLabel('详细地址').fill(address)
  await page.getByLabel('称呼').fill(name)
  await page.getByLabel('手机号').fill(phone)
}

/** Logs in by the code that is sent to the phone, which is filled in already. */
export async function phoneEntered(page, phone, seen = async () => {}) {
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByText('验证码已发到').waitFor()
  await seen()
  await page.getByLabel('验证码').fill(await codeOf(phone))
  await page.getByRole('button', { name: '登录', exact: true }).click()
}
