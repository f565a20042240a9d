"""The overload level: when it rises and falls, and what each level reduces. On a fake clock."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.constants import ServerMessage as S
from gameserver.room.overload import FALL_S, MAX_FALL_S, MAX_LEVEL, RELAPSE_S, Overload
from gameserver.room.room import Room
from tests.support.field_room import Dot
from tests.support.memory_server import MemoryServer, strain

if TYPE_CHECKING:
    from gameserver.room.player import Player

TICK_S = 0.05


class Clocked:
    """An `Overload` and its clock."""

    def __init__(self) -> None:
        self.overload = Overload(TICK_S)
        self.now_s = 100.0
        self.changes: list[tuple[float, int]] = []

    def run(self, seconds: float, taken: float, *, spikes: int = 0) -> int:
        """Run ticks that end `taken` ticks after they were due; with `spikes`, one in so many ends far too late.

        Returns:
            The level after them.
        """
        for number in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            late = 5.0 if spikes and number % spikes == 0 else taken
            if self.overload.note(self.now_s, (late - 0.1) * TICK_S, 0.1 * TICK_S):
                self.changes.append((self.now_s, self.overload.level))
        return self.overload.level


def test_a_room_that_keeps_up_stays_at_level_0() -> None:
    clocked = Clocked()
    assert clocked.run(60, 0.9) == 0
    assert clocked.run(60, 0.2, spikes=4) == 0, "single late ticks are no overload"


def test_the_share_of_the_time_that_ticks_take_is_that_of_the_last_second() -> None:
    overload, now_s = Overload(TICK_S), 100.0
    shares: list[float | None] = []
    assert overload.share is None
    for cost_s in (0.04, 0.01, 0.0):
        for _ in range(40):
            now_s += TICK_S
            overload.note(now_s, 0.0, cost_s)
        shares.append(overload.share)
    assert shares == pytest.approx([0.8, 0.2, 0.0], abs=0.05)


def test_the_level_rises_at_most_once_a_second() -> None:
    clocked = Clocked()
    clocked.run(10, 4.0)
    times = [at_s for at_s, _ in clocked.changes]
    assert [level for _, level in clocked.changes] == [1, 2, 3]
    assert all(0.99 <= b - a < 1.5 for a, b in pairwise(times))


def test_ticks_that_are_a_little_late_do_not_lead_to_level_3() -> None:
    """Ticks on a busy processor are late by about one; only a room that falls ever further behind is at level 3."""
    clocked = Clocked()
    assert clocked.run(60, 1.5) == 2
    assert not clocked.overload.refuses
    assert clocked.run(2.5, 4.0) == 3
    assert clocked.overload.refuses


def test_the_level_falls_step_by_step_once_ticks_are_well_within_their_time() -> None:
    clocked = Clocked()
    clocked.run(10, 4.0)
    assert clocked.run(60, 0.9) == MAX_LEVEL, "in time, but a lower level would not fit"
    clocked.changes.clear()
    assert clocked.run(FALL_S * 3 + 5, 0.3) == 0
    assert [level for _, level in clocked.changes] == [2, 1, 0]


def test_a_room_at_the_limit_oscillates_less_and_less() -> None:
    """Each time the level falls the room is too slow again: the wait before the next fall doubles, up to a minute."""
    clocked = Clocked()
    falls = []
    for _ in range(2_000):
        before = clocked.overload.level
        clocked.run(0.5, 0.3 if before else 1.5)
        if clocked.overload.level < before:
            falls.append(clocked.now_s)
    waits = [b - a for a, b in pairwise(falls)]
    assert waits[-1] >= MAX_FALL_S
    assert waits == sorted(waits)
    assert waits[0] < 2 * FALL_S + RELAPSE_S


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), max_size=200))
def test_for_any_ticks_the_level_moves_by_one_at_a_time(ticks: list[tuple[float, float]]) -> None:
    overload, now_s, level = Overload(TICK_S), 0.0, 0
    for late_s, cost_s in ticks:
        now_s += TICK_S + cost_s
        changed = overload.note(now_s, late_s, cost_s)
        assert abs(overload.level - level) == changed
        assert 0 <= overload.level <= MAX_LEVEL
        level = overload.level


class Busy(Room):
    entities = (Dot,)
    max_players = 4
    resume_grace_s: ClassVar[float | None] = 20.0

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Dot, owner=player)

    def on_tick(self) -> None:
        for dot in self.all(Dot):
            dot.x += 1


@pytest.mark.parametrize(("level", "states"), [(0, 8), (1, 8), (2, 4), (3, 4)])
def test_from_level_2_on_every_second_snapshot_is_sent(level: int, states: int) -> None:
    server = MemoryServer(Busy)
    link, peer = server.join("busy")
    strain(server.engine, level)
    before = len(link.of(S.STATE))
    for _ in range(8):
        server.tick()
        server.say(peer, C.ACK, server.engine.tick_number)
    assert len(link.of(S.STATE)) - before == states
    assert server.engine.statistics()["overload"] == level


def test_at_level_3_joins_are_refused_and_those_who_play_stay() -> None:
    server = MemoryServer(Busy)
    link, _ = server.join("busy")
    strain(server.engine, 2)
    assert server.join("busy")[0].closed is None
    strain(server.engine, 3)
    for wanted in ({"room": link.welcome["room"]}, {}):
        refused: Any = server.join("busy", **wanted)[0].closed
        assert refused is not None
        assert refused[0] == CloseCode.SERVER_FULL
    assert link.closed is None
    assert len(server.hub.rooms) == 1, "one more room would not help"


def test_at_level_3_a_resume_is_accepted() -> None:
    server = MemoryServer(Busy)
    link, peer = server.join("busy")
    peer.lost(server.now_s, None)
    server.tick()
    strain(server.engine, 3)
    again, peer = server.connect()
    server.say(peer, C.RESUME, link.welcome["token"], 0, link.welcome["event"])
    server.tick()
    assert again.welcome["resumed"] is True
