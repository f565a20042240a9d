"""Timers of a room: counted in ticks, in a fixed order, and gone once they are cancelled or the room has ended."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.room.room import Room
from gameserver.room.timers import Timer, Timers
from tests.support.memory_server import MemoryServer


class Clockwork(Room):
    """Notes when its timers run, as `(tick, name)`."""

    empty_close_s = 1e6

    def on_create(self, options: Any) -> None:
        self.ran: list[tuple[int, str]] = []

    def on_tick(self) -> None:
        self.ran.append((self.tick, "on_tick"))

    def note(self, name: str) -> None:
        self.ran.append((self.tick, name))

    def calls(self, name: str) -> list[int]:
        """The ticks in which it ran."""
        return [tick for tick, ran in self.ran if ran == name]


@pytest.fixture
def server() -> MemoryServer:
    server = MemoryServer(Clockwork)
    server.hub.open_room("clockwork")
    return server


@pytest.fixture
def room(server: MemoryServer) -> Clockwork:
    room = server.engine.room
    assert isinstance(room, Clockwork)
    return room


def test_after_runs_once_so_many_ticks_later(server: MemoryServer, room: Clockwork) -> None:
    server.tick(4)
    room.after(3, lambda: room.note("once"))
    server.tick(20)
    assert room.calls("once") == [7]


def test_every_runs_again_and_again(server: MemoryServer, room: Clockwork) -> None:
    server.tick(4)
    room.every(3, lambda: room.note("again"))
    server.tick(12)
    assert room.calls("again") == [7, 10, 13, 16]


@pytest.mark.parametrize("ticks", [1, 0, -5])
def test_the_next_tick_is_the_earliest(server: MemoryServer, room: Clockwork, ticks: int) -> None:
    room.after(ticks, lambda: room.note("once"))
    room.every(ticks, lambda: room.note("again"))
    server.tick(3)
    assert room.calls("once") == [1]
    assert room.calls("again") == [1, 2, 3]


def test_timers_run_before_the_rules_of_their_tick(server: MemoryServer, room: Clockwork) -> None:
    room.after(1, lambda: room.note("timer"))
    server.tick()
    assert room.ran == [(1, "timer"), (1, "on_tick")]


def test_a_timer_set_in_on_create_counts_from_tick_0() -> None:
    class Early(Clockwork):
        kind = "early"

        def on_create(self, options: Any) -> None:
            super().on_create(options)
            self.after(2, lambda: self.note("early"))

    server = MemoryServer(Early)
    server.hub.open_room("early")
    server.tick(5)
    assert isinstance(server.engine.room, Early)
    assert server.engine.room.calls("early") == [2]


def test_timers_of_one_tick_run_in_the_order_of_their_making(server: MemoryServer, room: Clockwork) -> None:
    room.after(2, lambda: room.note("first"))
    server.tick()
    room.every(1, lambda: room.note("second"))
    room.after(1, lambda: room.note("third"))
    server.tick()
    assert [name for _, name in room.ran] == ["on_tick", "first", "second", "third", "on_tick"]


def test_a_timer_that_repeats_keeps_its_place_among_others_of_its_tick(server: MemoryServer, room: Clockwork) -> None:
    room.every(2, lambda: room.note("older"))
    server.tick(3)
    room.every(1, lambda: room.note("newer"))
    server.tick()
    assert [name for tick, name in room.ran if tick == 4] == ["older", "newer", "on_tick"]


def test_a_cancelled_timer_does_not_run(server: MemoryServer, room: Clockwork) -> None:
    once = room.after(3, lambda: room.note("once"))
    again = room.every(2, lambda: room.note("again"))
    server.tick(2)
    once.cancel()
    again.cancel()
    server.tick(10)
    assert room.calls("once") == []
    assert room.calls("again") == [2]
    once.cancel()
    assert again.cancelled, "cancelling twice is harmless"


def test_a_timer_may_cancel_itself(server: MemoryServer, room: Clockwork) -> None:
    def note_twice() -> None:
        room.note("twice")
        if len(room.calls("twice")) == 2:
            timer.cancel()

    timer: Timer = room.every(1, note_twice)
    server.tick(5)
    assert room.calls("twice") == [1, 2]


def test_a_timer_may_cancel_one_of_the_same_tick(server: MemoryServer, room: Clockwork) -> None:
    room.after(1, lambda: later.cancel())
    later = room.after(1, lambda: room.note("later"))
    server.tick(3)
    assert room.calls("later") == []


def test_a_timer_that_is_set_by_a_timer_runs_in_a_later_tick(server: MemoryServer, room: Clockwork) -> None:
    room.after(1, lambda: room.after(0, lambda: room.note("then")))
    server.tick(3)
    assert room.calls("then") == [2]


def test_a_call_that_raises_ends_its_room_and_no_timer_runs_after_it(
    server: MemoryServer, room: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    room.after(2, lambda: 1 // 0)
    room.every(1, lambda: room.note("again"))
    server.tick(5)
    assert room.calls("again") == [1]
    assert "ZeroDivisionError" in caplog.text
    assert server.hub.rooms == {}


def test_a_room_that_is_over_runs_no_timers(server: MemoryServer, room: Clockwork) -> None:
    room.every(1, lambda: room.note("again"))
    server.tick()
    room.close()
    server.tick(5)
    assert room.calls("again") == [1, 2], "the room makes one more tick"


def test_the_number_of_timers_is_that_of_those_that_will_run() -> None:
    timers = Timers()
    once = timers.add(0, 1, lambda: None)
    timers.add(-1, 2, lambda: None, repeat=True)
    timers.add(0, 5, lambda: None)
    assert len(timers) == 3
    once.cancel()
    assert len(timers) == 2
    timers.run_due(1)
    assert len(timers) == 2, "the one that repeats is due again"
    timers.run_due(5)
    assert len(timers) == 1


def test_what_a_call_raises_comes_through_and_its_timer_is_gone() -> None:
    timers = Timers()
    timers.add(0, 1, lambda: 1 // 0, repeat=True)
    with pytest.raises(ZeroDivisionError):
        timers.run_due(1)
    assert len(timers) == 0
