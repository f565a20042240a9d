"""Functions beside rooms: async ones and plain ones, bounded in time and number, cancelled with their room."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from gameserver import Room
from gameserver.net import work_runner
from gameserver.net.work_runner import WorkRunner
from gameserver.protocol.constants import CloseCode
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from collections.abc import Callable


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


async def refuse(key: str) -> None:
    raise OSError("no bank")


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


async def test_functions_that_never_end_stop_neither_files_nor_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_runner, "MAX_THREADS", 2)
    trio.to_thread.current_default_thread_limiter().total_tokens = 2
    released = threading.Event()
    try:
        async with trio.open_nursery() as nursery:
            server = open_room(nursery)
            for _ in range(3):
                start(server, released.wait, timeout_s=0.05)
            outcomes = await outcomes_of(server, 3)
            late = "it took longer than 0.05 s"
            queued = "it could not begin within 0.05 s: the functions of this process that run have not ended"
            assert sorted(outcomes) == [queued, late, late]
            with trio.fail_after(5):
                assert await trio.to_thread.run_sync(threading.active_count) > 2, "a file is read in a thread"
            start(server, plus_one, 1)
            assert await outcomes_of(server, 4) == [*outcomes, 2]
            released.set()
            start(server, threading.get_ident)
            await outcomes_of(server, 5)
    finally:
        released.set()


async def plus_one(value: int) -> int:
    return value + 1


async def outcomes_of(server: MemoryServer, count: int) -> list[Any]:
    """Tick until there are so many outcomes."""
    with trio.fail_after(5):
        while len(room_of(server).outcomes) < count:
            await trio.sleep(0.01)
            server.tick()
    return list(room_of(server).outcomes)


async def exits_in_a_task() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leave_the_process)
        await trio.sleep_forever()


async def leave_the_process() -> None:
    sys.exit(3)


async def waits_as_asyncio_does() -> None:
    raise asyncio.CancelledError


def is_interrupted() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (exits_in_a_task, "BaseExceptionGroup"),
        (leave_the_process, "SystemExit"),
        (waits_as_asyncio_does, "CancelledError"),
        (is_interrupted, "KeyboardInterrupt"),
    ],
)
async def test_whatever_a_function_raises_is_its_outcome(work: Callable[[], object], name: str) -> None:
    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        start(server, work)
        (outcome,) = await outcomes_of(server, 1)
        assert outcome.startswith(f"{name}: ")


async def test_a_room_that_ends_cancels_a_function_that_raises_as_it_goes() -> None:
    async def stubborn() -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(leave_the_process)
                await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        start(server, stubborn)
        await trio.testing.wait_all_tasks_blocked()
        server.engine.close(CloseCode.ROOM_CLOSED, "over")
        await trio.testing.wait_all_tasks_blocked()
        assert not nursery.child_tasks


async def test_an_effect_is_tried_again_with_longer_and_longer_pauses(autojump_clock: trio.testing.MockClock) -> None:
    called: list[tuple[str, float]] = []

    async def pay(key: str, fails: int) -> int:
        called.append((key, trio.current_time()))
        if len(called) <= fails:
            raise OSError("no bank")
        return 5

    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        server.hub.run_effects_with(WorkRunner(nursery).start_effect)
        room = room_of(server)
        began_s = trio.current_time()
        key = room.effect(pay, 4, then=room.outcomes.append)
        await trio.sleep(16.0)
        server.tick()
        assert room.outcomes == [5]
        assert [(of, round(at_s - began_s)) for of, at_s in called] == [(key, at) for at in (0, 1, 3, 7, 15)]


async def test_an_effect_that_never_succeeds_fails_in_the_end(autojump_clock: trio.testing.MockClock) -> None:
    async with trio.open_nursery() as nursery:
        server = open_room(nursery)
        server.hub.run_effects_with(WorkRunner(nursery).start_effect)
        room = room_of(server)
        room.effect(refuse, tries=3, failed=lambda failure: room.outcomes.append(str(failure)))
        await trio.sleep(4.0)
        server.tick()
        assert room.outcomes == ["OSError: no bank"]


async def test_an_effect_uses_up_no_try_while_it_waits_for_its_turn(
    mock_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_runner, "MAX_THREADS", 1)
    begun, released = threading.Event(), threading.Event()

    def hang(key: str) -> None:
        begun.set()
        released.wait()

    def pay(key: str) -> int:
        return 5

    try:
        async with trio.open_nursery() as nursery:
            server = open_room(nursery)
            server.hub.run_effects_with(WorkRunner(nursery).start_effect)
            outcomes = room_of(server).outcomes

            def ask(work: Callable[[str], object]) -> None:
                then, failed = outcomes.append, lambda failure: outcomes.append(str(failure))
                room_of(server).effect(work, tries=1, timeout_s=0.5, then=then, failed=failed)

            async def tick_until(count: int) -> None:
                while len(outcomes) < count:
                    await trio.lowlevel.checkpoint()
                    server.tick()

            ask(hang)
            while not begun.is_set():
                await trio.lowlevel.checkpoint()
            ask(pay)
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(0.6)
            await tick_until(1)
            assert outcomes == ["it took longer than 0.5 s"]
            released.set()
            await tick_until(2)
            assert outcomes == ["it took longer than 0.5 s", 5]
    finally:
        released.set()


async def test_an_effect_outlives_its_room_and_is_stopped_where_the_room_goes_on_elsewhere(
    autojump_clock: trio.testing.MockClock,
) -> None:
    done = []

    async def pay(key: str, seconds: float) -> None:
        await trio.sleep(seconds)
        done.append(seconds)

    for lasts in (False, True):
        async with trio.open_nursery() as nursery:
            server = open_room(nursery)
            server.hub.run_effects_with(WorkRunner(nursery).start_effect)
            room_of(server).effect(pay, 2.0)
            room_of(server).effect(pay, 3.0)
            await trio.sleep(1.0)
            server.engine.close(CloseCode.ROOM_CLOSED, "over", lasts=lasts)
            await trio.sleep(5.0)
            assert done == [2.0, 3.0]
