"""`gameserver replay`: runs a recording again and compares, or shows it in the demo."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from functools import partial
from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import TYPE_CHECKING, Any

import trio

from gameserver.cli.errors import EXIT_FOUND, check_port, fail, plain_errors
from gameserver.cli.options import DEFAULT_PORT, DEFAULT_ROOM
from gameserver.escaping import escape_controls
from gameserver.hub.hub import Hub
from gameserver.loading import load_room
from gameserver.net.settings import NetSettings
from gameserver.ops.logs import configure_logging
from gameserver.ops.serve import run_hub
from gameserver.protocol.constants import Limits
from gameserver.recording.format import Recording, RecordingError
from gameserver.recording.replay_room import replay_kind
from gameserver.recording.timeline import Timeline
from gameserver.recording.verify import check_shown
from gameserver.recording.verify import verify as verify_recording
from gameserver.room.kind import make_kind

if TYPE_CHECKING:
    from gameserver.room.room import Room


def replay(
    file: Path,
    room: str = DEFAULT_ROOM,
    *,
    verify: bool = True,
    serve: bool = False,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    web: Path | None = None,
) -> None:
    """Run a recording again at full speed and compare the state after each tick, or show it in the demo.

    The exit status is 1 if a state differs.

    Args:
        file: A recording that `gameserver run --record` made.
        room: The room class as MODULE:CLASS.
        verify: Run the rules again and compare; without it the file is only read and summarised.
        serve: Show the recording in the browser, with pause, seeking and speed; the rules do not run.
        host: With --serve: address to listen on.
        port: With --serve: TCP port; 0 picks a free one.
        web: With --serve: folder with your own page, served at /, for a room that the demo cannot show.
    """
    check_port(port)
    if web is not None and not serve:
        fail("--web shows a recording in your page: give --serve too")
    if web is not None and not web.is_dir():
        fail(f"{web}: no such folder")
    if serve:
        with plain_errors(f"{host} port {port}"):
            serve_recording(file, load_room(room), host=host, port=port, web=web)
        return
    with plain_errors():
        same = replay_recording(file, load_room(room), verify=verify)
    raise SystemExit(0 if same else EXIT_FOUND)


def replay_recording(path: Path, room_class: type[Room[Any]], *, verify: bool) -> bool:
    """Print a summary of a recording and, with `verify`, whether the rules give the same states again.

    Returns:
        Whether the states were the same; without `verify`, whether the file is whole.

    Raises:
        OSError: The file cannot be read.
        RecordingError: It is no recording, or not one of this room.
    """
    recording = _read(path)
    header = recording.header
    ticks = list(recording.ticks())
    seconds = len(ticks) / header.tick_hz
    joined = sum(command[0] == "join" for tick in ticks for command in tick.commands)
    _print(f"room {header.room} of kind {header.kind}: {len(ticks)} ticks, {seconds:.1f} s, {joined} joined")
    _print_damage(recording, "used")
    if not verify:
        return recording.damaged_at is None
    configure_logging("warning", "text")  # what the rules raise, which may hold texts of the file
    began = time.perf_counter()
    verdict = verify_recording(recording, make_kind(room_class))
    took = time.perf_counter() - began
    if verdict.differs_at is not None:
        _print(f"DIFFERS at tick {verdict.differs_at}: {verdict.how}")
        return False
    speed = f"{seconds / took:.0f} times real time"
    _print(f"the same after each of {verdict.ticks} ticks; run again in {took:.1f} s, {speed}")
    return True


def serve_recording(path: Path, room_class: type[Room[Any]], *, host: str, port: int, web: Path | None) -> None:
    """Show a recording in the demo until a signal stops it.

    Raises:
        OSError: The file cannot be read, or the server cannot listen.
        RecordingError: It is no recording, or not one of this room.
    """
    recording = _read(path)
    kind = make_kind(room_class)
    check_shown(recording, kind)
    timeline = Timeline(recording, kind.schema)
    _print_damage(recording, "shown")
    hub = Hub({}, token_bytes=secrets.token_bytes, seed=recording.header.seed, limits=replace(Limits(), max_rooms=1))
    hub.kinds[kind.name] = replay_kind(kind, timeline)
    hub.open_room(kind.name, {"timeline": timeline})
    configure_logging("info", "text")
    show = partial(run_hub, title=f"showing {path.name}", query="?watch")
    trio.run(show, hub, NetSettings(host=host, port=port, web_root=web))


def _read(path: Path) -> Recording:
    try:
        return Recording(path.read_bytes())
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None


def _print(line: str) -> None:
    """Print a line. The file may be from anybody: what it says is escaped, and reaches no terminal as a command."""
    print(escape_controls(line))


def _print_damage(recording: Recording, use: str) -> None:
    if recording.damaged_at is not None:
        _print(f"the file breaks off at byte {recording.damaged_at}; what is before that is {use}")
