/**
 * A message's text in parts: plain ones, and links. Pure. What is no http or https address stays text; nothing is ever
 * markup.
 */

const ADDRESS = /\bhttps?:\/\/[^\s<>"`{}|\\^]+/giu;
/** What belongs to the sentence, not to the address. */
const ENDING = /[.,;:!?'"*_~\u2026\u3002]+$/u;

/** @typedef {{text: string, href: string | null}} Part */

/** @param {string} text @returns {Part[]} */
export function partsOf(text) {
  /** @type {Part[]} */
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutEnding(match[0]);
    const href = hrefOf(address);
    if (href === null) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null });
    parts.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}

/** @param {string} address */
function withoutEnding(address) {
  for (;;) {
    let shorter = address.replace(ENDING, "");
    for (const [open, close] of ["()", "[]"]) {
      if (shorter.endsWith(close) && shorter.split(close).length > shorter.split(open).length)
        shorter = shorter.slice(0, -1);
    }
    if (shorter === address) return address;
    address = shorter;
  }
}

/** @param {string} address @returns {string | null} null: it is none that a page may link to */
function hrefOf(address) {
  try {
    const { protocol, href, username, password } = new URL(address);
    // https://bank.example@evil.example leads elsewhere than it seems to
    if (username !== "" || password !== "") return null;
    return protocol === "http:" || protocol === "https:" ? href : null;
  } catch {
    return null;
  }
}
