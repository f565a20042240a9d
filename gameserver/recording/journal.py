"""The journal of a room: what influenced it since its checkpoint, tick by tick, as the records of a recording.

A journal has no header and no states: it begins at a checkpoint. `replay` runs it again in a restored room and
compares the hash of each tick, if it was made as it is now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.recording.format import RecordingError, pack_command, pack_record, read_record, tick_of
from gameserver.recording.verify import ReplaySource
from gameserver.room.checkpoint import change_of, restore_room
from gameserver.sync.snapshot import HASH_VERSION, StateHash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gameserver.protocol.constants import Limits
    from gameserver.recording.format import Tick
    from gameserver.room.commands import Command
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.room.session import Session
    from gameserver.sync.snapshot import Snapshot


class Journal:
    """Turns ticks into records, until they are taken; the `TickRecorder` of a room that lasts.

    Args:
        on_tick: Called when there is a tick to be taken; None: nothing is.
    """

    def __init__(self, on_tick: Callable[[], object] | None = None) -> None:
        self._on_tick = on_tick
        self._records = bytearray()
        self._codes: dict[int, tuple[int, ...]] = {}
        self._hash = StateHash()
        self._first = 0
        self._last = 0

    def put(
        self,
        commands: Sequence[Command],
        inputs: Sequence[tuple[int, tuple[int, ...]]],
        lags: Sequence[int],
        events: Sequence[tuple[str, object, frozenset[int] | None]],
        snapshot: Snapshot,
    ) -> None:
        """Record one tick. Its events follow from the rest."""
        changed = [(number, codes) for number, codes in inputs if self._codes.get(number) != codes]
        self._codes = dict(inputs)
        packed = [pack_command(command) for command in commands]
        self._first = self._first or snapshot.tick
        self._last = snapshot.tick
        self._records += pack_record([snapshot.tick, packed, changed, lags, [], self._hash.of(snapshot), None, None])
        if self._on_tick is not None:
            self._on_tick()

    def take(self) -> tuple[int, int, bytes] | None:
        """Return the first and last tick since the last call, and their records; None if there were none."""
        if not self._first:
            return None
        taken = self._first, self._last, bytes(self._records)
        self._first = 0
        self._records.clear()
        return taken

    def begin_again(self) -> None:
        """There is a checkpoint of now: the next tick says all inputs, since a replay begins there."""
        self._codes.clear()


def ticks_of(records: bytes) -> Iterator[Tick]:
    """The ticks of a journal, up to its end or to the first damage."""
    place = 0
    while (found := read_record(records, place)) is not None:
        tick = tick_of(found[0])
        if tick is None:
            return
        yield tick
        place = found[1]


class Differs(Exception):
    """A replay gave another state than the journal has: the rules are not deterministic.

    Args:
        tick: The first tick that differs.
    """

    def __init__(self, tick: int) -> None:
        super().__init__(f"tick {tick} is not what it was")
        self.tick = tick


def restore_and_replay(
    kind: Kind,
    checkpoint: Mapping[str, Any],
    records: bytes,
    *,
    limits: Limits,
    welcome: Callable[[RoomEngine, Session, bool], bytes],
) -> RoomEngine:
    """Make a room from a checkpoint and the journal since then.

    Args:
        kind: The room's kind.
        checkpoint: What `save_room` returned.
        records: The journal; ticks up to the checkpoint are skipped, and all of them if the room has been migrated.
            Their hashes are not compared if the checkpoint says that they were made in another way than now.
        limits: The server's limits.
        welcome: Encodes the WELCOME of a session.

    Returns:
        The room, after the last tick of the journal; it is closed if it has ended then.

    Raises:
        CannotRestore: The checkpoint does not fit the game as it is now.
        Differs: The replay gave another state, or the rules raised.
        RecordingError: The journal has something that this version does not know, or does not follow the checkpoint.
    """
    source = ReplaySource(kind, checkpoint["room"])
    engine = restore_room(kind, checkpoint, limits=limits, welcome=welcome, source=source)
    source.use(engine.seats)
    state_hash = StateHash() if checkpoint.get("hash") == HASH_VERSION else None
    if change_of(kind, checkpoint) is not None:  # another build has made these ticks
        return engine
    for tick in ticks_of(records):
        if tick.tick <= engine.tick_number:
            continue
        if tick.tick != engine.tick_number + 1:
            raise RecordingError(f"the journal has tick {tick.tick} after {engine.tick_number}")
        engine.seats.drop_commands()
        source.turn_to(tick)
        engine.tick(tick.tick * engine.tick_s)
        newest = engine.history.newest
        if engine.failure is not None or newest is None:
            raise Differs(tick.tick)
        if state_hash is not None and state_hash.of(newest) != tick.hash:
            raise Differs(tick.tick)
        if engine.closed:
            break
    return engine
