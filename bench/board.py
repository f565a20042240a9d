"""A board with 5,000 strokes of 100 points: `python -m bench.board`.

How long a Python client and a page in Chromium take to join it over loopback, how many frames a second the page draws
meanwhile, what a state costs on the wire while nobody draws and while somebody draws 60 points a second, and how long
the room's tick takes. Medians over the repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import trio
from playwright.sync_api import sync_playwright

from bench.full_board import POINTS_A_TICK, STROKES
from gameserver.client import connect
from tests.support.live.process import ServerProcess
from tools.bootstrap import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPEATS: Final = 5
SECONDS: Final = 3

_JOIN: Final = """strokes => new Promise((resolve) => {
  const startMs = performance.now();
  let stateMs = 0;
  document.getElementById("play").click();
  const look = () => {
    if (stateMs === 0 && board.count() >= strokes) stateMs = performance.now() - startMs;
    if (stateMs > 0 && board.isDrawn()) resolve([stateMs, performance.now() - startMs]);
    else requestAnimationFrame(look);
  };
  look();
})"""

# Moves are made as a mouse makes them, one before each frame.
_FRAMES: Final = """([what, seconds]) => new Promise((resolve) => {
  const stage = document.getElementById("stage");
  const fire = (type, x, y, more) => stage.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: "mouse", clientX: x, clientY: y, buttons: 1, bubbles: true, ...more }));
  const button = what === "pan" ? 1 : 0;
  let bytes = 0, states = 0;
  const count = (state) => { bytes += state.bytes; states += 1; };
  board.session().on("updated", count);
  if (what === "draw" || what === "pan") fire("pointerdown", 300, 300, { button });
  const startMs = performance.now();
  let frames = 0, longestMs = 0, lastMs = startMs;
  const scripts = [];
  requestAnimationFrame(function frame(now) {
    frames += 1;
    const atMs = performance.now();
    longestMs = Math.max(longestMs, atMs - lastMs);
    lastMs = atMs;
    scripts.push(board.frameMs());
    const angle = frames / 15;
    if (what === "draw") fire("pointermove", 640 + 200 * Math.cos(angle), 400 + 200 * Math.sin(angle));
    if (what === "pan") fire("pointermove", 300 + 250 * Math.sin(angle / 2), 300 + 100 * Math.cos(angle / 2));
    if (what === "zoom") stage.dispatchEvent(new WheelEvent("wheel", {
      deltaY: frames % 120 < 60 ? -12 : 12, ctrlKey: true, clientX: 640, clientY: 400, cancelable: true }));
    if (atMs - startMs < 1000 * seconds) return requestAnimationFrame(frame);
    fire("pointerup", 300, 300, { button });
    board.session().off("updated", count);
    scripts.sort((a, b) => a - b);
    resolve({
      frames_per_s: (1000 * frames) / (atMs - startMs),
      longest_ms: longestMs,
      script_ms: scripts[scripts.length >> 1],
      bytes_a_state: bytes / states,
    });
  });
})"""


async def _join(address: str) -> tuple[float, int]:
    """Join once; return how long it took until the state was there, in milliseconds, and how many strokes it had."""
    started = perf_counter()
    url = f"{address.replace('http', 'ws', 1)}ws"
    async with connect(url, "board", params={"name": "bench"}) as session:
        view = await session.updated()
        return 1000 * (perf_counter() - started), len(view.entities("Stroke"))


def _open(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(address)
    page.wait_for_selector("#join:not([hidden])")
    return page


def measure_joins(browser: Browser, address: str, repeats: int) -> dict[str, float]:
    """Join again and again.

    Args:
        browser: A running Chromium.
        address: The server's URL.
        repeats: How often.

    Returns:
        Medians in milliseconds: until a Python client has the state, until a page has it, until the page shows it.
    """
    pythons, states, pictures = [], [], []
    trio.run(_join, address)  # makes the room, and stays out of the figures
    for _ in range(repeats):
        took, strokes = trio.run(_join, address)
        assert strokes >= STROKES
        pythons.append(took)
        page = _open(browser, address)
        state_ms, picture_ms = page.evaluate(_JOIN, STROKES)
        states.append(state_ms)
        pictures.append(picture_ms)
        page.context.close()
    figures = {"python": pythons, "page_has_it": states, "page_shows_it": pictures}
    return {name: round(statistics.median(values), 1) for name, values in figures.items()}


def measure_frames(browser: Browser, address: str, seconds: float) -> dict[str, dict[str, Any]]:
    """Draw frames while something is done to the board.

    Args:
        browser: A running Chromium.
        address: The server's URL.
        seconds: How long each.

    Returns:
        The figures of each: frames a second, the longest, the script's share of one, and bytes of a state.
    """
    page = _open(browser, address)
    page.evaluate(_JOIN, STROKES)
    found = {what: page.evaluate(_FRAMES, [what, seconds]) for what in ("look", "draw", "pan", "zoom")}
    page.context.close()
    return {what: {name: round(value, 1) for name, value in figures.items()} for what, figures in found.items()}


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    figures: dict[str, Any] = {"strokes": STROKES, "points_a_s": 20 * POINTS_A_TICK}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ))
        for name, room in (("nobody_draws", "RestingBoard"), ("somebody_draws", "FullBoard")):
            with ServerProcess(f"bench.full_board:{room}", "--seed", "1") as server:
                joins = measure_joins(browser, server.address, given.repeats)
                frames = measure_frames(browser, server.address, given.seconds)
                figures[name] = {"join_ms": joins, **frames}
        browser.close()
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
