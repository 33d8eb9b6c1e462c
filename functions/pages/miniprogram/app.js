import './sessions.js'
import { say, spoken } from './logic/words.js'
import { customer } from './logic/words/customer.js'

App({
  onLaunch() {
    // app.json has them in Chinese.
    if (spoken() === 'en') [customer.home, customer.orders, customer.me].forEach((words, index) => wx.setTabBarItem({ index, text: say(words) }))
  },
})
