"""`gameserver run` with a room of these scenarios, as a process of its own: its port, its memory, its descriptors."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sysconfig
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GAMESERVER: Final = Path(sysconfig.get_path("scripts")) / "gameserver"
ROOT: Final = Path(__file__).resolve().parents[3]
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
ROOMS: Final = "tests.support.live.ledger"


class Running:
    """A server process."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    @property
    def url(self) -> str:
        """Where players connect."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def resident_bytes(self) -> int:
        """Its memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES

    def open_files(self) -> int:
        """Its file descriptors."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    async def metrics(self) -> dict[str, float]:
        """What /metrics says: samples by name and labels, without the prefix."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            head = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n"
            await stream.send_all(head.encode())
            answer = b"".join([bytes(data) async for data in stream]).decode()
        rows = re.findall(r"^gameserver_(\S+) (\S+)$", answer, re.MULTILINE)
        return {name: float(value) for name, value in rows}

    async def end(self, number: signal.Signals = signal.SIGTERM, within_s: float = 15.0) -> tuple[int, str]:
        """Send a signal; return the exit status and what was written to standard error."""
        self.process.send_signal(number)
        _, errors = await trio.to_thread.run_sync(lambda: self.process.communicate(timeout=within_s))
        return self.process.returncode, errors


@asynccontextmanager
async def running(room: str, *options: str, port: int = 0) -> AsyncIterator[Running]:
    """The server with one of `rooms.py`, until the end of the block."""
    command = [str(GAMESERVER), "run", f"{ROOMS}:{room}", "--port", str(port), "--log-level", "warning", *options]
    process = subprocess.Popen(  # noqa: ASYNC220 - starting one takes a millisecond
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    with process:
        try:
            assert process.stdout is not None
            said = await trio.to_thread.run_sync(process.stdout.readline)
            address = re.search(r"https?://[^:]+:(\d+)/", said)
            assert address, "the server printed no address"
            yield Running(process, int(address[1]))
        finally:
            if process.poll() is None:
                process.kill()
