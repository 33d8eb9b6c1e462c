import js from '@eslint/js'
import globals from 'globals'

// What WeChat's mini-programs have besides the language itself.
const everywhere = { setTimeout: 'readonly', clearTimeout: 'readonly', setInterval: 'readonly', clearInterval: 'readonly', console: 'readonly' }

export default [
  { ignores: ['**/node_modules/', 'generated/'] },
  js.configs.recommended,
  { rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' } },
  {
    files: ['**/web/**/*.js'],
    languageOptions: { globals: globals.browser },
    // Markup is never made out of text.
    rules: { 'no-restricted-properties': ['error', { object: 'document', property: 'write' }, ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map(property => ({ property }))] },
  },
  {
    files: ['**/miniprogram/**/*.js'],
    languageOptions: { ecmaVersion: 2020, globals: everywhere },
    rules: { 'no-restricted-syntax': ['error', { selector: 'ImportExpression', message: 'Mini-programs have no import().' }] },
  },
  { files: ['**/miniprogram/**/*.js'], ignores: ['**/miniprogram/logic/**'], languageOptions: { globals: { getCurrentPages: 'readonly', wx: 'readonly', App: 'readonly', Page: 'readonly' } } },
  { files: ['**/tests/pages/**/*.{js,mjs}', '*.{js,mjs}'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
]
