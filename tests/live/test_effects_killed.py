"""A server is killed between asking for an effect and its outcome: the bank gets the same id again, and once only."""

from __future__ import annotations

import json
import os
import signal
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver.store import report
from tests.support.live.embedded import post
from tests.support.live.process import ServerProcess
from tests.support.live.till_room import BANK_PORT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.live, pytest.mark.timeout(150)]

KEY = "k" * 40
WITHIN_S = 30.0


class Bank:
    """Notes the lines that it is sent, and answers while it is open."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_open = False

    async def take(self, stream: trio.SocketStream) -> None:
        async with stream:
            line = b""
            async for data in stream:
                line += data
                if line.endswith(b"\n"):
                    break
            self.lines.append(line.decode().strip())
            if self.is_open:
                await stream.send_all(b"booked")
            else:
                await trio.sleep_forever()

    async def wait_for(self, count: int) -> None:
        """Wait until so many lines have come."""
        with trio.fail_after(WITHIN_S):
            while len(self.lines) < count:  # noqa: ASYNC110 - what another process does
                await trio.sleep(0.05)


@asynccontextmanager
async def open_bank(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bank]:
    bank = Bank()
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, bank.take, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        monkeypatch.setenv(BANK_PORT, str(listener.socket.getsockname()[1]))
        yield bank
        nursery.cancel_scope.cancel()


@pytest.fixture
def start(tmp_path: Path) -> Any:
    (tmp_path / "publish.key").write_text(f"{KEY}\n")
    options = ["--data", str(tmp_path / "data"), "--publish-key", str(tmp_path / "publish.key")]
    return partial(ServerProcess, "tests.support.live.till_room:Till", *options)


async def send(server: ServerProcess, name: str, amount: int) -> None:
    head = f"Authorization: Bearer {KEY}"
    status, _, answer = await post(server.port, f"/api/commands/till/{name}", str(amount).encode(), head)
    assert status == 202, answer


async def listed(server: ServerProcess) -> str:
    _, _, body = await post(server.port, "/api/rooms?kind=till", b"", method="GET")
    return body.decode()


async def until_booked(server: ServerProcess) -> None:
    with trio.fail_after(WITHIN_S):
        while "booked" not in await listed(server):  # noqa: ASYNC110 - what another process does
            await trio.sleep(0.1)


async def worker_of_the_till(server: ServerProcess) -> int:
    """The process that has the room; 0 while that is down."""
    _, _, body = await post(server.port, "/api/rooms", b"", method="GET")
    said = json.loads(body)
    pids = {worker["worker"]: worker["pid"] for worker in said["workers"]}
    return int(pids[said["rooms"][0]["worker"]]) if said["rooms"] else 0


def kill_all(server: ServerProcess) -> None:
    """Kill the parent and its workers at once."""
    for process in [server.process.pid, *server.children()]:
        os.kill(process, signal.SIGKILL)


async def until_nothing_is_left(folder: Path) -> None:
    """Wait until no effect of a room that has ended is stored."""
    with trio.fail_after(WITHIN_S):
        while any("effect" in line for line in report.show(folder)[1:]):  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.1)


async def test_it_is_done_after_the_kill_under_the_same_id_and_not_once_more(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_bank(monkeypatch) as bank:
        async with start() as server:
            await send(server, "pay", 5)
            await bank.wait_for(1)
            await server.end(9)
        bank.is_open = True
        async with start() as server:
            await bank.wait_for(2)
            await until_booked(server)
            await trio.sleep(1.5)  # the result is stored
            await server.end(9)
        assert bank.lines[0] == bank.lines[1]
        assert bank.lines[0].endswith(" 5")
        async with start() as server:
            assert "booked" in await listed(server)
            await trio.sleep(1.0)
        assert len(bank.lines) == 2


async def test_what_an_ended_room_has_asked_for_is_done_after_the_kill(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_bank(monkeypatch) as bank:
        async with start() as server:
            await send(server, "pay_and_close", 7)
            await bank.wait_for(1)
            await server.end(9)
        assert any("effect" in line for line in report.show(tmp_path / "data")[1:])
        bank.is_open = True
        async with start() as server:
            await bank.wait_for(2)
            await until_nothing_is_left(tmp_path / "data")
            await server.end()
        assert bank.lines[0] == bank.lines[1]
        assert bank.lines[0].endswith(" 7")


async def test_of_two_workers_the_one_with_the_room_is_killed_then_all(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_bank(monkeypatch) as bank:
        async with start("--workers", "2") as server:
            await send(server, "pay", 5)
            await bank.wait_for(1)
            killed = await worker_of_the_till(server)
            os.kill(killed, signal.SIGKILL)
            await bank.wait_for(2)
            assert await worker_of_the_till(server) not in (0, killed)
            kill_all(server)
        bank.is_open = True
        async with start("--workers", "2") as server:
            await bank.wait_for(3)
            await until_booked(server)
            await trio.sleep(1.5)  # the result is stored
            kill_all(server)
        async with start("--workers", "2") as server:
            await until_booked(server)
            await trio.sleep(1.0)
            await server.end()
        assert bank.lines == [bank.lines[0]] * 3
        assert bank.lines[0].endswith(" 5")


@pytest.mark.parametrize("workers_after", [2, 1])
async def test_of_two_workers_all_are_killed_after_the_room_has_ended(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers_after: int
) -> None:
    async with open_bank(monkeypatch) as bank:
        async with start("--workers", "2") as server:
            await send(server, "pay_and_close", 7)
            await bank.wait_for(1)
            kill_all(server)
        bank.is_open = True
        async with start("--workers", str(workers_after)) as server:
            await bank.wait_for(2)
            await until_nothing_is_left(tmp_path / "data")
            await server.end()
        assert bank.lines == [bank.lines[0]] * 2
        assert bank.lines[0].endswith(" 7")
