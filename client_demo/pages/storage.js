/** What the browser keeps for a page. Everything also works where it keeps nothing. */

/** @param {"localStorage" | "sessionStorage"} name @returns {Storage | null} null: the browser refuses it */
export function storage(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

/** @param {Storage | null} where @param {string} key */
export function kept(where, key) {
  try {
    return where?.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** @param {Storage | null} where @param {string} key @param {string} value */
export function keep(where, key, value) {
  try {
    where?.setItem(key, value);
  } catch {
    // It is full, or the browser refuses it: the name is typed again next time.
  }
}

/** @param {Storage | null} where @param {string} key */
export function forget(where, key) {
  try {
    where?.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

/**
 * A token for a server that asks for one, from `#token=…`, which does not leave the browser.
 *
 * @param {string} key under which the tab keeps it
 * @returns {string | null}
 */
export function tokenOf(key) {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    keep(storage("sessionStorage"), key, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return kept(storage("sessionStorage"), key) || null;
}
