// Draws views: `render(place, h('p', { class: 'say' }, 'text'))`. Drawing again changes only what differs, so that focus, caret,
// scroll and a half-typed Chinese word stay where they are. Text is only ever text: nothing here makes markup out of it.

/** @typedef {{ tag: string, attributes: Record<string, any>, children: (View | string)[] }} View */
/** @typedef {View | string | number | null | undefined | false | any[]} Child An array's items are children too. */

/** What each element was drawn from. @type {WeakMap<Node, View>} */
const drawn = new WeakMap()
const SVG = 'http://www.w3.org/2000/svg'
/** They change by what people do, so they are set as properties. */
const PROPERTIES = ['value', 'checked', 'muted', 'srcObject']

/** An element. Of its attributes `key` tells it from its siblings, `on…` listens, `made` is called with the new element, and
 * null or false leave an attribute out.
 * @param {string} tag @param {Record<string, any> | null} [attributes] @param {Child[]} children @returns {View} */
export const h = (tag, attributes, ...children) => ({ tag, attributes: attributes || {}, children: flat(children) })

/** Shows these in `place`, and nothing else. @param {Element} place @param {Child[]} children */
export function render(place, ...children) {
  drawChildren(place, flat(children))
}

/** @param {Child[]} children @returns {(View | string)[]} */
function flat(children) {
  /** @type {(View | string)[]} */
  const list = []
  for (const child of children) {
    if (Array.isArray(child)) list.push(...flat(child))
    else if (typeof child === 'number') list.push(String(child))
    else if (child) list.push(child)
  }
  return list
}

/** @param {Element} parent @param {(View | string)[]} views */
function drawChildren(parent, views) {
  const keys = new Set(views.map(keyOf).filter(key => key !== undefined))
  /** @type {Map<any, Element>} */
  const keyed = new Map()
  for (const node of parent.children) {
    const key = drawn.get(node)?.attributes.key
    if (key !== undefined) keyed.set(key, node)
  }
  /** @type {ChildNode | null} */
  let at = parent.firstChild
  for (const view of views) {
    // Whoever has a key that is gone makes room, so that those that stay need not move.
    while (at && isGone(at, keys)) at = removed(at)
    const key = keyOf(view)
    let node = key === undefined ? following(at, view) : keyed.get(key)
    if (node && !fits(node, view)) node = undefined
    if (node && key === undefined) while (at && at !== node && !hasKey(at)) at = removed(at)
    if (!node) node = made(view, parent)
    if (node === at) at = at.nextSibling
    else parent.insertBefore(node, at)
    if (typeof view === 'string') {
      if (node.nodeValue !== view) node.nodeValue = view
    } else {
      draw(/** @type {Element} */ (node), view)
    }
  }
  while (at) at = removed(at)
}

/** @param {View | string} view */
const keyOf = view => typeof view === 'string' ? undefined : view.attributes.key

/** @param {Node} node */
const hasKey = node => drawn.get(node)?.attributes.key !== undefined

/** @param {Node} node @param {Set<any>} keys */
const isGone = (node, keys) => hasKey(node) && !keys.has(drawn.get(node)?.attributes.key)

/** @param {Node} node @param {View | string} view */
const fits = (node, view) => typeof view === 'string' ? node.nodeType === Node.TEXT_NODE : drawn.get(node)?.tag === view.tag

/** The next node without a key that can show this view. @param {ChildNode | null} at @param {View | string} view @returns {ChildNode | undefined} */
function following(at, view) {
  for (let node = at; node; node = node.nextSibling) if (!hasKey(node) && fits(node, view)) return node
}

/** @param {ChildNode} node */
function removed(node) {
  const next = node.nextSibling
  // Gives the focus back to where it was opened.
  if (node instanceof HTMLDialogElement) node.close()
  node.remove()
  return next
}

/** @param {View | string} view @param {Element} parent @returns {ChildNode} */
function made(view, parent) {
  if (typeof view === 'string') return document.createTextNode(view)
  const isSvg = view.tag === 'svg' || (parent.namespaceURI === SVG && parent.tagName !== 'foreignObject')
  const element = isSvg ? document.createElementNS(SVG, view.tag) : document.createElement(view.tag)
  drawn.set(element, { tag: view.tag, attributes: { key: view.attributes.key }, children: [] })
  if (view.attributes.made) queueMicrotask(() => view.attributes.made(element))
  return element
}

/** @param {Element} element @param {View} view */
function draw(element, view) {
  const before = drawn.get(element)?.attributes || {}
  drawn.set(element, view)
  for (const name in before) if (!(name in view.attributes)) set(element, name, null)
  drawChildren(element, view.children)
  // After its children, because a list's value is one of its options.
  for (const name in view.attributes) {
    const value = view.attributes[name]
    if (PROPERTIES.includes(name) || before[name] !== value) set(element, name, value)
  }
}

/** @param {any} element @param {string} name @param {any} value */
function set(element, name, value) {
  if (name === 'key' || name === 'made') return
  if (name.startsWith('on')) element[name] = value
  else if (PROPERTIES.includes(name)) {
    if (element[name] !== value) element[name] = value ?? ''
  } else if (value === null || value === undefined || value === false) element.removeAttribute(name)
  else element.setAttribute(name, value === true ? '' : String(value))
}
