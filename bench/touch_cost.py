"""What the SDK's predicted world costs a page, in Chromium: 20 bodies, 150 ms each way.

    python -m bench.touch_cost

The same work as in Node (`python -m tests.scenarios.touch`), in a page. `--chromium` says where the browser is.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

from gameserver.room.kind import make_kind
from tests.support.sim.football import Football

if TYPE_CHECKING:
    from playwright.sync_api import Route

ROOT: Final = Path(__file__).parents[1]
ORIGIN: Final = "http://localhost:9/"
TYPES: Final = {".html": "text/html", ".js": "text/javascript"}
ISOLATED: Final = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
"""With these a page's clock has steps of 5 µs, not of 100 µs."""
FLAGS: Final = (
    "--no-sandbox",
    "--enable-precise-memory-info",
    "--js-flags=--max-semi-space-size=64 --no-concurrent-recompilation",
)
WORK: Final = """async (job) => {
  const { work } = await import("/bench/js/touch_work.js");
  return work(job, () => performance.memory.usedJSHeapSize, "the SDK in Chromium");
}"""


def serve(route: Route) -> None:
    """Answer a request of the page with a file of this repository."""
    path = ROOT / route.request.url.removeprefix(ORIGIN)
    if path.suffix in TYPES and path.is_file():
        route.fulfill(path=path, headers={"Content-Type": TYPES[path.suffix], **ISOLATED})
    else:
        route.fulfill(body="<!doctype html>", headers={"Content-Type": "text/html", **ISOLATED})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    kind = make_kind(Football)
    assert kind.step is not None
    job = json.loads(json.dumps({"schema": kind.schema.to_wire(), "module": kind.step.text}))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=parser.parse_args().chromium, args=FLAGS)
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(ORIGIN)
        sys.stdout.write(f"{page.evaluate(WORK, job)}\n")
        browser.close()


if __name__ == "__main__":
    main()
