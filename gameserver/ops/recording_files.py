"""Recordings as files: one file a room in one folder, written by a task of its own so that no tick waits for a disk.

There are three bounds: on the bytes that wait to be written (a disk that is too slow ends the recording), on a file,
and on the folder, from which the oldest recordings are removed. What is written survives a crash, since a recording can
be used up to where it breaks off.
"""

from __future__ import annotations

import logging
import time
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
MAX_FOLDER_BYTES: Final = 4 * 2**30
ACTIVE_S: Final = 10.0
"""A file written to within this time is still in progress, in this process or in another one that shares the folder."""


@dataclass(slots=True, eq=False)
class _File:
    """One recording in progress."""

    path: Path
    handle: FileIO
    engine: RoomEngine
    waiting: bytearray
    taken: int = 0
    """Bytes that were written or are being written."""
    over: bool = False
    """Nothing more is recorded."""
    failed: bool = False
    """A write failed: the file is not written to any more, since bytes after a gap cannot be used."""

    def add(self, data: bytes) -> None:
        """Queue records for the disk. Called within the tick."""
        if self.over:
            return
        slow = len(self.waiting) + len(data) > MAX_WAITING_BYTES
        if slow or self.taken + len(self.waiting) + len(data) > MAX_FILE_BYTES:
            self.end("the disk is too slow" if slow else "the file is full")
        else:
            self.waiting += data

    def end(self, reason: object) -> None:
        """Record no more of this room."""
        self.over = True
        log.warning("recording %s ends: %s", self.path.name, reason)

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
        return Recorder(engine, file.add)

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
            if file.finished:
                file.handle.close()
        self._files = [file for file in self._files if not file.handle.closed]

    def _write(self, batch: list[tuple[_File, bytes]]) -> None:
        for file, data in batch:
            try:
                if not file.failed:
                    write_whole(file.handle, data)
            except OSError as error:
                file.failed = True
                file.end(error)
        remove_oldest(self.folder, time.time())


def write_whole(handle: FileIO, data: bytes) -> None:
    """Write all of `data`, in several writes if the operating system takes less at once.

    Raises:
        OSError: A write failed.
    """
    left = memoryview(data)
    while left:
        left = left[handle.write(left) :]


def remove_oldest(folder: Path, now_s: float) -> None:
    """Remove the oldest finished recordings until the folder is within `MAX_FOLDER_BYTES`.

    A file that cannot be removed is logged and left.

    Args:
        folder: Where the recordings are.
        now_s: The current time, on the clock of the files' modification times.
    """
    found = sorted(folder.glob(f"*{SUFFIX}"))
    size = 0
    for path in found:
        with suppress(OSError):
            size += path.stat().st_size
    for path in found:
        if size <= MAX_FOLDER_BYTES:
            return
        try:
            file = path.stat()
            if now_s - file.st_mtime > ACTIVE_S:
                path.unlink()
                size -= file.st_size
                log.info("removed the recording %s: the folder is full", path.name)
        except OSError as error:
            log.warning("cannot remove a recording: %s", error)
