"""Recordings as files: one a room in a folder, written by a task of its own so that no tick waits for a disk.

Bounded three ways: what waits to be written (a disk that is too slow ends the recording), a file, and the folder, whose
oldest recordings go first. What was flushed survives a crash, since a recording is good up to where it breaks off.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

import trio

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


@dataclass(slots=True, eq=False)
class _File:
    """One recording in progress."""

    path: Path
    handle: BinaryIO
    engine: RoomEngine
    waiting: bytearray
    written: int = 0
    over: bool = False

    def write(self, data: bytes) -> None:
        """Take records; called on the tick."""
        if self.over:
            return
        slow = len(self.waiting) + len(data) > MAX_WAITING_BYTES
        if slow or self.written + len(data) > MAX_FILE_BYTES:
            self.over = True
            log.warning("recording %s ends: the %s", self.path.name, "disk is too slow" if slow else "file is full")
            return
        self.waiting += data


class Recordings:
    """The recordings of one process. `open_recording` is for the hub, `run` is the task that writes."""

    def __init__(self, folder: Path, stamp: Callable[[], str]) -> None:
        """Make the folder when it is not there. `stamp` gives a sortable time for file names. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._stamp = stamp
        self._files: list[_File] = []

    def open_recording(self, engine: RoomEngine) -> Callable[[bytes], None] | None:
        """Begin a file for a room that has not ticked yet; None, and a log line, when that fails."""
        path = self.folder / f"{self._stamp()}-{engine.kind.name}-{engine.id}{SUFFIX}"
        try:
            handle = path.open("xb", buffering=0)
        except OSError as error:
            log.warning("room %s is not recorded: %s", engine.id, error)
            return None
        file = _File(path, handle, engine, bytearray())
        self._files.append(file)
        return file.write

    async def run(self) -> None:
        """Write what waits, again and again; the rest at the end, when cancelled."""
        try:
            while True:
                await trio.sleep(FLUSH_EVERY_S)
                await trio.to_thread.run_sync(self._flush)
        finally:
            self._flush()
            for file in self._files:
                file.handle.close()

    def _flush(self) -> None:
        for file in list(self._files):
            data, file.waiting = file.waiting, bytearray()
            try:
                file.handle.write(data)
            except OSError as error:
                file.over = True
                log.warning("recording %s ends: %s", file.path.name, error)
            file.written += len(data)
            if file.over or (file.engine.closed and not file.waiting):
                file.handle.close()
                self._files.remove(file)
        self._make_room()

    def _make_room(self) -> None:
        """Remove the oldest finished recordings until the folder is within its bound."""
        open_paths = {file.path for file in self._files}
        found = sorted(self.folder.glob(f"*{SUFFIX}"))
        size = sum(path.stat().st_size for path in found)
        for path in found:
            if size <= MAX_FOLDER_BYTES:
                return
            if path not in open_paths:
                size -= path.stat().st_size
                path.unlink()
                log.info("removed the recording %s to make room", path.name)
