/** Reports at once that a page's module cannot be loaded. */

/** @param {unknown} error */
function report(error) {
  fetch("/report", { method: "POST", body: JSON.stringify({ count: 0, failed: [String(error)] }) });
}
addEventListener("error", (event) => report(event.message));
addEventListener("unhandledrejection", (event) => report(event.reason));
