"""The folders that `gameserver new` makes, served and played in two pages."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.live.process import GAMESERVER, ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.browser.page import Enter

LAST_DRAWN = """() => {
  window.names = new Map();
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    window.names.set(text.replace(" is it", ""), [x, y]);
    return fillText.call(this, text, x, y);
  };
}"""


def test_two_play_it_as_it_is_made(enter: Enter, tmp_path: Path) -> None:
    subprocess.run([GAMESERVER, "new", "skittles"], cwd=tmp_path, check=True, capture_output=True)
    with ServerProcess(folder=tmp_path / "skittles") as server:
        ada, bob = enter(server.address), enter(server.address)
        for page, name in ((ada, "Ada"), (bob, "Bob")):
            page.evaluate(LAST_DRAWN)
            page.get_by_label("Your name").fill(name)
            page.keyboard.press("Enter")
            page.wait_for_function(f"() => window.names.has('{name}')")
        bob.wait_for_function("() => window.names.has('Ada')")
        before = bob.evaluate("window.names.get('Ada')")
        # Away from the nearer edge, so that there is room to move.
        ada.keyboard.down("ArrowLeft" if before[0] > 400 else "ArrowRight")
        bob.wait_for_function(f"() => Math.abs(window.names.get('Ada')[0] - {before[0]}) > 50")


def serve(folder: Path, template: str) -> ServerProcess:
    command = [str(GAMESERVER), "new", "skittles", "--template", template]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "skittles/publish.key").write_text("k" * 40)
    return ServerProcess(folder=folder / "skittles", command="dev")


def test_the_arena_flies_and_shoots_as_it_is_made(enter: Enter, tmp_path: Path) -> None:
    with serve(tmp_path, "arena") as server:
        ada, bob = enter(server.address), enter(server.address)
        for page, name in ((ada, "Ada"), (bob, "Bob")):
            page.evaluate(LAST_DRAWN)
            page.get_by_label("Your name").fill(name)
            page.keyboard.press("Enter")
            page.wait_for_function(f"() => window.names.has('0  {name}')")
        bob.evaluate("""() => {
          const arc = CanvasRenderingContext2D.prototype.arc;
          CanvasRenderingContext2D.prototype.arc = function (...all) {
            window.shots = (window.shots ?? 0) + 1;
            return arc.apply(this, all);
          };
        }""")
        # It turns meanwhile: from a place at the border, a shot to the outside ends before anybody sees it.
        ada.keyboard.down("ArrowLeft")
        ada.keyboard.down("Space")
        bob.wait_for_function("() => window.shots > 0")
        for page in (ada, bob):
            page.goto("about:blank")


def test_what_one_draws_on_the_board_others_see_as_it_is_made(enter: Enter, tmp_path: Path) -> None:
    with serve(tmp_path, "board") as server:
        ada, bob = enter(server.address), enter(server.address)
        for page, name in ((ada, "Ada"), (bob, "Bob")):
            page.get_by_label("Your name").fill(name)
            page.keyboard.press("Enter")
        bob.evaluate("""() => {
          const fillRect = CanvasRenderingContext2D.prototype.fillRect;
          CanvasRenderingContext2D.prototype.fillRect = function (...all) {
            window.filled = [this.fillStyle, ...all].join();
            return fillRect.apply(this, all);
          };
        }""")
        for _ in range(12):
            ada.keyboard.press("ArrowLeft")
            ada.keyboard.press("ArrowDown")
        ada.keyboard.press("Space")
        bob.wait_for_function("() => window.filled === '#ff7b72,1,691,28,28'")  # the square in the corner
        ada.get_by_role("button", name="Clear").click()
        expect(bob.get_by_role("status")).to_have_text("Ada has cleared the board")
        for page in (ada, bob):
            page.goto("about:blank")


def test_fast_strokes_on_the_board_have_no_holes_and_none_is_lost(enter: Enter, tmp_path: Path) -> None:
    with serve(tmp_path, "board") as server:
        ada, bob = enter(server.address), enter(server.address)
        for page, name in ((ada, "Ada"), (bob, "Bob")):
            page.get_by_label("Your name").fill(name)
            page.keyboard.press("Enter")
        ada.evaluate(LAST_DRAWN)
        bob.evaluate("""() => {
          window.filled = new Set();
          const fillRect = CanvasRenderingContext2D.prototype.fillRect;
          CanvasRenderingContext2D.prototype.fillRect = function (...all) {
            window.filled.add(all.join());
            return fillRect.apply(this, all);
          };
        }""")
        ada.wait_for_function("() => window.names.has('Bob')")
        # Each row in one move, and all at once, which is more than the server takes.
        notice = ada.evaluate("""() => {
          const canvas = document.querySelector("canvas");
          const { left, top, width, height } = canvas.getBoundingClientRect();
          const point = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
            isPrimary: true, buttons: 1, clientX: left + x * width / 24, clientY: top + y * height / 24,
          }));
          for (let row = 0; row < 24; row++) {
            point("pointerdown", 0.5, row + 0.5);
            point("pointermove", 23.5, row + 0.5);
          }
          return document.getElementById("status").textContent;
        }""")
        assert "fast" in notice
        bob.wait_for_function("() => window.filled.size === 24 * 24")
        expect(ada.get_by_role("status")).to_have_text("")
        for page in (ada, bob):
            page.goto("about:blank")


def test_the_dashboard_shows_what_a_service_sends_as_it_is_made(enter: Enter, tmp_path: Path) -> None:
    with serve(tmp_path, "dashboard") as server:
        page = enter(server.address)
        expect(page.get_by_role("article")).to_have_count(4)
        answer = page.request.post(
            f"{server.address}api/commands/dashboard/readings",
            data={"kiln": 97.5},
            headers={"Authorization": f"Bearer {'k' * 40}"},
        )
        assert answer.status == 202
        expect(page.get_by_role("article")).to_have_count(1)
        expect(page.get_by_role("article").filter(has_text="kiln")).to_contain_text("97.5")
        expect(page.get_by_role("listitem").filter(has_text="kiln is at 97.5")).to_be_visible()
        page.goto("about:blank")
