"""What this process holds: tasks, file descriptors, memory. If any of them only ever grows, that is a leak."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import trio

_FILES: Final = Path("/proc/self/fd")
_MEMORY: Final = Path("/proc/self/statm")


class ProcessStatistics(NamedTuple):
    """What one process holds. A field is None if it is not known: the last two are known on Linux only."""

    tasks: int | None
    """Tasks of the event loop; None if none runs."""
    open_files: int | None
    """File descriptors."""
    resident_bytes: int | None
    """Memory."""


def process_statistics() -> ProcessStatistics:
    """Return what this process holds now."""
    tasks = trio.lowlevel.current_statistics().tasks_living if trio.lowlevel.in_trio_run() else None
    try:
        open_files = len(os.listdir(_FILES)) - 1  # without the descriptor that reads this folder
        resident_bytes = int(_MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return ProcessStatistics(tasks, None, None)
    return ProcessStatistics(tasks, open_files, resident_bytes)
