"""`gameserver replay`: a recording read from its file, and made again or shown, with what came of it in words."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from gameserver.hub.hub import Hub
from gameserver.net.settings import NetSettings
from gameserver.ops.logs import configure_logging
from gameserver.ops.serve import run_hub
from gameserver.protocol.constants import Limits
from gameserver.recording.format import Recording
from gameserver.recording.replay_room import replay_kind
from gameserver.recording.timeline import Timeline
from gameserver.recording.verify import check_shown
from gameserver.recording.verify import verify as verify_recording
from gameserver.room.kind import make_kind

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


def serve_file(path: Path, room_class: type[Room[Any]], *, host: str, port: int) -> None:
    """Show a recording in the demo until a signal says to stop. Raises OSError, RecordingError."""
    recording = Recording(path.read_bytes())
    kind = make_kind(room_class)
    check_shown(recording, kind)
    timeline = Timeline(recording, kind.schema)
    if recording.damaged_at is not None:
        _say(f"the file breaks off at byte {recording.damaged_at}; what is before that is shown")
    hub = Hub({}, token_bytes=secrets.token_bytes, seed=recording.header.seed, limits=replace(Limits(), max_rooms=1))
    hub.kinds[kind.name] = replay_kind(kind, timeline)
    hub.open_room(kind.name, {"timeline": timeline})
    configure_logging("info", "text")
    show = partial(run_hub, words=f"showing {path.name}", query="?watch")
    trio.run(show, hub, NetSettings(host=host, port=port))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
