"""How long the demo's first screen takes on a slow network: `python -m bench.page_load`.

Chromium opens the page of a real server with an empty cache, behind a network that the browser itself slows down
(CDP's Network.emulateNetworkConditions), and presses Play as soon as that does something.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

from tests.support.live.process import ServerProcess
from tools.bootstrap import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LATENCY_MS: Final = 150
BITS_PER_S: Final = 1_600_000
REPEATS: Final = 5

# The first screen focuses the call sign once its script runs: from then on Play does something.
_NOTE_WHEN_USABLE: Final = """addEventListener("focusin", ({ target }) => {
  if (target.id === "name") window.usableMs ??= performance.now();
})"""


@dataclass(frozen=True, slots=True)
class PageLoad:
    """One opening of the page; times since the browser asked for it."""

    first_paint_s: float
    usable_s: float
    """The call sign can be typed, and Play pressed."""
    playing_s: float
    """In the room, when Play was pressed at once."""
    requests: int
    """Until then."""
    kilobytes: float
    """As sent."""


def load_page(
    browser: Browser, address: str, latency_ms: float = LATENCY_MS, bits_per_s: float = BITS_PER_S
) -> PageLoad:
    """Open the page once, with an empty cache.

    Args:
        browser: A running Chromium.
        address: The page's URL.
        latency_ms: From a request to the first byte of its response.
        bits_per_s: Of all responses together.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        received = _slow_down(page, latency_ms, bits_per_s)
        page.add_init_script(_NOTE_WHEN_USABLE)
        page.goto(address, wait_until="commit")
        page.wait_for_function("() => window.usableMs")
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.body.dataset.link === 'online'")
        playing_ms = page.evaluate("performance.now()")
        paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
        return PageLoad(
            first_paint_s=paint_ms / 1000,
            usable_s=page.evaluate("usableMs") / 1000,
            playing_s=playing_ms / 1000,
            requests=len(received),
            kilobytes=sum(received) / 1000,
        )
    finally:
        context.close()


def _slow_down(page: Page, latency_ms: float, bits_per_s: float) -> list[int]:
    """Emulate a network; returns the list to which the bytes of each response are added."""
    received: list[int] = []
    cdp = page.context.new_cdp_session(page)
    cdp.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    cdp.send("Network.enable")
    conditions = {"latency": latency_ms, "downloadThroughput": bits_per_s / 8, "uploadThroughput": bits_per_s / 8}
    cdp.send("Network.emulateNetworkConditions", {"offline": False, **conditions})
    return received


def main() -> None:
    """Open the page a few times, and print the median of each figure as a line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.page_load", description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=LATENCY_MS)
    parser.add_argument("--bits-per-s", type=float, default=BITS_PER_S)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    given = parser.parse_args()
    with ServerProcess() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ))
        loads = [
            asdict(load_page(browser, server.address, given.latency_ms, given.bits_per_s)) for _ in range(given.repeats)
        ]
        browser.close()
    print(json.dumps({name: round(statistics.median(load[name] for load in loads), 2) for name in loads[0]}))


if __name__ == "__main__":
    main()
