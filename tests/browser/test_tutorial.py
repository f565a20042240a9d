"""The tutorial, step by step as printed: what a reader has after each step is served, and shows what the page says.

With GAMESERVER_TUTORIAL_PICTURES=1 the pictures of the page are made anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.live.terminal import Terminal
from tests.support.page_blocks import BLOCKS, Block, files_of
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.support.browser.page import Enter

PAGE: Final = "docs/guide/tutorial.md"
PICTURES: Final = ROOT / "docs/images"
SIZE: Final[ViewportSize] = {"width": 624, "height": 470}
MINE: Final = [127, 227, 255]
OTHERS: Final = [255, 159, 107]
COIN: Final = [255, 210, 87]
FIND: Final = """(colour) => {
  const { data, width } = document.getElementById("field").getContext("2d").getImageData(0, 0, 600, 400);
  let [n, x] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if (colour.every((part, place) => data[at + place] === part)) [n, x] = [n + 1, x + ((at / 4) % width)];
  }
  return n === 0 ? null : { n, x: x / n };
}"""
WAY_TO_A_COIN: Final = """([mine, coin]) => {
  const { data, width } = document.getElementById("field").getContext("2d").getImageData(0, 0, 600, 400);
  const points = (colour) => {
    const found = [];
    for (let at = 0; at < data.length; at += 4) {
      if (colour.every((part, place) => data[at + place] === part)) {
        found.push([(at / 4) % width, Math.floor(at / 4 / width)]);
      }
    }
    return found;
  };
  const own = points(mine);
  const [x, y] = own[Math.floor(own.length / 2)];
  const ways = points(coin).map(([coinX, coinY]) => [coinX - x, coinY - y]);
  return ways.sort(([dx, dy], [otherDx, otherDy]) => Math.hypot(dx, dy) - Math.hypot(otherDx, otherDy))[0];
}"""
MOVED_AFTER_MS: Final = f"""(colour) => new Promise((resolve) => {{
  const find = {FIND};
  const before = find(colour).x;
  addEventListener("keydown", ({{ timeStamp }}) => requestAnimationFrame(function look() {{
    if (Math.abs(find(colour).x - before) > 1) resolve(performance.now() - timeStamp);
    else requestAnimationFrame(look);
  }}), {{ once: true }});
  dispatchEvent(new KeyboardEvent("keydown", {{ key: before < 300 ? "ArrowRight" : "ArrowLeft" }}));
}})"""


def step_of(block: Block) -> int:
    """Return the number of the step that a block is in."""
    lines = (ROOT / PAGE).read_text("utf-8").splitlines()[: block.line]
    return [int(line.split()[1].rstrip(".")) for line in lines if line.startswith("## ") and line[3].isdigit()][-1]


OF_PAGE: Final = [block for block in BLOCKS if block.page == PAGE]
STEPS: Final = [(step_of(block), block) for block in OF_PAGE[1:]]
"""All but the block that prepares the folder."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.stop()


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Opens pages, each in a context of its own; at the end none may have raised an error.

    That of other tests also refuses warnings of the browser, and it warns of a page whose canvas is read, as here.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(url: str, query: str = "", **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url + query)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def serve(terminal: Terminal, step: int) -> str:
    """Serve what a reader has after a step, by the last command up to there. Return the address."""
    blocks = [block for number, block in STEPS if number <= step]
    for name, text in files_of(blocks).items():
        path = terminal.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    commands = [block.source.strip() for block in blocks if block.language == "sh"]
    terminal.serve([command for command in commands if command.startswith("gameserver dev")][-1])
    return f"http://127.0.0.1:{terminal.port}/"


def wait_for(page: Page, colour: list[int]) -> None:
    page.wait_for_function(f"colour => ({FIND})(colour) !== null", arg=colour)


def take_picture(page: Page, step: int) -> None:
    if os.environ.get("GAMESERVER_TUTORIAL_PICTURES"):
        page.screenshot(path=PICTURES / f"tutorial-{step}.png")


def test_step_1_shows_everybody(terminal: Terminal, enter: Enter) -> None:
    address = serve(terminal, 1)
    ada, bob = enter(address, viewport=SIZE), enter(address, viewport=SIZE)
    for page in (ada, bob):
        wait_for(page, MINE)
        wait_for(page, OTHERS)
    take_picture(ada, 1)
    bob.close()
    ada.wait_for_function(f"colour => ({FIND})(colour) === null", arg=OTHERS)


def test_step_2_runs_by_the_arrow_keys(terminal: Terminal, enter: Enter) -> None:
    address = serve(terminal, 2)
    ada = enter(address, viewport=SIZE)
    wait_for(ada, MINE)
    before = ada.evaluate(FIND, MINE)["x"]
    ada.keyboard.down("ArrowRight" if before < 300 else "ArrowLeft")
    ada.wait_for_function(f"([colour, before]) => Math.abs(({FIND})(colour).x - before) > 100", arg=[MINE, before])
    take_picture(ada, 2)


def test_step_2_runs_by_a_finger(terminal: Terminal, enter: Enter) -> None:
    phone = enter(serve(terminal, 2), viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    wait_for(phone, MINE)
    before = phone.evaluate(FIND, MINE)["x"]
    way = 60 if before < 300 else -60
    touch = phone.context.new_cdp_session(phone)

    def point(kind: str, *places: int) -> None:
        points = [{"x": x, "y": 120} for x in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    point("touchStart", 195)
    point("touchMove", 195 + way)
    moved = f"([colour, before]) => Math.abs(({FIND})(colour).x - before) > 100"
    phone.wait_for_function(moved, arg=[MINE, before])
    point("touchEnd")
    phone.wait_for_timeout(500)  # what is held is predicted by the client no longer
    stopped = phone.evaluate(FIND, MINE)["x"]
    phone.wait_for_timeout(300)
    assert phone.evaluate(FIND, MINE)["x"] == stopped


def test_step_3_runs_at_once_although_the_network_is_slow(terminal: Terminal, enter: Enter) -> None:
    ada = enter(serve(terminal, 3), viewport=SIZE)
    wait_for(ada, MINE)
    ada.wait_for_timeout(1500)  # the first inputs may come late, until her lead fits the network
    moved_after_ms = ada.evaluate(MOVED_AFTER_MS, MINE)
    assert moved_after_ms < 200, "the way to the server and back alone takes 200 ms"
    take_picture(ada, 3)


def test_step_4_has_coins_that_can_be_taken(terminal: Terminal, enter: Enter) -> None:
    ada = enter(serve(terminal, 4), viewport=SIZE)
    wait_for(ada, COIN)
    take_picture(ada, 4)
    for _ in range(100):
        if ada.locator("#say").inner_text() == "Got one!":
            break
        dx, dy = ada.evaluate(WAY_TO_A_COIN, [MINE, COIN])
        keys = [("ArrowRight", dx > 6), ("ArrowLeft", dx < -6), ("ArrowDown", dy > 6), ("ArrowUp", dy < -6)]
        wanted = [key for key, is_wanted in keys if is_wanted]
        for key in wanted:
            ada.keyboard.down(key)
        ada.wait_for_timeout(50)
        for key in wanted:
            ada.keyboard.up(key)
    assert ada.locator("#say").inner_text() == "Got one!"


def test_step_5_has_scores_and_rounds(terminal: Terminal, enter: Enter) -> None:
    address = serve(terminal, 5)
    size = {**SIZE, "height": 540}
    ada, bob = enter(address, "?name=Ada", viewport=size), enter(address, "?name=Bob", viewport=size)
    ada.wait_for_function("document.getElementById('say').textContent === 'Go!'")
    for page in (ada, bob):
        wait_for(page, COIN)
        names = sorted(line.partition(":")[0] for line in page.locator("#scores li").all_inner_texts())
        assert names == ["Ada", "Bob"]
    ada.keyboard.down("ArrowLeft")
    ada.wait_for_timeout(400)
    ada.keyboard.up("ArrowLeft")
    take_picture(ada, 5)


def test_every_step_before_the_tests_has_a_picture() -> None:
    text = (ROOT / PAGE).read_text("utf-8")
    assert [f"](../images/tutorial-{step}.png)" in text for step in range(1, 6)] == [True] * 5
