"""Recordings as files: one file a room in one folder, written by a task of its own so that no tick waits for a disk.

Everything is bounded: the bytes that wait to be written (a disk that is too slow ends the recording), a file, what one
room records in a minute of its ticks, and the folder, from which the oldest recordings are removed. The folder is read
once, at the start; after that a removal costs the same however many files there are. What is written survives a crash,
since a recording can be used up to where it breaks off.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING, Final

import trio

from gameserver.recording.format import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gameserver.room.engine import RoomEngine

log = logging.getLogger("gameserver.recordings")

SUFFIX: Final = ".gsrec"
FLUSH_EVERY_S: Final = 0.5
"""A crash loses at most what was recorded in this time."""
MAX_WAITING_BYTES: Final = 16 * 2**20
MAX_FILE_BYTES: Final = 512 * 2**20
"""About ten hours of a full arena."""
MAX_BYTES_PER_MINUTE: Final = 16 * 2**20
"""Of one room, about twenty times a full arena. A room that records more gets more messages than it has a use for."""
MAX_FOLDER_BYTES: Final = 4 * 2**30
MAX_FOLDER_FILES: Final = 20_000
ACTIVE_S: Final = 10.0
"""A file written to within this time is still in progress, in this process or in another one that shares the folder."""


@dataclass(slots=True, eq=False)
class _File:
    """One recording in progress."""

    path: Path
    handle: FileIO
    engine: RoomEngine
    waiting: bytearray
    recorder: Recorder | None = None
    """What the room gives its ticks to, until the recording is over."""
    taken: int = 0
    """Bytes that were written or are being written."""
    minute: int = 0
    minute_bytes: int = 0
    """Bytes recorded in this minute of the room's ticks."""
    over: bool = False
    """Nothing more is recorded."""
    failed: bool = False
    """A write failed: the file is not written to any more, since bytes after a gap cannot be used."""

    def add(self, data: bytes) -> None:
        """Queue records for the disk. Called within the tick."""
        if self.over:
            return
        reason = self._excess(len(data))
        if reason is not None:
            self.end(reason)
        else:
            self.waiting += data

    def _excess(self, size: int) -> str | None:
        """Count `size` more bytes. Return why they are too many, or None."""
        minute = self.engine.tick_number // (60 * self.engine.tick_hz)
        if minute != self.minute:
            self.minute, self.minute_bytes = minute, 0
        self.minute_bytes += size
        if len(self.waiting) + size > MAX_WAITING_BYTES:
            return "the disk is too slow"
        if self.taken + len(self.waiting) + size > MAX_FILE_BYTES:
            return "the file is full"
        if self.minute_bytes > MAX_BYTES_PER_MINUTE:
            return f"more than {MAX_BYTES_PER_MINUTE} bytes in a minute"
        return None

    def end(self, reason: object) -> None:
        """Record no more of this room."""
        self.over = True
        log.warning("recording %s ends: %s", self.path.name, reason)

    def stop_recorder(self) -> None:
        """Have the room make no more records, once nothing is recorded any more. Called between two ticks."""
        if self.over and self.recorder is not None:
            self.engine.stop_recorder(self.recorder)
            self.recorder = None

    def take(self) -> bytes:
        """Return the queued bytes, and empty the queue."""
        data, self.waiting = bytes(self.waiting), bytearray()
        self.taken += len(data)
        return data

    @property
    def finished(self) -> bool:
        """Whether all records were taken and no more will come."""
        return (self.over or self.engine.closed) and not self.waiting


class Recordings:
    """The recordings of one process. The hub calls `open_recording`; `run` is the task that writes.

    Queued bytes are taken on the tick's thread and then written by another one, so the two never touch the same bytes.
    """

    def __init__(self, folder: Path, stamp: Callable[[], str]) -> None:
        """Make the folder if it does not exist.

        Args:
            folder: Where the files go.
            stamp: Returns the time for a file's name, in a form that sorts.

        Raises:
            OSError: The folder cannot be made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._stamp = stamp
        self._files: list[_File] = []
        self._finished = FinishedFiles(folder)

    def open_recording(self, engine: RoomEngine) -> Recorder | None:
        """Begin a file for a room that has not ticked yet.

        Returns:
            What takes the room's records; None, after a log line, if the file cannot be made.
        """
        path = self.folder / f"{self._stamp()}-{engine.kind.name}-{engine.id}{SUFFIX}"
        try:
            handle = FileIO(path, "xb")
        except OSError as error:
            log.warning("room %s is not recorded: %s", engine.id, error)
            return None
        file = _File(path, handle, engine, bytearray())
        self._files.append(file)
        file.recorder = Recorder(engine, file.add)
        return file.recorder

    async def run(self) -> None:
        """Write queued bytes every `FLUSH_EVERY_S`, and the rest when cancelled."""
        try:
            while True:
                await trio.sleep(FLUSH_EVERY_S)
                batch = self._take()
                await trio.to_thread.run_sync(self._write, batch)
                self._forget_finished()
        finally:
            self._write(self._take())
            for file in self._files:
                file.handle.close()

    def _take(self) -> list[tuple[_File, bytes]]:
        return [(file, file.take()) for file in self._files]

    def _forget_finished(self) -> None:
        for file in self._files:
            file.stop_recorder()
            if file.finished:
                file.handle.close()
                self._finished.add(file.path, file.taken)
        self._files = [file for file in self._files if not file.handle.closed]

    def _write(self, batch: list[tuple[_File, bytes]]) -> None:
        for file, data in batch:
            try:
                if not file.failed:
                    write_whole(file.handle, data)
            except OSError as error:
                file.failed = True
                file.end(error)
        active_bytes = sum(file.taken for file, _ in batch)
        self._finished.trim(active_bytes, len(batch), time.time())


def write_whole(handle: FileIO, data: bytes) -> None:
    """Write all of `data`, in several writes if the operating system takes less at once.

    Raises:
        OSError: A write failed.
    """
    left = memoryview(data)
    while left:
        left = left[handle.write(left) :]


class FinishedFiles:
    """The finished recordings of a folder, oldest first."""

    def __init__(self, folder: Path) -> None:
        """Read the folder once."""
        self._files: deque[tuple[Path, int]] = deque()
        self._bytes = 0
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            with suppress(OSError):
                self.add(path, path.stat().st_size)

    def add(self, path: Path, size: int) -> None:
        """Add a recording of `size` bytes that is younger than all others."""
        self._files.append((path, size))
        self._bytes += size

    def trim(self, active_bytes: int, active_files: int, now_s: float) -> None:
        """Remove the oldest recordings until the folder is within its bounds.

        A file that cannot be removed is logged and left. One that another process still writes is left for now.

        Args:
            active_bytes: The size of the recordings in progress.
            active_files: How many they are.
            now_s: The current time, on the clock of the files' modification times.
        """
        for _ in range(len(self._files)):
            fits = self._bytes + active_bytes <= MAX_FOLDER_BYTES
            if fits and len(self._files) + active_files <= MAX_FOLDER_FILES:
                return
            path, size = self._files.popleft()
            try:
                if now_s - path.stat().st_mtime <= ACTIVE_S:
                    self._files.append((path, size))
                    continue
                path.unlink()
                log.info("removed the recording %s: the folder is full", path.name)
            except FileNotFoundError:
                pass
            except OSError as error:
                log.warning("cannot remove a recording: %s", error)
                continue  # it goes on taking up its bytes
            self._bytes -= size
