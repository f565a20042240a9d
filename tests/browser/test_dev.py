"""`gameserver dev` in a browser: the page for any room, the overlay of an error, and pages that load again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.browser.page import Enter

PHONE_WIDTH = 390
RULES = """\
from gameserver import Choice, Entity, Flag, Float, Inputs, Int, Player, Room, Text

class Dot(Entity):
    x = Float(step=1, min=0, max=800)
    y = Float(step=1, min=0, max=600)
    name = Text(max_bytes=24)

class Keys(Inputs):
    dx = Int(-1, 1)
    hop = Flag()
    gait = Choice("walk", "run")

class Walk(Room[Keys]):
    tick_hz = 30

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Dot, owner=player, name=player.text("name", "?"), x=100, y=300)

    def on_input(self, player: Player, keys: Keys) -> None:
        player.avatar.x += keys.dx * (8 if keys.gait == "run" else 4)

    def on_message(self, player: Player, name: str, payload: object) -> None:
        self.broadcast("said", {"by": player.avatar.name, "what": payload})
"""
HEAD = '<!doctype html><title>Mine</title><link rel="icon" href="data:,">'
AFTER_A_RESTART_MS = 20_000
HEADERS = ["id", "x", "y", "name"]


def test_any_room_has_a_page_that_steers_and_shows_it(enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "walk.py").write_text(RULES)
    with ServerProcess("walk:Walk", command="dev", folder=tmp_path) as server:
        page = enter(server.address)
        assert page.url.endswith("/dev/")
        page.get_by_label("params").fill('{"name": "Ada"}')
        page.get_by_role("button", name="Join anew").click()
        state = page.locator("#state")
        expect(state.locator("th")).to_have_text(HEADERS)
        row = state.locator("tr.own td")
        expect(row.nth(3)).to_have_text("Ada")
        expect(row.nth(1)).to_have_text("100")
        page.locator("body").click(position={"x": 4, "y": 4})
        page.keyboard.down("ArrowRight")
        expect(row.nth(1)).not_to_have_text("100")
        expect(page.locator("output").first).to_have_text("1")
        page.keyboard.up("ArrowRight")
        page.get_by_label("gait").select_option("run")
        page.get_by_label("hop").check()
        page.get_by_label("Name of a message").fill("say")
        page.get_by_label("Payload of the message").fill('"hello"')
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#events")).to_contain_text('{"by":"Ada","what":"hello"}')
        drawn = page.evaluate("""() => {
            const canvas = document.getElementById("field");
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let found = 0;
            for (let i = 0; i < data.length; i += 4) found += data[i] === 127 && data[i + 1] === 227;
            return found;
        }""")
        assert drawn > 100  # the dot, in the colour of its type
        page.set_viewport_size({"width": PHONE_WIDTH, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
        page.goto("about:blank")


def test_an_error_lies_over_the_page_until_it_is_mended_and_pages_load_again(enter: Enter, tmp_path: Path) -> None:
    rules, index = tmp_path / "walk.py", tmp_path / "page" / "index.html"
    rules.write_text(RULES)
    index.parent.mkdir()
    index.write_text(f"{HEAD}<h1>First</h1>")
    with ServerProcess("walk:Walk", "--web", "page", command="dev", folder=tmp_path) as server:
        page, other = enter(server.address), enter(server.address)
        rules.write_text(RULES + "def broken(:\n")
        for each in (page, other):
            alert = each.get_by_role("alert")
            expect(alert).to_contain_text("SyntaxError", timeout=AFTER_A_RESTART_MS)
            expect(alert).to_contain_text("def broken(:")
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_role("alert")).to_have_count(0)
        rules.write_text(RULES)
        expect(other.get_by_role("alert")).to_have_count(0, timeout=AFTER_A_RESTART_MS)
        index.write_text(f"{HEAD}<h1>Second</h1>")
        for each in (page, other):
            expect(each.get_by_role("heading")).to_have_text("Second")
        assert page.request.get(f"{server.address}dev/").ok  # beside an author's own page
        for each in (page, other):
            each.goto("about:blank")


def test_a_server_for_players_has_neither(enter: Enter) -> None:
    with ServerProcess("tests.support.field_room:Field") as server:
        page = enter(server.address)
        for path in ("dev/", "dev/overlay.js", "api/dev/changes"):
            assert page.request.get(server.address + path).status == 404
