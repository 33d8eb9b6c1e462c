// All that is said to customers.

import { placing } from './placing.js'
import { visit } from './visit.js'

export const customer = { ...placing, ...visit }
