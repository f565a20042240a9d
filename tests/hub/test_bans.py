"""Bans: who they keep out, by what, for how long, and what they do to those who play already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.hub import bans as module
from gameserver.hub.bans import Ban, Bans, Ruling
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import banned_reason
from tests.support.field_room import Field
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer

ADA = {"sub": "ada"}


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def join(server: MemoryServer, claims: Any = None, address: str = "192.0.2.7") -> tuple[MemoryLink, Peer]:
    """A client with its token's claims, after the tick that let it in or not."""
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address=address, claims=claims)
    server.say(peer, C.JOIN, "field", None, 0, {})
    server.tick()
    return link, peer


@pytest.fixture
def server() -> MemoryServer:
    made = MemoryServer(Field)
    made.hub.moderation.bans = Bans(Clock())
    return made


def code(link: MemoryLink) -> int | None:
    return None if link.closed is None else link.closed[0]


def test_rules_ban_a_subject_wherever_it_comes_from_and_nobody_else_there(server: MemoryServer) -> None:
    link, peer = join(server, ADA)
    server.say(peer, C.MESSAGE, "ban", 60.0)
    server.tick(2)
    assert link.closed == (CloseCode.BANNED, "banned for 60 s: enough")
    assert server.engine.seats.sessions == {}
    again, _ = join(server, ADA, "198.51.100.1")
    assert again.closed == (CloseCode.BANNED, "banned for 60 s: enough")
    assert [code(join(server, claims)[0]) for claims in ({"sub": "bob"}, None)] == [None, None]


@pytest.mark.parametrize("seconds", [10**400, 1e300, math.inf], ids=["int", "float", "inf"])
def test_a_ban_of_rules_beyond_all_calendars_is_for_good(server: MemoryServer, seconds: float) -> None:
    join(server, ADA)
    (session,) = server.engine.seats.sessions.values()
    session.player.ban("enough", seconds)
    server.tick()
    assert server.hub.moderation.bans.in_force() == [Ban("sub:ada", "enough", None)]
    assert join(server, ADA)[0].closed == (CloseCode.BANNED, "banned: enough")


def test_without_a_token_the_address_is_banned_with_all_who_have_it(server: MemoryServer) -> None:
    _, peer = join(server)
    other, _ = join(server, ADA)
    elsewhere, _ = join(server, None, "198.51.100.1")
    server.say(peer, C.MESSAGE, "ban", None)
    server.tick(2)
    assert (code(other), code(elsewhere)) == (CloseCode.BANNED, None)
    assert join(server)[0].closed == (CloseCode.BANNED, "banned: enough")


def test_an_address_that_many_share_is_not_banned_and_the_log_says_what_to_do(
    server: MemoryServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.hub.admission.limit_key = lambda _: ""
    link, peer = join(server)
    server.say(peer, C.MESSAGE, "ban", 60.0)
    server.tick(2)
    assert code(link) == CloseCode.BANNED
    assert code(join(server)[0]) is None
    assert "it is only removed; with --auth it is known by its subject" in caplog.text


def test_a_ban_ends_and_is_lifted(server: MemoryServer) -> None:
    bans, clock = server.hub.moderation.bans, Clock()
    bans._wall_clock = clock
    server.hub.moderation.ban("sub:ada", "enough", 60.0, "test")
    server.hub.moderation.ban("sub:bob", "", None, "test")
    assert [ban.who for ban in bans.in_force()] == ["sub:ada", "sub:bob"]
    clock.now_s += 59.5
    assert join(server, ADA)[0].closed == (CloseCode.BANNED, "banned for 1 s: enough")
    clock.now_s += 0.5
    assert code(join(server, ADA)[0]) is None
    assert bans.unban("sub:bob", "test")
    assert not bans.unban("sub:bob", "test")
    assert len(bans) == 0


def test_a_ban_removes_who_waits_for_its_link_and_who_plays_elsewhere(server: MemoryServer) -> None:
    first, _ = join(server, ADA)
    engine = server.hub.open_room("field")
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address="", claims=ADA)
    server.say(peer, C.JOIN, "field", engine.id, 0, {})
    server.tick()
    peer.lost(server.now_s, None)
    assert sum(len(room.seats.sessions) for room in server.hub.rooms.values()) == 2
    server.hub.moderation.ban("sub:ada", "enough", None, "test")
    server.tick()
    assert sum(len(room.seats.sessions) for room in server.hub.rooms.values()) == 0
    assert code(first) == CloseCode.BANNED


def test_a_replay_bans_nobody() -> None:
    server = MemoryServer(Field)
    _, peer = join(server, ADA)
    server.engine._lifecycle.on_removed = None  # as the engine of a replay has it
    server.say(peer, C.MESSAGE, "ban", None)
    server.tick(2)
    assert len(server.hub.moderation.bans) == 0
    assert server.engine.seats.sessions == {}


@pytest.mark.parametrize(
    ("seconds", "error"), [(0, ValueError), (math.nan, ValueError), ("60", TypeError), (True, TypeError)]
)
def test_what_is_no_time_is_refused(server: MemoryServer, seconds: Any, error: type[Exception]) -> None:
    join(server, ADA)
    (player,) = server.engine.seats.players
    # mypyc's own check of an argument's type says it in other words.
    with pytest.raises(error, match=r"seconds is|float or None object expected"):
        player.ban("enough", seconds)
    with pytest.raises(TypeError, match=r"reason is None|str object expected"):
        player.ban(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (None, "banned: x"),
        (0.2, "banned for 1 s: x"),
        (90, "banned for 90 s: x"),
        (91, "banned for 2 min: x"),
        (3 * 3600, "banned for 3 h: x"),
        (30 * 86_400, "banned for 30 days: x"),
    ],
)
def test_the_reason_says_for_how_long_and_never_less(left_s: float | None, text: str) -> None:
    assert banned_reason("x", left_s) == text
    assert banned_reason("", left_s) == text.removesuffix(": x")


def test_bans_are_bounded_and_those_that_end_first_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BANS", 2)
    bans = Bans(Clock())
    for who, seconds in (("sub:a", None), ("sub:b", 10.0), ("sub:c", 20.0)):
        bans.ban(who, "", seconds, "test")
    assert [ban.who for ban in bans.in_force()] == ["sub:c", "sub:a"]


def test_what_the_store_has_replaces_all_but_what_waits_to_be_stored() -> None:
    bans = Bans(Clock())
    bans.is_stored = True
    bans.ban("sub:ours", "", None, "test")
    bans.ban("sub:lifted", "", None, "test")
    (ours, lifted) = bans.take()
    bans.put_back([ours, lifted])
    bans.unban("sub:lifted", "test")
    other = Ban("sub:other", "", None)
    assert bans.replace([other, Ban("sub:lifted", "", None)]) == [other]
    assert {ban.who for ban in bans.in_force()} == {"sub:ours", "sub:other"}
    assert [ruling.what for ruling in bans.take()] == ["ban", "ban", "unban"]


def test_kicks_that_nobody_stores_are_bounded_and_bans_are_not_dropped_for_them() -> None:
    bans = Bans(Clock())
    bans.note_kick("sub:a", "", "test")
    assert bans.take() == []  # without a store nothing is written down
    bans.is_stored = True
    for _ in range(module.MAX_WAITING_RULINGS + 5):
        bans.note_kick("sub:a", "", "test")
    bans.ban("sub:a", "", None, "test")
    taken = bans.take()
    assert len(taken) == module.MAX_WAITING_RULINGS + 1
    assert isinstance(taken[-1], Ruling)
    assert taken[-1].ban is not None
