"""The recording format: everything that influenced a room from outside, tick by tick, so that it can be run again.

A recording is `MAGIC`, then records. A record is its payload's length (4 bytes, big-endian), its CRC-32 (4 bytes) and
the payload, msgpack. The first is a map (`Header`); each other is one tick:

    [tick, commands, inputs, lags, events, hash, span, body]

- `commands`: what took effect at this tick, `[word, session, …]`; see `pack_command`.
- `inputs`: `[session, codes]` of each player whose codes differ from those of the tick before.
- `lags`: how far behind the room each player saw that `Room.rewind` was called for, in the order of the calls, in 1/16
  tick.
- `events`: `[name, payload, sessions or nil]`, the events of this tick.
- `hash`: 64 bits of the state after the tick.
- `span`, `body`: on snapshot ticks the delta from the state `span` ticks ago (0: from nothing), as in a STATE, else
  nil. With these a recording can be shown without running its rules.

A reader stops at the first record that is cut short or damaged; the records before it are valid.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgpack
import msgspec

from gameserver.protocol.payload import plain
from gameserver.room import commands
from gameserver.sync.snapshot import StateHash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gameserver.room.commands import Command
    from gameserver.room.engine import RoomEngine
    from gameserver.sync.snapshot import Snapshot

MAGIC: Final = b"GSREC\x001\n"
FORMAT: Final = 4
MAX_RECORD_BYTES: Final = 1 << 26
"""64 MiB; a full snapshot of 100,000 entities is a tenth of it. A larger size is damage."""
KEYFRAME_EVERY_S: Final = 5.0
"""Bounds what must be decoded after a jump. A keyframe of 50 ships is as large as a second of deltas."""

_frame: Final = struct.Struct(">II")


class RecordingError(Exception):
    """The file is not a recording, or not one of this room; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first record: what is known before the first tick."""

    format: int
    kind: str
    room: str
    seed: int
    secret: bytes
    options: dict[str, Any]
    tick_hz: int
    snapshot_every: int
    schema: dict[str, Any]
    step: str | None

    @staticmethod
    def of(engine: RoomEngine) -> Header:
        """The header of a room that has not ticked yet."""
        kind = engine.kind
        return Header(
            format=FORMAT,
            kind=kind.name,
            room=engine.id,
            seed=engine.seed,
            secret=engine.secret,
            options=dict(engine.options),
            tick_hz=engine.tick_hz,
            snapshot_every=engine.snapshot_every,
            schema=kind.schema.to_wire(),
            step=None if kind.step is None else kind.step.fingerprint,
        )


class Tick(NamedTuple):
    """One record after the header."""

    tick: int
    commands: list[list[Any]]
    inputs: list[tuple[int, tuple[int, ...]]]
    lags: list[int]
    events: list[tuple[str, Any, list[int] | None]]
    hash: int
    span: int | None
    body: bytes | None


class Recorder:
    """Turns ticks into records; the `TickRecorder` of a room."""

    def __init__(self, engine: RoomEngine, write: Callable[[bytes], None]) -> None:
        """Write the header of a room that has not ticked yet.

        Args:
            engine: The room.
            write: Takes whole records; it must not wait.
        """
        header = Header.of(engine)
        self._write = write
        self._encoder = engine.encoder
        self._snapshot_every = header.snapshot_every
        self._keyframe_ticks = max(1, int(KEYFRAME_EVERY_S * header.tick_hz))
        self._codes: dict[int, tuple[int, ...]] = {}
        self._hash = StateHash()
        self._base: Snapshot | None = None
        self._keyframe_tick = 0
        write(MAGIC + pack_record(asdict(header)))

    def put(
        self,
        commands: Sequence[Command],
        inputs: Sequence[tuple[int, tuple[int, ...]]],
        lags: Sequence[int],
        events: Sequence[tuple[str, object, frozenset[int] | None]],
        snapshot: Snapshot,
    ) -> None:
        """Record one tick."""
        changed = [(number, codes) for number, codes in inputs if self._codes.get(number) != codes]
        self._codes = dict(inputs)
        span, body = self._state(snapshot)
        packed_events = [[name, payload, None if to is None else sorted(to)] for name, payload, to in events]
        packed_commands = [pack_command(command) for command in commands]
        record = [snapshot.tick, packed_commands, changed, lags, packed_events, self._hash.of(snapshot), span, body]
        self._write(pack_record(record))

    def _state(self, snapshot: Snapshot) -> tuple[int | None, bytes | None]:
        if snapshot.tick % self._snapshot_every:
            return None, None
        base = self._base
        if base is None or snapshot.tick - self._keyframe_tick >= self._keyframe_ticks:
            base, self._keyframe_tick = None, snapshot.tick
        self._base = snapshot
        return 0 if base is None else snapshot.tick - base.tick, self._encoder.encode(base, snapshot)


def pack_record(payload: object) -> bytes:
    """One record as bytes."""
    packed = msgpack.packb(payload, default=plain)
    return _frame.pack(len(packed), zlib.crc32(packed)) + packed


def pack_command(command: Command) -> list[Any]:
    match command:
        case commands.Join(session, reservation):
            player = session.player
            return ["join", session.number, int(player.role), dict(player.params), player.claims, reservation]
        case commands.Resume(session, tick, event):
            return ["resume", session.number, tick, event]
        case commands.Suspend(session):
            return ["suspend", session.number]
        case commands.Leave(session):
            return ["leave", session.number]
        case commands.Message(session, name, payload):
            return ["message", session.number, name, payload]
        case commands.Expect() | commands.Arrive() | commands.Moved():
            return _pack_move(command)
        case _:
            return _pack_of_the_room(command)


def _pack_of_the_room(
    command: commands.WorkDone | commands.RoomsListed | commands.BackfillsListed | commands.External | commands.Reserve,
) -> list[Any]:
    match command:
        case commands.WorkDone(job, result, error):
            return ["done", job, result, error]
        case commands.RoomsListed(rooms, removed):
            return ["listed", msgspec.to_builtins(rooms), removed]
        case commands.BackfillsListed(rooms, ended):
            return ["backfills", msgspec.to_builtins(rooms), ended]
        case commands.External(name, payload):
            return ["external", 0, name, payload]
        case commands.Reserve(key, role, subject, until_tick):
            return ["reserve", 0, key, int(role), subject, until_tick]


def _pack_move(command: commands.Expect | commands.Arrive | commands.Moved) -> list[Any]:
    match command:
        case commands.Expect(session):
            player = session.player
            return ["expect", session.number, int(player.role), dict(player.params), player.claims, player.came_from]
        case commands.Arrive(session):
            return ["arrive", session.number]
        case commands.Moved(move, code, reason):
            return ["moved", move, code, reason]


class Recording:
    """A recording that has been read. `damaged_at` is the byte at which it breaks off, or None when it is whole."""

    def __init__(self, data: bytes) -> None:
        """Read the header.

        Raises:
            RecordingError: This is not a recording, or one of another format, or its header is wrong.
        """
        if not data.startswith(MAGIC):
            raise RecordingError("this is not a recording")
        self._data = data
        self.damaged_at: int | None = None
        found = read_record(data, len(MAGIC))
        if found is None or not isinstance(found[0], dict) or found[0].get("format") != FORMAT:
            raise RecordingError("the recording's header is damaged, or of another format")
        self.header = _header(found[0])
        self._first = found[1]

    def ticks(self) -> Iterator[Tick]:
        """The ticks in order, up to the end or to the first damage; then `damaged_at` is set."""
        return (tick for _, tick in self.placed_ticks())

    def placed_ticks(self) -> Iterator[tuple[int, Tick]]:
        """The ticks, each with the byte at which it begins, for `tick_at`."""
        place, expected = self._first, None
        while place < len(self._data):
            found = read_record(self._data, place)
            tick = None if found is None else tick_of(found[0])
            if found is None or tick is None or (expected is not None and tick.tick != expected):
                self.damaged_at = place
                return
            yield place, tick
            place, expected = found[1], tick.tick + 1

    def tick_at(self, place: int) -> Tick:
        """Read the tick that begins at a byte.

        Raises:
            RecordingError: No tick begins there.
        """
        found = read_record(self._data, place)
        tick = None if found is None else tick_of(found[0])
        if tick is None:
            raise RecordingError(f"no tick begins at byte {place} of the recording")
        return tick


def read_record(data: bytes, place: int) -> tuple[Any, int] | None:
    """Read the record at `place`. Return its payload and where the next begins; None when it is cut or damaged."""
    if place + _frame.size > len(data):
        return None
    size, crc = _frame.unpack_from(data, place)
    start = place + _frame.size
    packed = data[start : start + size]
    if size > MAX_RECORD_BYTES or len(packed) < size or zlib.crc32(packed) != crc:
        return None
    try:
        return msgpack.unpackb(packed), start + size
    except (ValueError, msgpack.UnpackException):
        return None


def _header(payload: Any) -> Header:
    """Check the shape of the header: the file may be from anybody, and its checksum right.

    Raises:
        RecordingError: It is wrong.
    """
    try:
        header = msgspec.convert(payload, Header)
    except msgspec.ValidationError:
        raise RecordingError("the recording's header is damaged, or of another format") from None
    if header.tick_hz < 1 or header.snapshot_every < 1:
        raise RecordingError("the recording's header is damaged: it has no ticks a second, or no snapshots")
    return header


def tick_of(payload: Any) -> Tick | None:
    """Check the shape of a tick's record; None when it is wrong although the checksum is right."""
    try:
        tick = msgspec.convert(payload, Tick)
    except msgspec.ValidationError:
        return None
    words_are_text = all(command and isinstance(command[0], str) for command in tick.commands)
    has_state = tick.body is not None
    return tick if tick.tick > 0 and words_are_text and has_state == (tick.span is not None) else None
