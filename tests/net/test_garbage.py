"""Collections run between tasks, full ones take little of the time, and automatic collection is on again afterwards."""

from __future__ import annotations

import gc
import sys
import weakref

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.garbage import (
    FULL_AFTER_CONNECTIONS,
    FULL_SHARE,
    LOOKS,
    YOUNG_AFTER_OBJECTS,
    YOUNG_EVERY_S,
    FullCollections,
    pace_garbage,
)


class Knot:
    """Refers to itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


async def test_cycles_are_freed_although_automatic_collection_is_off(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pace_garbage, lambda: 0, lambda: 0)
        await trio.sleep(YOUNG_EVERY_S / 2)
        assert not gc.isenabled()
        knot = weakref.ref(Knot())
        assert knot() is not None
        await trio.sleep(YOUNG_EVERY_S)
        assert knot() is None
        nursery.cancel_scope.cancel()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


async def test_a_full_collection_follows_many_connections(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", collected.append)
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 0))
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: 1_000)
    connections = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pace_garbage, lambda: connections, lambda: 0)
        await trio.sleep(2.5 * YOUNG_EVERY_S)
        connections = FULL_AFTER_CONNECTIONS
        await trio.sleep(1.5 * YOUNG_EVERY_S)
        nursery.cancel_scope.cancel()
    assert collected == [2, 1, 1, 2, 1]


async def test_young_objects_are_collected_sooner_when_there_are_many(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected: list[int] = []
    young = 0
    monkeypatch.setattr(gc, "collect", collected.append)
    monkeypatch.setattr(gc, "get_count", lambda: (young, 0, 0))
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: 1_000)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pace_garbage, lambda: 0, lambda: 0)
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(YOUNG_EVERY_S / LOOKS / 2)
        for count in (YOUNG_AFTER_OBJECTS, YOUNG_AFTER_OBJECTS - 1, YOUNG_AFTER_OBJECTS):
            young = count
            await trio.sleep(YOUNG_EVERY_S / LOOKS)
        nursery.cancel_scope.cancel()
    assert collected == [2, 1, 1]


# -- when full collections run -----------------------------------------------------------------------------------------

PAUSE_S = 0.1
EARNED_S = PAUSE_S / FULL_SHARE


def after_a_full_collection() -> FullCollections:
    """One has run at 0 s, and took `PAUSE_S`; the process held 1,000,000 blocks after it."""
    return FullCollections(0.0, PAUSE_S, blocks=1_000_000, connections=0)


@pytest.mark.parametrize(
    ("now_s", "blocks", "connections", "idle", "due"),
    [
        pytest.param(1e9, 1_000_000, 0, True, False, id="nothing to find"),
        pytest.param(EARNED_S, 1_000_000, FULL_AFTER_CONNECTIONS, False, True, id="connections, and earned"),
        pytest.param(EARNED_S - 1, 1_000_000, FULL_AFTER_CONNECTIONS, False, False, id="not earned yet"),
        pytest.param(0.5, 1_000_000, FULL_AFTER_CONNECTIONS, True, True, id="nobody waits"),
        pytest.param(1.25 * EARNED_S, 1_250_000, 0, False, True, id="growth, and earned"),
        pytest.param(EARNED_S, 1_250_000, 0, False, False, id="more objects take longer, so more is to be earned"),
        pytest.param(0.5, 3_999_999, 5_000, False, False, id="thousands of links are no runaway"),
        pytest.param(0.5, 4_000_000, 0, False, True, id="a runaway"),
    ],
)
def test_a_full_collection_is_due(now_s: float, blocks: int, connections: int, idle: bool, due: bool) -> None:
    full = after_a_full_collection()
    assert full.due(now_s, blocks=blocks, connections=connections, idle=idle) is due


def test_a_small_process_may_grow_many_times() -> None:
    full = FullCollections(0.0, PAUSE_S, blocks=1_000, connections=0)
    assert not full.due(0.5, blocks=100_000, connections=0, idle=False)


@given(
    came=st.lists(st.integers(0, 1_000), min_size=1, max_size=200),
    took_s=st.floats(0.001, 1.0),
)
def test_full_collections_take_no_more_than_their_share(came: list[int], took_s: float) -> None:
    full = FullCollections(0.0, took_s, blocks=1_000_000, connections=0)
    connections, paused_s = 0, 0.0
    for step, number in enumerate(came, 1):
        now_s = step * 10.0
        connections += number
        if full.due(now_s, blocks=1_000_000, connections=connections, idle=False):
            paused_s += took_s
            full.note_run(now_s, took_s, blocks=1_000_000, connections=connections)
        assert paused_s <= now_s * FULL_SHARE + 1e-9
