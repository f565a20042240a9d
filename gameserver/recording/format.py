"""A room's whole influence from outside, tick by tick, as bytes: enough to make the same game again, and to see where
it differs.

A recording is `MAGIC`, then records. A record is its payload's length (4 bytes, big-endian), its CRC-32 (4 bytes) and
the payload, msgpack. The first is a map (`Header`); each other is one tick:

    [tick, arrivals, inputs, lags, events, hash, span, body]

- `arrivals`: what took effect at this tick, `[word, session, …]`; see `_pack_arrival`.
- `inputs`: `[session, codes]` of each player whose codes differ from those of the tick before.
- `lags`: what each `Room.rewind` was told, in the order of the calls: how far behind its player saw, in 1/16 tick.
- `events`: `[name, payload, sessions or nil]`, what the rules told.
- `hash`: 64 bits of the state after the tick. `span`, `body`: on snapshot ticks the delta from the state `span` ticks
  ago (0: from nothing), as in a STATE; else nil. So a recording can be looked at without running its rules.

Whatever breaks off, the records before it are good: a reader stops at the first that is cut short or damaged.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgpack

from gameserver.room.commands import Join, Leave, Resume, Said, Suspend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gameserver.room.commands import Arrival
    from gameserver.room.engine import RoomEngine
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.snapshot import Snapshot

MAGIC: Final = b"GSREC\x001\n"
FORMAT: Final = 1
MAX_RECORD_BYTES: Final = 1 << 26
"""64 MiB; a full snapshot of 100,000 entities is a tenth of it. More is damage, not data."""
KEYFRAME_EVERY_S: Final = 5.0
"""How far one has to decode after a jump, at most; a keyframe of 50 ships costs as much as a second of deltas."""

_frame: Final = struct.Struct(">II")


class RecordingError(Exception):
    """The file is no recording, or not one that fits; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known before the first tick."""

    format: int
    kind: str
    room: str
    seed: int
    options: dict[str, Any]
    tick_hz: int
    snapshot_every: int
    schema: dict[str, Any]
    step: str | None

    @staticmethod
    def of(engine: RoomEngine) -> Header:
        """What is to be known of a room before its first tick."""
        kind = engine.kind
        return Header(
            format=FORMAT,
            kind=kind.name,
            room=engine.id,
            seed=engine.seed,
            options=dict(engine.options),
            tick_hz=engine.tick_hz,
            snapshot_every=engine.snapshot_every,
            schema=kind.schema.to_wire(),
            step=None if kind.step is None else kind.step.fingerprint,
        )


class Tick(NamedTuple):
    """One record after the header."""

    tick: int
    arrivals: list[list[Any]]
    inputs: list[tuple[int, tuple[int, ...]]]
    lags: list[int]
    events: list[list[Any]]
    hash: int
    span: int | None
    body: bytes | None


class Recorder:
    """Turns ticks into records. `write` gets whole records, and must take them without waiting."""

    def __init__(self, header: Header, encoder: DeltaEncoder, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._encoder = encoder
        self._snapshot_every = header.snapshot_every
        self._keyframe_ticks = max(1, int(KEYFRAME_EVERY_S * header.tick_hz))
        self._codes: dict[int, tuple[int, ...]] = {}
        self._base: Snapshot | None = None
        self._keyframe_tick = 0
        write(MAGIC + pack_record(asdict(header)))

    def put(
        self,
        arrivals: Sequence[Arrival],
        inputs: Sequence[tuple[int, tuple[int, ...]]],
        lags: Sequence[int],
        events: Sequence[tuple[str, object, frozenset[int] | None]],
        snapshot: Snapshot,
    ) -> None:
        """Record one tick."""
        changed = [(number, codes) for number, codes in inputs if self._codes.get(number) != codes]
        self._codes = dict(inputs)
        span, body = self._state(snapshot)
        told = [[name, payload, None if to is None else sorted(to)] for name, payload, to in events]
        packed = [_pack_arrival(arrival) for arrival in arrivals]
        self._write(pack_record([snapshot.tick, packed, changed, lags, told, snapshot.hash(), span, body]))

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
    packed = msgpack.packb(payload)
    return _frame.pack(len(packed), zlib.crc32(packed)) + packed


def _pack_arrival(arrival: Arrival) -> list[Any]:
    match arrival:
        case Join(session):
            player = session.player
            return ["join", session.number, int(player.role), dict(player.params), player.claims]
        case Resume(session):
            return ["resume", session.number]
        case Suspend(session):
            return ["suspend", session.number]
        case Leave(session):
            return ["leave", session.number]
        case Said(session, name, payload):
            return ["said", session.number, name, payload]


class Recording:
    """A recording that has been read. `damaged_at`: the byte at which it breaks off, or None when it is whole."""

    def __init__(self, data: bytes) -> None:
        """Raises RecordingError for what is no recording, or of another format."""
        if not data.startswith(MAGIC):
            raise RecordingError("this is no recording")
        self._data = data
        self.damaged_at: int | None = None
        found = _read_record(data, len(MAGIC))
        if found is None or not isinstance(found[0], dict) or found[0].get("format") != FORMAT:
            raise RecordingError("the recording's header is damaged, or of another format")
        try:
            self.header = Header(**found[0])
        except TypeError:
            raise RecordingError("the recording's header is damaged, or of another format") from None
        self._first = found[1]

    def ticks(self) -> Iterator[Tick]:
        """The ticks in order, up to the end or the first damage, which `damaged_at` then tells."""
        return (tick for _, tick in self.placed_ticks())

    def placed_ticks(self) -> Iterator[tuple[int, Tick]]:
        """The same, each with the byte at which it begins, for `tick_at`."""
        place, expected = self._first, None
        while place < len(self._data):
            found = _read_record(self._data, place)
            tick = None if found is None else _tick(found[0])
            if found is None or tick is None or (expected is not None and tick.tick != expected):
                self.damaged_at = place
                return
            yield place, tick
            place, expected = found[1], tick.tick + 1

    def tick_at(self, place: int) -> Tick:
        """The tick that begins at this byte. Raises RecordingError where none does."""
        found = _read_record(self._data, place)
        tick = None if found is None else _tick(found[0])
        if tick is None:
            raise RecordingError(f"no tick begins at byte {place} of the recording")
        return tick


def _read_record(data: bytes, place: int) -> tuple[Any, int] | None:
    """The payload of the record at `place`, and where the next begins; None when it is cut short or damaged."""
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


def _tick(payload: Any) -> Tick | None:
    """A tick's record, or None when a good checksum stands over nonsense."""
    if not isinstance(payload, list) or len(payload) != len(Tick._fields):
        return None
    tick, arrivals, inputs, lags, events, state_hash, span, body = payload
    try:
        codes = [(int(number), tuple(codes)) for number, codes in inputs]
        lags = [int(lag) for lag in lags]
    except (TypeError, ValueError):
        return None
    whole = isinstance(tick, int) and isinstance(arrivals, list) and isinstance(events, list)
    return Tick(tick, arrivals, codes, lags, events, state_hash, span, body) if whole else None
