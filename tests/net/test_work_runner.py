"""Functions beside rooms: async ones and plain ones, bounded in time and number, cancelled with their room."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from gameserver import Room
from gameserver.net import work_runner
from gameserver.net.work_runner import WorkRunner
from gameserver.protocol.constants import CloseCode
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    import pytest


class Quiet(Room):
    kind = "quiet"
    entities = ()

    def on_create(self, options: Any) -> None:
        self.outcomes: list[Any] = []


async def twice(value: int) -> int:
    await trio.sleep(1.0)
    return 2 * value


async def fail() -> None:
    await trio.sleep(1.0)
    raise OSError("no database")


def room_of(server: MemoryServer) -> Quiet:
    room = server.engine.room
    assert isinstance(room, Quiet)
    return room


def start(server: MemoryServer, work: Any, *args: object, timeout_s: float = 10.0) -> None:
    room = room_of(server)
    room.run(
        work,
        *args,
        then=room.outcomes.append,
        failed=lambda failure: room.outcomes.append(str(failure)),
        timeout_s=timeout_s,
    )


def open_room(nursery: trio.Nursery) -> MemoryServer:
    server = MemoryServer(Quiet)
    server.hub.run_work = WorkRunner(nursery).start
    server.join("quiet")
    return server


async def test_results_failures_and_time_outs_come_back(autojump_clock: trio.testing.MockClock) -> None:
    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        start(server, twice, 21)
        start(server, fail)
        start(server, trio.sleep_forever, timeout_s=2.0)
        await trio.sleep(3.0)
        server.tick()
        assert set(room_of(server).outcomes) == {42, "OSError: no database", "it took longer than 2 s"}


async def test_plain_functions_run_in_a_thread_of_their_own() -> None:
    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        start(server, threading.get_ident)
        while not server.engine.seats._commands:
            await trio.lowlevel.checkpoint()
        server.tick()
        (ident,) = room_of(server).outcomes
        assert ident != threading.get_ident()


async def test_a_room_that_ends_cancels_what_runs_for_it(autojump_clock: trio.testing.MockClock) -> None:
    cancelled = []

    async def endless() -> None:
        try:
            await trio.sleep_forever()
        finally:
            cancelled.append(True)

    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        room = room_of(server)
        start(server, endless)
        await trio.testing.wait_all_tasks_blocked()
        server.engine.close(CloseCode.ROOM_CLOSED, "over")
        await trio.testing.wait_all_tasks_blocked()
        assert cancelled == [True]
        assert room.outcomes == []
        assert not nursery.child_tasks


async def test_a_process_runs_so_many_at_a_time_and_the_rest_wait(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_runner, "MAX_RUNNING", 2)
    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        for value in range(4):
            start(server, twice, value)
        await trio.sleep(1.5)
        server.tick()
        assert len(room_of(server).outcomes) == 2
        await trio.sleep(1.0)
        server.tick()
        assert sorted(room_of(server).outcomes) == [0, 2, 4, 6]
