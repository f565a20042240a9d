"""What this process holds: tasks, file descriptors, memory. Whatever of it only grows is a leak."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import trio

_FILES: Final = Path("/proc/self/fd")
_MEMORY: Final = Path("/proc/self/statm")


class Holdings(NamedTuple):
    """None for what cannot be known: tasks where no event loop runs, the rest where the operating system does not say
    (Linux does)."""

    tasks: int | None
    open_files: int | None
    resident_bytes: int | None


def holdings() -> Holdings:
    """Look now."""
    tasks = trio.lowlevel.current_statistics().tasks_living if trio.lowlevel.in_trio_run() else None
    try:
        open_files = len(os.listdir(_FILES)) - 1  # without the one that looks
        resident_bytes = int(_MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return Holdings(tasks, None, None)
    return Holdings(tasks, open_files, resident_bytes)
