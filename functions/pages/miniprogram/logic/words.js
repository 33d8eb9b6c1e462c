// Which language is spoken, and how words with gaps are filled. Words are pairs, Chinese first, in `words/`.

/** @typedef {readonly [string, string]} Words In Chinese and in English. */
/** @typedef {'zh' | 'en'} Language */

/** @type {Language} */
let language = 'zh'

/** @param {Language} chosen */
export function speak(chosen) {
  language = chosen
}

export const spoken = () => language

/** The words in the language that is spoken, each `{name}` filled in. @param {Words} words @param {Record<string, string | number>} [gaps] */
export const say = (words, gaps = {}) => words[language === 'zh' ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => String(gaps[name]))

/** A name that the API gives in both languages. @param {{ zh: string, en: string }} name */
export const named = name => name[language]

/** What is said of a value of a list of the contract; the value's own name if a newer platform has one that is not known here.
 * @param {Record<string, Words>} table @param {string | null | undefined} value */
export const sayOf = (table, value) => value && table[value] ? say(table[value]) : ''

/** Things one after the other; what is empty is left out. @param {(string | null | undefined | false)[]} items */
export const listed = items => items.filter(Boolean).join(language === 'zh' ? '、' : ', ')
