"""Record a room, then stand still until killed: `python -m tests.support.recorder_process FOLDER TICKS`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import trio
import trio.testing

from gameserver.games.arena import Arena
from gameserver.ops.recording_files import FLUSH_EVERY_S, Recordings
from tests.support.memory_server import MemoryServer


async def main(folder: Path, ticks: int) -> None:
    server = MemoryServer(Arena)
    recordings = Recordings(folder, lambda: "then")
    server.hub.open_recording = recordings.open_recording
    server.join("arena", name="Ada")
    server.tick(ticks - 1)
    writers = trio.to_thread.current_default_thread_limiter()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recordings.run)
        await trio.sleep(1.5 * FLUSH_EVERY_S)
        while writers.borrowed_tokens:
            await trio.lowlevel.checkpoint()
        server.tick(ticks)  # these are never flushed
        sys.stdout.write("now\n")
        sys.stdout.flush()
        signal.pause()  # nothing in this process runs any more


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]), clock=trio.testing.MockClock(autojump_threshold=0))
