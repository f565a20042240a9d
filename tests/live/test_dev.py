"""`gameserver dev`: code that is changed on disk runs a moment later, and players keep their seats and their state."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
import trio

from gameserver.client import connect
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.client import Session

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

RULES = """\
from gameserver import Entity, Inputs, Int, Player, Room

class Pot(Entity):
    coins = Int(0, 1000)

class Keys(Inputs):
    dig = Int(0, 1)

class Mine(Room[Keys]):
    tick_hz = 20
    worth = 1

    def on_create(self, options) -> None:
        self.dug = 0

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Pot, owner=player)

    def on_message(self, player: Player, name: str, payload: object) -> None:
        self.dug += 1
        player.avatar.coins += self.worth
        self.broadcast("dug", self.dug)
"""
NAME = "mine.py"


class Dev:
    """One `gameserver dev` in a folder of its own, and its lines."""

    def __init__(self, folder: Path, *options: str, rules: str = RULES) -> None:
        self.folder = folder
        self.write(rules)
        self.server = ServerProcess("mine:Mine", *options, command="dev", folder=folder)

    def write(self, rules: str, name: str = NAME) -> None:
        (self.folder / name).write_text(rules, "utf-8")

    async def line(self, text: str) -> str:
        """Wait for a line of its standard output that has a text."""
        while text not in (line := await trio.to_thread.run_sync(self.server.read_line)):
            assert line, self.server.errors_so_far().decode()
        return line

    async def error(self, text: str, times: int = 1) -> str:
        """Wait until it has written a text to standard error so often; return all that it wrote."""
        while (said := self.server.errors_so_far().decode()).count(text) < times:  # noqa: ASYNC110
            await trio.sleep(0.05)
        return said

    async def change(self, old: str, new: str) -> str:
        """Change the rules, and wait until they run."""
        self.write((self.folder / NAME).read_text("utf-8").replace(old, new))
        return await self.line("restarted")

    def get(self, path: str, **headers: str) -> Any:
        return urlopen(Request(self.server.address + path, headers=headers))

    def shown(self) -> dict[str, Any]:
        """What pages are to show."""
        with self.get("api/dev/changes") as answer:
            found: dict[str, Any] = json.load(answer)
            return found


async def dig(session: Session, coins: int) -> None:
    """Dig once, as soon as there is a link, and wait until the pot has so many coins."""
    await send(session)
    while not any(pot.coins == coins for pot in session.view.entities("Pot")):
        await session.updated()


async def send(session: Session) -> None:
    while not session.send("dig"):  # noqa: ASYNC110 - nobody announces it
        await trio.sleep(0.02)


def seat_of(session: Session) -> tuple[str | None, int]:
    assert session.me is not None
    return session.code, session.me.number


async def test_a_change_of_the_code_keeps_players_in_their_seats_with_their_state(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    async with dev.server:
        async with connect(dev.server.url, "mine") as session:
            seat, events = seat_of(session), session.events()
            await dig(session, 1)
            assert "mine.py has changed: restarted in" in (said := await dev.change("worth = 1", "worth = 10"))
            assert said.endswith(", 1 room goes on\n")
            await dig(session, 11)
            assert seat_of(session) == seat
            assert [(await anext(events)).payload for _ in range(2)] == [1, 2]  # what the room itself keeps
        assert await dev.server.end(signal.SIGINT) == (0, "stopping\n")


BROKEN = (
    ("def f(:\n", "SyntaxError: invalid syntax", "def f(:"),
    ("1 / 0\n", "ZeroDivisionError: division by zero", "in <module>"),
    ("class Bad(Entity):\n    x = Int(3, 2)\n", "DeclarationError: Bad.x: the range is 3 to 2", "class Bad(Entity):"),
)


async def test_code_that_cannot_be_loaded_is_shown_and_the_old_plays_on(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    async with dev.server, connect(dev.server.url, "mine") as session:
        await dig(session, 1)
        for number, (broken, says, place) in enumerate(BROKEN, 1):
            dev.write(RULES + broken)
            said = await dev.error("the old code plays on", times=number)
            assert says in said
            assert place in said
            assert "gameserver/" not in said  # the author's frames only
            problem = dev.shown()["problem"]
            assert says in problem["text"]
            assert place in problem["detail"]
            await dig(session, 1 + number)
        await dev.change(BROKEN[-1][0], "")
        assert dev.shown()["problem"] is None
        await dig(session, 5)


async def test_what_the_rules_raise_is_shown_until_the_code_changes(tmp_path: Path) -> None:
    dev = Dev(tmp_path, rules=RULES.replace("self.dug += 1", "self.dug += self.no_such"))
    async with dev.server, connect(dev.server.url, "mine") as session:
        await send(session)
        await dev.error("failed at tick")
        problem = dev.shown()["problem"]
        assert "'Mine' object has no attribute 'no_such'" in problem["text"]
        assert "in on_message" in problem["detail"]
        await dev.change("self.no_such", "1")
        assert dev.shown()["problem"] is None
        await dig(session, 1)


async def test_a_wrong_value_is_shown_with_the_line_that_assigns_it(tmp_path: Path) -> None:
    wrong = RULES.replace("coins += self.worth", 'coins = "many"\n        player.avatar.coins = 3')
    dev = Dev(tmp_path, rules=wrong)
    async with dev.server, connect(dev.server.url, "mine") as session:
        await send(session)
        await dev.error("failed at tick")
        problem = dev.shown()["problem"]
        assert "Pot.coins is 'many', not a number" in problem["text"]
        assert problem["detail"].rstrip().endswith('player.avatar.coins = "many"')
        await dev.change('"many"', "2")
        await dig(session, 3)


MIGRATION = """
    def migrate(self, old: OldRoom) -> None:
        self.dug = old.attributes["dug"]
        for player in self.players:
            player.avatar = self.spawn(Pot, coins=old.avatar(player).coins * 100, owner=player)
"""


async def test_a_room_whose_entities_are_declared_differently_goes_on_by_its_migrate(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    async with dev.server, connect(dev.server.url, "mine") as session:
        await dig(session, 1)
        seat, events = seat_of(session), session.events()
        changed = RULES.replace("Player, Room", "OldRoom, Player, Room").replace("1000)", "90000)")
        dev.write(changed.replace("worth = 1", "worth = 100") + MIGRATION)
        assert (await dev.line("restarted")).endswith(", 1 room goes on\n")
        said = await dev.error("it is migrated")
        assert "(mine): its entities or inputs are declared differently now" in said
        await dig(session, 200)
        assert seat_of(session) == seat
        assert (await anext(events)).payload == 2


async def test_a_migrate_that_raises_is_shown_with_its_line_and_the_room_begins_anew(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    async with dev.server, connect(dev.server.url, "mine") as session:
        await dig(session, 1)
        changed = RULES.replace("Player, Room", "OldRoom, Player, Room").replace("1000)", "90000)")
        dev.write(changed + MIGRATION.replace('old.attributes["dug"]', "old.depth"))
        assert (await dev.line("restarted")).endswith(", 0 rooms go on\n")
        assert "(mine) begins anew: its migrate raised AttributeError" in await dev.error("begins anew")
        problem = dev.shown()["problem"]
        assert "(mine) cannot be migrated: AttributeError" in problem["text"]
        assert "self.dug = old.depth" in problem["detail"]
        await dig(session, 1)


async def test_a_room_that_cannot_go_on_begins_anew_and_says_why(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    async with dev.server, connect(dev.server.url, "mine") as session:
        await dig(session, 1)
        assert "0 rooms go on" in await dev.change("coins = Int(0, 1000)", "coins = Int(0, 2000)")
        await dig(session, 1)
        said = await dev.error("begins anew")
        assert "(mine) begins anew: its entities or inputs are declared differently now" in said
        await dev.change(
            "        player.avatar.coins", "        self.after(999, lambda: None)\n        player.avatar.coins"
        )
        await dig(session, 2)
        assert "Mine.after: " in await dev.error("begins anew when the code changes")
        assert "0 rooms go on" in await dev.change("worth = 1", "worth = 5")
        await dig(session, 5)


async def test_code_that_is_wrong_from_the_start_is_shown_until_it_is_right(tmp_path: Path) -> None:
    dev = Dev(tmp_path, rules="import no_such_thing\n" + RULES)
    async with dev.server:
        assert "No module named 'no_such_thing'" in dev.shown()["problem"]["text"]
        reloads = dev.shown()["reloads"]
        dev.write("", "no_such_thing.py")
        await dev.line("restarted")
        assert (dev.shown()["problem"], dev.shown()["reloads"]) == (None, reloads + 1)
        async with connect(dev.server.url, "mine") as session:
            await dig(session, 1)


async def test_a_page_that_changed_between_two_servers_is_loaded_again(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    seen = []
    for script in ("export {};", None, "export const changed = true;"):
        if script is not None:
            (page / "main.js").write_text(script)
        dev = Dev(tmp_path, "--web", "page")
        async with dev.server:
            seen.append(dev.shown()["reloads"])
    assert seen[0] == seen[1] != seen[2]


async def test_a_changed_page_is_loaded_again_and_this_machines_pages_may_use_the_server(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html><title>Mine</title>")
    dev = Dev(tmp_path, "--web", "page")
    async with dev.server, connect(dev.server.url, "mine") as session:
        await dig(session, 1)
        with dev.get("") as answer:
            assert b'src="/dev/overlay.js"' in answer.read()
        before = dev.shown()
        (page / "main.js").write_text("export {};")
        while dev.shown()["reloads"] == before["reloads"]:  # noqa: ASYNC110 - nobody announces it
            await trio.sleep(0.05)
        dev.write(RULES + "\n# changed\n")  # a page and a module that are saved together
        (page / "main.js").write_text("export const changed = true;")
        while (await trio.to_thread.run_sync(dev.shown))["reloads"] == before["reloads"] + 1:  # noqa: ASYNC110
            await trio.sleep(0.05)
        await dig(session, 2)
        for origin, allowed in (
            ("http://localhost:5173", True),
            ("http://127.0.0.1:3000", True),
            ("http://[::1]:3000", True),
            ("https://localhost.evil.example", False),
            ("https://evil.example", False),
        ):
            with dev.get("sdk/index.js", Origin=origin) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == (origin if allowed else None)
