"""Rooms tick on multiples of their tick, catch up on a few late ticks, and skip the others."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.counters import Counters
from gameserver.net.scheduled_rooms import MAX_CATCH_UP_TICKS, MAX_HOLD_S, Schedule
from gameserver.net.tick_loop import PHASES, POLL_GAP_S, TickLoop, first_due_s, phases


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=50), st.sampled_from((1.0, 0.05, 1 / 60)))
def test_every_moment_belongs_to_one_tick_made_or_skipped(waits_s: list[float], tick_s: float) -> None:
    schedule = Schedule(10.0, tick_s)
    now_s, total = 10.0, 0
    for wait_s in waits_s:
        now_s += wait_s
        made, skipped = schedule.take(now_s)
        assert made <= MAX_CATCH_UP_TICKS
        assert skipped == 0 or made == MAX_CATCH_UP_TICKS
        total += made + skipped
        assert now_s - 1e-9 <= schedule.due_s <= now_s + tick_s + 1e-9
    assert total == round((schedule.due_s - 10.0) / tick_s)


def test_a_tick_is_due_on_a_multiple_however_late_the_ones_before_were() -> None:
    schedule = Schedule(0.0, 0.1)
    for number in range(1_000):
        assert schedule.due_s == pytest.approx(number * 0.1, abs=1e-12)
        assert schedule.take(number * 0.1 + 0.03) == (1, 0)


@given(st.integers(1, 200))
def test_rooms_are_spread_over_the_tick(count: int) -> None:
    """Each phase has its share of any number of rooms, give or take one."""
    rooms = Counter(islice(phases(), count))
    most, least = -(-count // len(PHASES)), count // len(PHASES)
    assert all(least <= rooms[phase] <= most for phase in PHASES)


@given(st.floats(0, 1e7), st.sampled_from((1.0, 0.05, 1 / 60)), st.sampled_from(PHASES))
def test_rooms_of_one_phase_wake_together_whenever_they_were_made(now_s: float, tick_s: float, phase: float) -> None:
    due_s = first_due_s(now_s, tick_s, phase)
    assert now_s - 1e-6 < due_s <= now_s + tick_s + 1e-6
    assert (due_s / tick_s - phase) % 1.0 == pytest.approx(0.0, abs=1e-6) or (due_s / tick_s - phase) % 1.0 > 1 - 1e-6


class FakeRoom:
    """Records its ticks, which may take long."""

    id = "r"
    tick_s = 0.05

    def __init__(self, clock: trio.testing.MockClock) -> None:
        self.clock = clock
        self.ticks: list[float] = []
        self.skipped: list[int] = []
        self.slow: dict[int, float] = {}
        self.closed = False
        self.closed_with: int | None = None
        self.fails_at: int | None = None
        self.paces: list[tuple[float, float, float]] = []
        self.ticked = trio.Event()

    def tick(self, now_s: float) -> None:
        self.ticks.append(now_s)
        self.ticked.set()
        if len(self.ticks) == self.fails_at:
            raise RuntimeError("a bug of ours")
        self.clock.jump(self.slow.get(len(self.ticks), 0.0))

    def skip(self, ticks: int) -> None:
        self.skipped.append(ticks)

    def note_pace(self, now_s: float, late_s: float, cost_s: float) -> None:
        self.paces.append((now_s, late_s, cost_s))

    def close(self, code: int, reason: str) -> None:
        self.closed = True
        self.closed_with = code


class FakePoller:
    """Records when it is polled."""

    def __init__(self) -> None:
        self.polls: list[float] = []
        self.closed = False

    def poll(self, now_s: float) -> None:
        self.polls.append(now_s)

    def close(self) -> None:
        self.closed = True


async def run_for(room: FakeRoom, seconds: float, poller: FakePoller | None = None, phase: float = 0.0) -> Counters:
    counters = Counters()
    tick_loop = TickLoop(room.tick_s, phase, counters)
    tick_loop.add(room, poller)
    with trio.move_on_after(seconds):
        await tick_loop.run()
    return counters


async def test_a_room_ticks_on_time_and_its_links_are_polled_first(autojump_clock: trio.testing.MockClock) -> None:
    room, poller = FakeRoom(autojump_clock), FakePoller()
    began = trio.current_time()
    counters = await run_for(room, 1.01, poller)
    assert [round((at - began) / 0.05, 6) for at in room.ticks] == list(range(1, 21))
    assert poller.polls == room.ticks
    assert counters.ticks == 20
    assert sum(counters.tick_s.counts) == 20
    assert counters.overruns == 0
    assert poller.closed


async def test_a_phase_shifts_a_room_s_ticks(autojump_clock: trio.testing.MockClock) -> None:
    room = FakeRoom(autojump_clock)
    began = trio.current_time()
    await run_for(room, 0.2, phase=0.5)
    assert room.ticks[0] - began == pytest.approx(0.025)


async def test_a_late_room_catches_up_and_is_on_time_again(autojump_clock: trio.testing.MockClock) -> None:
    room = FakeRoom(autojump_clock)
    room.slow = {3: 0.16}
    began = trio.current_time()
    counters = await run_for(room, 1.01)
    assert len(room.ticks) == 20
    assert room.skipped == []
    assert counters.overruns == 1
    assert room.ticks[-1] - began == pytest.approx(1.0)


async def test_a_room_that_is_very_late_skips_ticks_and_counts_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = FakeRoom(autojump_clock)
    room.slow = {3: 1.0}
    counters = await run_for(room, 2.01)
    assert sum(room.skipped) + len(room.ticks) == 40
    assert sum(room.skipped) == counters.skipped_ticks > 0


async def test_a_room_that_is_always_too_slow_lets_others_run(autojump_clock: trio.testing.MockClock) -> None:
    room, other = FakeRoom(autojump_clock), FakeRoom(autojump_clock)
    room.slow = dict.fromkeys(range(1_000), 0.06)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_for, room, 2.0)
        await run_for(other, 2.0)
    assert len(other.ticks) > 30


async def test_links_of_a_room_with_long_ticks_are_polled_between_them(autojump_clock: trio.testing.MockClock) -> None:
    room, poller = FakeRoom(autojump_clock), FakePoller()
    room.tick_s = 0.5
    await run_for(room, 2.01, poller)
    assert len(room.ticks) == 4
    gaps = [b - a for a, b in zip(poller.polls, poller.polls[1:], strict=False)]
    assert max(gaps) <= 2 * POLL_GAP_S


async def test_a_room_that_closes_ends_its_task(autojump_clock: trio.testing.MockClock) -> None:
    room, poller = FakeRoom(autojump_clock), FakePoller()
    room.closed = True
    await run_for(room, 10.0, poller)
    assert trio.current_time() < 1.0
    assert poller.closed


async def test_a_bug_in_a_room_ends_that_room_alone(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    room, poller = FakeRoom(autojump_clock), FakePoller()
    room.fails_at = 2
    counters = await run_for(room, 10.0, poller)
    assert room.closed_with == 4021
    assert counters.errors == 1
    assert poller.closed
    assert "failed outside its rules" in caplog.text


async def test_a_bug_in_a_room_does_not_affect_the_others_of_its_loop(autojump_clock: trio.testing.MockClock) -> None:
    room, other, poller = FakeRoom(autojump_clock), FakeRoom(autojump_clock), FakePoller()
    room.fails_at = 2
    tick_loop = TickLoop(0.05, 0.0, Counters())
    tick_loop.add(room, None)
    tick_loop.add(other, poller)
    with trio.move_on_after(0.51):
        await tick_loop.run()
    assert len(room.ticks) == 2
    assert len(other.ticks) == len(poller.polls) == 10
    assert not other.closed
    assert poller.closed, "the tick loop has ended"


async def test_rooms_can_be_added_to_a_running_loop_and_leave_it_when_they_close(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first, later, poller = FakeRoom(autojump_clock), FakeRoom(autojump_clock), FakePoller()
    tick_loop = TickLoop(0.05, 0.0, Counters())
    tick_loop.add(first, poller)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick_loop.run)
        await trio.sleep(0.26)
        tick_loop.add(later, None)
        first.closed = True
        await trio.sleep(0.25)
        assert len(first.ticks) == len(later.ticks) == 5
        assert poller.closed
        later.closed = True  # the last one: the tick loop ends, and with it the nursery


async def test_a_room_that_is_always_too_slow_takes_no_tick_from_the_others_of_its_loop(
    autojump_clock: trio.testing.MockClock,
) -> None:
    slow, other = FakeRoom(autojump_clock), FakeRoom(autojump_clock)
    slow.slow = dict.fromkeys(range(1_000), 0.08)
    tick_loop = TickLoop(0.05, 0.0, Counters())
    tick_loop.add(slow, None)
    tick_loop.add(other, None)
    with trio.move_on_after(10.0):
        await tick_loop.run()
    assert slow.skipped, "it cannot keep up"
    assert other.skipped == []
    assert len(other.ticks) >= 10.0 / 0.05 - 3
    assert max(late_s for _, late_s, _ in other.paces) < 3 * 0.08


@pytest.mark.parametrize(("tick_takes_s", "waits"), [(MAX_HOLD_S / 20, False), (MAX_HOLD_S * 2, True)])
async def test_rooms_that_take_long_let_other_tasks_run_between_them(
    autojump_clock: trio.testing.MockClock, tick_takes_s: float, waits: bool
) -> None:
    tick_loop = TickLoop(0.05, 0.0, Counters())
    rooms = [FakeRoom(autojump_clock) for _ in range(3)]
    for room in rooms:
        room.slow = dict.fromkeys(range(1, 10), tick_takes_s)
        tick_loop.add(room, None)
    seen = []

    async def other_task() -> None:
        await rooms[0].ticked.wait()
        seen.append(sum(len(room.ticks) for room in rooms))

    with trio.move_on_after(0.09):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other_task)
            nursery.start_soon(tick_loop.run)
    assert (seen[0] < len(rooms)) == waits


async def test_a_room_is_passed_how_late_each_tick_began_and_how_long_it_took(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = FakeRoom(autojump_clock)
    room.slow = {3: 0.12}
    await run_for(room, 0.31)
    assert [round(late_s, 6) for _, late_s, _ in room.paces] == [0, 0, 0, 0.07, 0.02, 0]
    assert [round(cost_s, 6) for _, _, cost_s in room.paces] == [0, 0, 0.12, 0, 0, 0]
