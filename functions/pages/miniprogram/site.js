// Where the platform is. The host must be among the mini-program's request domains; see `infra/docs/miniprogram.md`.

export const SITE = 'https://www.homehail.cn'
