"""Bans of one process after another, of its neighbours, and of the command line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.hub.bans import identities
from gameserver.net.identities import read_identity
from gameserver.ops import kept_bans
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.store import moderation
from gameserver.store.api import StoreError
from tests.support.lasting_server import Cellar, Process
from tests.support.memory_server import MemoryLink

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver import Player
    from gameserver.hub.peer import Peer


class Strict(Cellar):
    kind = "strict"

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "kick":
            player.kick("be nice")
        else:
            player.ban("be gone", payload)


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_bans, "BANS_EVERY_S", 0.0)


def process(folder: Path, seed: int = 1, **more: Any) -> Process:
    made = Process(folder, Strict, seed=seed, **more)
    made.server.hub.moderation.bans._wall_clock = time.time
    return made


def join(process: Process, subject: str) -> tuple[MemoryLink, Peer]:
    link, server = MemoryLink(), process.server
    peer = server.hub.open(link, server.now_s, address="test", claims={"sub": subject})
    server.say(peer, C.JOIN, "strict", None, 0, {})
    if server.hub.rooms:
        server.tick()
    return link, peer


def code(link: MemoryLink) -> int | None:
    return None if link.closed is None else link.closed[0]


def test_a_ban_of_the_rules_outlives_the_process_and_its_replay_makes_it_once(tmp_path: Path) -> None:
    one = process(tmp_path)
    _, peer = join(one, "ada")
    one.commit()
    one.server.say(peer, C.MESSAGE, "ban", 600.0)
    one.server.tick(2)
    one.commit()
    one.kill()
    two = process(tmp_path, 2)
    assert code(join(two, "ada")[0]) == CloseCode.BANNED
    assert code(join(two, "bob")[0]) is None
    two.commit()
    two.kill()
    (line,) = moderation.audit(tmp_path)
    assert f"room {one.server.engine.id} (strict): ban sub:ada for 600 s: be gone" in line


def test_the_command_line_bans_who_plays_and_lets_it_in_again(tmp_path: Path) -> None:
    one = process(tmp_path)
    link, _ = join(one, "ada")
    moderation.ban(tmp_path, "sub:ada", "be gone", None)
    one.commit()
    assert link.closed == (CloseCode.BANNED, "banned: be gone")
    one.server.tick()
    assert code(join(one, "ada")[0]) == CloseCode.BANNED
    moderation.unban(tmp_path, "sub:ada")
    one.commit()
    assert code(join(one, "ada")[0]) is None
    with pytest.raises(StoreError, match="sub:ada is not banned"):
        moderation.unban(tmp_path, "sub:ada")
    one.kill()
    assert [line.split(": ", 1)[1] for line in moderation.audit(tmp_path)] == [
        "ban sub:ada for good: be gone",
        "unban sub:ada",
    ]


def test_workers_have_each_others_bans(tmp_path: Path) -> None:
    one, two = [process(tmp_path, 10 + slot, slot=slot, processes=2) for slot in range(2)]
    _, peer = join(one, "ada")
    there, _ = join(two, "ada")
    one.server.say(peer, C.MESSAGE, "ban", None)
    one.server.tick(2)
    one.commit()
    assert code(there) is None
    two.commit()
    assert code(there) == CloseCode.BANNED
    one.kill()
    two.kill()


def test_kicks_are_written_down(tmp_path: Path) -> None:
    one = process(tmp_path)
    link, peer = join(one, "ada")
    one.server.say(peer, C.MESSAGE, "kick", None)
    one.server.tick(2)
    one.commit()
    assert code(link) == CloseCode.KICKED
    assert code(join(one, "ada")[0]) is None
    one.kill()
    assert moderation.audit(tmp_path)[0].endswith("(strict): kick sub:ada be nice")


def test_a_disk_that_cannot_be_written_loses_no_ban_and_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = process(tmp_path)
    _, peer = join(one, "ada")

    def fail(_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(one.store, "rule", fail)
        one.server.say(peer, C.MESSAGE, "ban", None)
        one.server.tick(2)
        one.commit()
        one.commit()
    assert code(join(one, "ada")[0]) == CloseCode.BANNED
    assert caplog.text.count("bans are not kept: the disk is full") == 1
    one.commit()
    one.kill()
    assert [ban.who for ban in moderation.bans(tmp_path)] == ["sub:ada"]


def test_what_is_stored_is_not_stored_again_when_the_look_after_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)

    def fail(_: object) -> None:
        raise StoreError("the disk cannot be read")

    with monkeypatch.context() as patch:
        patch.setattr(one.store, "bans", fail)
        one.server.hub.moderation.ban("sub:ada", "be gone", None, "test")
        one.commit()
    one.commit()
    one.kill()
    assert [line.partition(": ")[2] for line in moderation.audit(tmp_path)] == ["ban sub:ada for good: be gone"]


def test_a_ban_that_is_stored_between_a_look_and_the_tick_stays_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)
    hub = one.server.hub
    kept = one.lasting._bans
    hub.moderation.ban("sub:bob", "", None, "test")
    kept.exchange()  # finds bob
    monkeypatch.setattr(kept_bans, "BANS_EVERY_S", 1000.0)
    hub.moderation.ban("sub:ada", "", None, "test")
    kept.exchange()
    kept.apply()
    assert {ban.who for ban in hub.moderation.bans.in_force()} == {"sub:ada", "sub:bob"}
    one.kill()


def test_texts_that_utf_8_cannot_hold_do_not_stop_the_server(tmp_path: Path) -> None:
    one = process(tmp_path)
    bans = one.server.hub.moderation.bans
    bans.ban(identities({"sub": "a\ud800"}, "")[0], "gone \ud800", None, "test")
    bans.note_kick("sub:b\ud800", "\ud800", "test")
    one.commit()
    assert code(join(one, "a\ud800")[0]) == CloseCode.BANNED
    who = read_identity("sub:c\ud800")
    bans.ban(who, "by a program", None, "test")
    one.commit()
    assert code(join(one, "c\ud800")[0]) == CloseCode.BANNED
    assert bans.unban(read_identity("sub:c\ud800"), "test")
    one.commit()
    one.kill()
    assert [(ban.who, ban.reason) for ban in moderation.bans(tmp_path)] == [("sub:a?", "gone ?")]


def test_a_ban_beyond_all_calendars_is_listed_as_one_for_good(tmp_path: Path) -> None:
    process(tmp_path).kill()
    for who, seconds in (("sub:ada", 1e18), ("sub:bob", 1e300)):
        moderation.ban(tmp_path, who, "x", seconds)
    listed = [moderation.describe(ban) for ban in moderation.bans(tmp_path)]
    assert listed == ["sub:ada for good: x", "sub:bob for good: x"]
