// Steps that several flows of the web pages have.

/** Fills in the order form for a visit at `HOME`, where the browser says it is. */
export async function orderFilled(page, phone, { address = '哈尔滨大街 88 号 2 单元 301', name = '王小明' } = {}) {
  await page.getByRole('button', { name: '用我现在的位置' }).click()
  await page.getByText('已使用您现在的位置').waitFor()
  await page.getByLabel('详细地址').fill(address)
  await page.getByLabel('称呼').fill(name)
  await page.getByLabel('手机号').fill(phone)
}

/** Logs in by the code that is sent to the phone. @param {() => Promise<string>} code */
export async function phoneEntered(page, phone, code, seen = async () => {}) {
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByText('验证码已发到').waitFor()
  await seen()
  await page.getByLabel('验证码').fill(await code())
  await page.getByRole('button', { name: '登录', exact: true }).click()
}
