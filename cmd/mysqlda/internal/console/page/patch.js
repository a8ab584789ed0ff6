// A page is made anew with every reading. patch changes what is shown into that and
// keeps the elements that stay, so that focus, selection, scrolling and opened
// details stay, too, and a screen reader is not sent back to the top.

export function patch(parent, wanted) {
  let at = parent.firstChild;
  for (const want of wanted) {
    const node = typeof want === "string" ? document.createTextNode(want) : want;
    if (!at) {
      parent.append(node);
      continue;
    }
    const next = at.nextSibling;
    if (same(at, node)) sync(at, node);
    else parent.replaceChild(node, at);
    at = next;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function same(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName &&
    (a.nodeType !== Node.ELEMENT_NODE || a.getAttribute("data-key") === b.getAttribute("data-key"));
}

function sync(old, node) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== node.data) old.data = node.data;
    return;
  }
  // What people type into, and what they have chosen, is theirs.
  if (old.hasAttribute("data-keep")) return;
  for (const { name } of [...old.attributes]) {
    if (!node.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of node.attributes) {
    if (old.getAttribute(name) !== value && !(old.nodeName === "DETAILS" && name === "open")) old.setAttribute(name, value);
  }
  patch(old, [...node.childNodes]);
}
