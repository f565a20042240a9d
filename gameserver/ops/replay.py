"""`gameserver replay`: a recording read from its file, made again, and what came of it in words."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from gameserver.room.kind import make_kind
from gameserver.room.recording import Recording
from gameserver.room.replay import verify as verify_recording

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.room.room import Room


def replay_file(path: Path, room_class: type[Room[Any]], *, verify: bool) -> bool:
    """Print what is in the recording and whether it replays. Returns whether all was well. Raises OSError,
    RecordingError."""
    recording = Recording(path.read_bytes())
    header = recording.header
    ticks = list(recording.ticks())
    seconds = len(ticks) / header.tick_hz
    joined = sum(arrival[0] == "join" for tick in ticks for arrival in tick.arrivals)
    _say(f"room {header.room} of kind {header.kind}: {len(ticks)} ticks, {seconds:.1f} s, {joined} joined")
    if recording.damaged_at is not None:
        _say(f"the file breaks off at byte {recording.damaged_at}; what is before that is used")
    if not verify:
        return recording.damaged_at is None
    began = time.perf_counter()
    verdict = verify_recording(recording, make_kind(room_class))
    took = time.perf_counter() - began
    if verdict.differs_at is not None:
        _say(f"DIFFERS at tick {verdict.differs_at}: {verdict.how}")
        return False
    pace = f"{seconds / took:.0f} times real time"
    _say(f"the same after each of {verdict.ticks} ticks; made again in {took:.1f} s, {pace}")
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
