"""`gameserver` as a process: its address, memory, file descriptors, metrics and end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self
from urllib.parse import urlsplit
from urllib.request import urlopen

import trio

from tests.support.source import ROOT

if TYPE_CHECKING:
    from types import TracebackType

GAMESERVER: Final = Path(sysconfig.get_path("scripts")) / "gameserver"
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
STOP_TIMEOUT_S: Final = 15.0


class ServerProcess:
    """`gameserver run`, or another command that serves, on a free port until the end of the block.

    Both `with` and `async with` wait until the process accepts connections, and kill it at the end if the test has not
    ended it. What such a process wrote to standard error is then shown with the test. `max_files` is its `ulimit -n`,
    `max_kib` its `ulimit -f`: no file of it grows beyond; `folder` where it runs.
    """

    def __init__(
        self,
        *arguments: str,
        command: str = "run",
        port: int = 0,
        max_files: int = 0,
        max_kib: int = 0,
        folder: Path = ROOT,
    ) -> None:
        self._line = [str(GAMESERVER), command, "--port", str(port), *arguments]
        for option, limit in (("n", max_files), ("f", max_kib)):
            if limit:
                self._line = ["bash", "-c", f'ulimit -{option} {limit}; exec "$@"', "bash", *self._line]
        self._folder = folder
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed at the end of the block
        self.address = ""
        """The URL that it printed."""

    def __enter__(self) -> Self:
        self._start()
        self._read_address()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    async def __aenter__(self) -> Self:
        self._start()
        await trio.to_thread.run_sync(self._read_address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        port = urlsplit(self.address).port
        assert port is not None
        return port

    @property
    def url(self) -> str:
        """The WebSocket URL."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def read_line(self) -> str:
        """The next line that it writes to standard output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def resident_bytes(self) -> int:
        """Resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES

    def children(self) -> list[int]:
        """The processes that it has started: its workers."""
        lists = Path(f"/proc/{self.process.pid}/task").glob("*/children")  # of each thread
        return [int(number) for text in lists for number in text.read_text().split()]

    def open_files(self) -> int:
        """How many file descriptors it has."""
        return open_files(self.process.pid)

    async def metrics(self) -> dict[str, float]:
        """The samples of `/metrics`, by name and labels without the prefix."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            head = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n"
            await stream.send_all(head.encode())
            answer = b"".join([bytes(data) async for data in stream]).decode()
        rows = re.findall(r"^gameserver_(\S+) (\S+)$", answer, re.MULTILINE)
        return {name: float(value) for name, value in rows}

    async def skipped_share(self, kind: str) -> float:
        """The share of snapshots that the running rooms of a kind did not send although they were due."""
        metrics = await self.metrics()
        sent, skipped = (metrics[f'room_{name}{{kind="{kind}"}}'] for name in ("states", "skipped_states"))
        return skipped / (sent + skipped)

    async def end(self, number: signal.Signals = signal.SIGTERM, within_s: float = STOP_TIMEOUT_S) -> tuple[int, str]:
        """Send a signal and wait; return the exit status and what was written to standard error."""
        self.process.send_signal(number)
        await trio.to_thread.run_sync(self.process.wait, within_s)
        self._errors.seek(0)
        return self.process.returncode, self._errors.read()

    def errors_so_far(self) -> bytes:
        """What it has written to standard error. The file's position, which it writes at, stays as it is."""
        number = self._errors.fileno()
        return os.pread(number, os.fstat(number).st_size, 0)

    def _start(self) -> None:
        self.process = subprocess.Popen(
            self._line, cwd=self._folder, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def _read_address(self) -> None:
        said = self.read_line()
        found = re.search(r"https?://\S+", said)
        if found is None:
            self._stop()
            raise AssertionError(f"{said!r} names no address")
        self.address = found[0]

    def _stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self._errors.seek(0)
            sys.stderr.write(self._errors.read())
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


def ledger_process(room: str, *options: str, port: int = 0) -> ServerProcess:
    """A server with one of the rooms of `ledger.py`."""
    return ServerProcess(f"tests.support.live.ledger:{room}", "--log-level", "warning", *options, port=port)


def workers_process(*options: str, room: str = "Small", workers: int = 2) -> ServerProcess:
    """A server with one of the rooms of `worker_rooms.py`, on several processes."""
    return ServerProcess(f"tests.support.live.worker_rooms:{room}", "--workers", str(workers), *options)


def open_files(pid: int | Literal["self"] = "self") -> int:
    """How many file descriptors a process has, by default this one."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def kill_worker(address: str, instance: str) -> None:
    """Kill one process of a server with workers: the one that WELCOME calls `instance`."""
    with urlopen(f"{address}api/rooms") as answer:
        workers = json.load(answer)["workers"]
    (pid,) = [worker["pid"] for worker in workers if worker["server"] == instance]
    os.kill(pid, signal.SIGKILL)
