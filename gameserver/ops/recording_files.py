"""Recordings as files: one a room in a folder, written by a task of its own so that no tick waits for a disk.

Bounded three ways: what waits to be written (a disk that is too slow ends the recording), a file, and the folder, whose
oldest recordings go first. What was flushed survives a crash, since a recording is good up to where it breaks off.
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
"""What a crash can cost."""
MAX_WAITING_BYTES: Final = 16 * 2**20
MAX_FILE_BYTES: Final = 512 * 2**20
"""About ten hours of a full arena."""
MAX_FOLDER_BYTES: Final = 4 * 2**30
ACTIVE_S: Final = 10.0
"""A file that was written to so recently is being made, by this process or another one that shares the folder."""


@dataclass(slots=True, eq=False)
class _File:
    """One recording in progress."""

    path: Path
    handle: FileIO
    engine: RoomEngine
    waiting: bytearray
    taken: int = 0
    """Bytes that were written, or are about to be."""
    over: bool = False
    failed: bool = False
    """The disk refused some of it: what comes behind that is of no use."""

    def add(self, data: bytes) -> None:
        """Take records; called on the tick."""
        if self.over:
            return
        slow = len(self.waiting) + len(data) > MAX_WAITING_BYTES
        if slow or self.taken + len(self.waiting) + len(data) > MAX_FILE_BYTES:
            self.end("the disk is too slow" if slow else "the file is full")
        else:
            self.waiting += data

    def end(self, why: object) -> None:
        """Record no more of this room."""
        self.over = True
        log.warning("recording %s ends: %s", self.path.name, why)

    def take(self) -> bytes:
        """Return what waits, for the disk."""
        data, self.waiting = bytes(self.waiting), bytearray()
        self.taken += len(data)
        return data

    @property
    def finished(self) -> bool:
        """Whether nothing will come any more, and all that came was taken."""
        return (self.over or self.engine.closed) and not self.waiting


class Recordings:
    """The recordings of one process. `open_recording` is for the hub, `run` is the task that writes.

    What waits changes hands on the tick's own thread; another one writes it. So the two never touch the same bytes.
    """

    def __init__(self, folder: Path, stamp: Callable[[], str]) -> None:
        """Make the folder when it is not there. `stamp` gives a sortable time for file names. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._stamp = stamp
        self._files: list[_File] = []

    def open_recording(self, engine: RoomEngine) -> Recorder | None:
        """Begin a file for a room that has not ticked yet; None, and a log line, when that fails."""
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
        """Write what waits, again and again; the rest at the end, when cancelled."""
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
        make_room(self.folder, time.time())


def write_whole(handle: FileIO, data: bytes) -> None:
    """Write all of `data`; a disk may take it in pieces. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[handle.write(left) :]


def make_room(folder: Path, now_s: float) -> None:
    """Remove the oldest finished recordings until the folder is within its bound; `now_s` is the time that the disk
    keeps. One that cannot be removed, or is gone already, is no error."""
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
                log.info("removed the recording %s to make room", path.name)
        except OSError as error:
            log.warning("cannot make room: %s", error)
