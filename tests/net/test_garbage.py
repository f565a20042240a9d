"""Collections run between tasks, and automatic collection is on again afterwards."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import trio

from gameserver.net.garbage import FULL_AFTER_CONNECTIONS, YOUNG_EVERY_S, pace_garbage

if TYPE_CHECKING:
    import pytest


class Knot:
    """Refers to itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


async def test_cycles_are_freed_although_automatic_collection_is_off(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pace_garbage, lambda: 0)
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
    connections = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pace_garbage, lambda: connections)
        await trio.sleep(2.5 * YOUNG_EVERY_S)
        connections = FULL_AFTER_CONNECTIONS
        await trio.sleep(2 * YOUNG_EVERY_S)
        nursery.cancel_scope.cancel()
    assert collected == [2, 1, 1, 2, 1]
