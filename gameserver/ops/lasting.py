"""Rooms that outlive the process: checkpoints and journals of all of them, committed together, and their restoration.

Within a second what a room did is on the disk: its ticks as the records of a journal, and every few seconds, each room
at another moment, the whole room. Packing is done between ticks; the disk is waited for in a thread.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
import zlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgpack
import trio

from gameserver.ops.kept_bans import KeptBans
from gameserver.ops.lasting_source import closures_of, place_of
from gameserver.ops.left_effects import LeftEffects
from gameserver.recording.format import RecordingError
from gameserver.recording.journal import Differs, Journal, restore_and_replay
from gameserver.room.checkpoint import change_of, named_by_seats, restore_seats, save_room, save_seats
from gameserver.room.output_gate import OutputGate
from gameserver.room.saveable import CannotRestore, CannotSave
from gameserver.store.api import NO_EFFECTS, RoomUpdate, StoreError
from gameserver.store.entries import StoredEntries, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gameserver.hub.hub import Hub
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.store.api import EffectUpdate, SavedRoom, Store

log = logging.getLogger("gameserver.lasting")

COMMIT_EVERY_S: Final = 0.5
"""With the time that a commit takes, a killed server loses less than a second."""
COMMIT_PHASES: Final = 5
"""Each room is committed once in that time, a fifth of them together: many rooms do not stop all ticks at once."""
CHECKPOINT_EVERY_S: Final = 5.0
"""How much has to be replayed at most."""
MAX_CHECKPOINT_SHARE: Final = 0.005
"""A large room is saved whole less often, so that this takes no more of the time."""
FIRST_CHECKPOINTS: Final = (0.2, 0.6, 1.0, 0.4, 0.8)
"""Shares of that time after which rooms have their second checkpoint, one after the other: so they are spread."""
ROOM_ENDED: Final = "the server was updated or repaired, and this room could not go on"
MAX_UNSAVED_S: Final = 1.0
"""A durable room whose ticks cannot be stored stands still after this."""
MAX_RESTORES: Final = 2
"""A room that has kept the server from starting so often is put aside."""


@dataclass(slots=True, eq=False)
class KeptRoom:
    """One room that lasts."""

    engine: RoomEngine
    journal: Journal
    due_s: float
    """When its next checkpoint is due."""
    phase: int
    """In which part of the time between two commits its turn is."""
    stored: bool = False
    """Whether the store has a checkpoint that the journal follows."""


@dataclass(slots=True, eq=False)
class Batch:
    """What is written together, or not at all."""

    updates: list[RoomUpdate]
    ended: list[str]
    effects: EffectUpdate = NO_EFFECTS
    is_written: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.updates or self.ended or self.effects.left or self.effects.done)


class Lasting:
    """The rooms of one process that last. The hub calls `opened`, `ended` and `save`; `run` is the task that commits.

    Args:
        hub: Has the rooms.
        store: Where they are kept.
        signing_key: Signs resume tokens.
        slot: Which process this is, of those that share the store.
        processes: How many they are: a process takes over the rooms of slots that there are no more.
    """

    def __init__(self, hub: Hub, store: Store, signing_key: bytes, slot: int = 0, processes: int = 1) -> None:
        self._hub = hub
        self._signing_key = signing_key
        self._store = store
        self._slot = slot
        self._processes = processes
        self._rooms: dict[str, KeptRoom] = {}
        self._ended: list[str] = []
        self._last: list[RoomUpdate] = []
        self._effects = LeftEffects(hub.start_effect)
        self._failing = False
        self._ticked = trio.Event()
        self._one_at_a_time = trio.Lock()
        self._writing = threading.Lock()
        """Held while something is written. Nothing is awaited meanwhile: whoever waits for it stops all rooms."""
        self._taken: deque[Batch] = deque()
        """What is to be written, in order."""
        self._tried: deque[Batch] = deque()
        """What was written, or could not be: the rooms are to hear of it."""
        self._phases = itertools.cycle(range(COMMIT_PHASES))
        self._shares = itertools.cycle(FIRST_CHECKPOINTS)
        self.commits = 0
        self.failed_commits = 0
        self._bans = KeptBans(hub.moderation.bans, store, hub.moderation.enforce)
        hub.keeper = self
        hub.entries = self._entries = StoredEntries(store)

    def keeps(self, kind: Kind) -> bool:
        """Whether rooms of a kind are kept."""
        return kind.room_class.lasting

    # -- called by the hub ---------------------------------------------------------------------------------------------

    def opened(self, engine: RoomEngine) -> None:
        """Keep a room from now on, if its class says that it lasts."""
        room_class = engine.kind.room_class
        if self.keeps(engine.kind):
            journal = Journal(self._wake if room_class.durable else None)
            engine.keep_journal(journal)
            engine.gate = OutputGate(durable=room_class.durable, max_ahead=round(MAX_UNSAVED_S * engine.tick_hz))
            engine.gate.tick = engine.tick_number
            self._rooms[engine.id] = KeptRoom(engine, journal, 0.0, next(self._phases))

    def ended(self, engine: RoomEngine) -> None:
        """A room has ended for good: only effects that it has asked for are kept. That a durable one has ended is
        stored before it shows."""
        if self.keeps(engine.kind):  # also one that could not be saved
            self._effects.take(engine)
        if self._rooms.pop(engine.id, None) is not None:
            self._ended.append(engine.id)
            if engine.kind.room_class.durable:
                self._commit_now()
        if engine.gate is not None:
            engine.gate.open()

    def save(self, engine: RoomEngine) -> bool:
        """Make the last checkpoint of a room, because the server stops. Return whether it goes on in the next one."""
        kept = self._rooms.get(engine.id)
        update = None if kept is None else self._checkpoint(kept)
        if update is None:
            return False
        del self._rooms[engine.id]
        self._last.append(update)
        engine.work.cancel_all()  # effects are done in the next process
        if engine.kind.room_class.durable:
            self._commit_now()
        if engine.gate is not None:
            engine.gate.open()
        return True

    # -- the task ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Commit what has happened every `COMMIT_EVERY_S`, and the rest when cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._commit_durable)
                for phase in itertools.cycle(range(COMMIT_PHASES)):
                    await trio.sleep(COMMIT_EVERY_S / COMMIT_PHASES)
                    await self._commit_soon([kept for kept in self._rooms.values() if kept.phase == phase])
        finally:
            self._commit_now(list(self._rooms.values()))
            self._store.close()

    async def _commit_durable(self) -> None:
        """Commit each tick of durable rooms at once: what they send waits for it."""
        while True:
            await self._ticked.wait()
            self._ticked = trio.Event()
            await self._commit_soon([kept for kept in self._rooms.values() if kept.engine.kind.room_class.durable])
            if self._failing:
                await trio.sleep(COMMIT_EVERY_S)

    def _wake(self) -> None:
        self._ticked.set()

    async def _commit_soon(self, rooms: list[KeptRoom]) -> None:
        async with self._one_at_a_time:
            self._take(trio.current_time(), rooms)
            await trio.to_thread.run_sync(self._write_taken)
            self._note_tried()

    def _commit_now(self, rooms: Sequence[KeptRoom] = ()) -> None:
        """Commit, and wait for the disk: nothing else happens meanwhile."""
        self._write_taken()  # what was taken before comes first, and may have failed
        self._note_tried()
        self._take(trio.current_time() if rooms else 0.0, rooms)
        self._write_taken()
        self._note_tried()

    def _take(self, now_s: float, rooms: Iterable[KeptRoom]) -> None:
        """Take what is to be written: of those of these rooms that go on, and of those that have ended."""
        updates, self._last = self._last, []
        for kept in rooms:
            if self._rooms.get(kept.engine.id) is not kept:  # it has ended or was saved since the rooms were listed
                continue
            if (update := self._update(kept, now_s)) is not None:
                updates.append(update)
        ended, self._ended = self._ended, []
        self._taken.append(Batch(updates, ended, self._effects.changes()))

    def _write_taken(self) -> None:
        """Write what was taken; this waits for the disk, and for a thread that writes."""
        with self._writing:
            self._bans.exchange()
            while self._taken:
                batch = self._taken.popleft()
                batch.is_written = self._write(batch)
                self._tried.append(batch)

    def _update(self, kept: KeptRoom, now_s: float) -> RoomUpdate | None:
        if not kept.stored or now_s >= kept.due_s:
            share, began_s = 1.0 if kept.stored else next(self._shares), time.perf_counter()
            update = self._checkpoint(kept)
            took_s = time.perf_counter() - began_s
            kept.due_s = now_s + max(CHECKPOINT_EVERY_S * share, took_s / MAX_CHECKPOINT_SHARE)
            return update
        taken = kept.journal.take()
        if taken is None:
            return None
        engine = kept.engine
        return RoomUpdate(engine.id, engine.kind.name, self._seats(engine), chunk=taken)

    def _checkpoint(self, kept: KeptRoom) -> RoomUpdate | None:
        """Save a whole room. One that cannot be saved goes on without, and the log says why."""
        engine = kept.engine
        try:
            saved = saved_whole(engine)
        except CannotSave as error:
            self.cannot_save(kept, error)
            return None
        kept.journal.take()
        kept.journal.begin_again()
        kept.stored = True
        if engine.id in self._ended:  # that was a room before with the same id: this checkpoint takes its place
            self._ended.remove(engine.id)
        seats = self._seats(engine)
        return RoomUpdate(engine.id, engine.kind.name, seats, checkpoint=saved, tick=engine.tick_number)

    def _seats(self, engine: RoomEngine) -> bytes:
        return packed(save_seats(engine, self._hub.tokens.instance))

    def cannot_save(self, kept: KeptRoom, error: CannotSave) -> None:
        """Let a room that cannot be saved go on without, and say why."""
        engine = kept.engine
        why = placed(engine, error)
        log.error("room %s (%s) does not last: %s", engine.id, engine.kind.name, why, exc_info=error.__cause__)
        del self._rooms[engine.id]
        engine.stop_recorder(kept.journal)  # nobody takes what is in it any more
        self._ended.append(engine.id)
        if engine.gate is not None:
            engine.gate.open()

    def _write(self, batch: Batch) -> bool:
        self._entries.make_left()
        if batch.is_empty:
            return True
        try:
            updates = [_compressed(update) for update in batch.updates]
            self._store.commit(self._slot, updates, batch.ended, batch.effects)
        except StoreError as error:
            if not self._failing:
                log.error("rooms are not kept: %s; the games go on, and it is tried again", error)
            return False
        return True

    def _note_tried(self) -> None:
        """Have the rooms know what was written, and put bans in force that others have made."""
        self._bans.apply()
        while self._tried:
            batch = self._tried.popleft()
            if batch.is_written:
                self._committed(batch)
            else:
                self._failed(batch)

    def _committed(self, batch: Batch) -> None:
        if batch.is_empty:  # which says nothing of the disk
            return
        if self._failing:
            log.warning("rooms are kept again")
        self._failing = False
        self.commits += 1
        for update in batch.updates:
            if (kept := self._rooms.get(update.id)) is not None and kept.engine.gate is not None:
                kept.engine.gate.release(update.tick if update.chunk is None else update.chunk[1])
        self._effects.note_stored(batch.effects)

    def _failed(self, batch: Batch) -> None:
        self._failing = True
        self.failed_commits += 1
        self._ended = batch.ended + self._ended
        self._effects.put_back(batch.effects)
        others = {*self._rooms, *self._ended}
        self._last = [update for update in batch.updates if update.id not in others] + self._last
        for update in batch.updates:  # the journal has a gap now: begin with another checkpoint
            if (kept := self._rooms.get(update.id)) is not None:
                kept.stored = False

    # -- restoring -----------------------------------------------------------------------------------------------------

    def restore(self, now_s: float) -> None:
        """Make the rooms of the process before; call it before clients come.

        Args:
            now_s: The time now.

        Raises:
            StoreError: The store cannot be read.
        """
        for kind in self._hub.kinds.values():
            for finding in closures_of(kind.room_class) if kind.room_class.lasting else ():
                log.error("%s will fail: %s", kind.name, finding)
        self._bans.load()
        instance, starts = self._store.begin(self._slot)
        self._hub.tokens.go_on(instance, starts, self._signing_key)
        if instance is None:
            self._store.name_instance(self._slot, self._hub.tokens.instance)
        slots = [self._slot]
        for process in self._store.processes():
            if process.slot != self._slot and process.slot % self._processes == self._slot:
                slots.append(process.slot)
                if process.instance is not None:
                    self._hub.tokens.adopt(process.instance)
        restored = sum(self._restore_one(saved, now_s) for slot in slots for saved in self._store.rooms(slot))
        if restored:
            log.info("%d rooms go on", restored)
        for slot in slots:
            self._effects.restore(self._store.effects(slot))

    def _restore_one(self, saved: SavedRoom, now_s: float) -> bool:
        try:
            if saved.attempts >= MAX_RESTORES:
                raise CannotRestore(f"the server has ended {saved.attempts} times while it was restored")
            self._store.count_attempt(saved.id)
            engine = self._live(saved, now_s)
        except (CannotRestore, RecordingError) as error:
            self.cannot_restore(saved, error)
            for removed in self._store.put_aside(saved.id, str(error)):
                log.error("room %s, which was put aside before, is removed: there are too many", removed)
            self._note_ended(saved)
            return False
        self._store.forget_attempts(saved.id)
        if engine.closed:
            self._ended.append(saved.id)
            self._effects.take(engine)
            return False
        self.opened(engine)
        self._hub.adopt_room(engine)
        log.info("room %s (%s) goes on from tick %d", engine.id, engine.kind.name, engine.tick_number)
        return True

    def _live(self, saved: SavedRoom, now_s: float) -> RoomEngine:
        """Make a room that goes on, or one that has ended in its journal.

        Raises:
            CannotRestore: It does not fit the game as it is now, or something in it raises.
            RecordingError: The journal does not.
        """
        try:
            engine = self._replayed(saved)
            if not engine.closed:
                restore_seats(engine, unpacked(saved.seats), self._hub.tokens.instance)
                engine.go_live(now_s)
        except (CannotRestore, RecordingError):
            raise
        except Exception as error:  # one room must not keep the server from starting
            raise CannotRestore(f"it raises {type(error).__name__}: {error}") from error
        return engine

    def _note_ended(self, saved: SavedRoom) -> None:
        """Have the people of a room that is put aside get the reason when they come back."""
        with suppress(ValueError, LookupError, msgpack.UnpackException):
            for instance, key in named_by_seats(unpacked(saved.seats)):
                self._hub.tokens.note_ended(instance, key, ROOM_ENDED)

    def note_migrated(self, engine: RoomEngine, changed: str) -> None:
        """Say that the author's `migrate` has made a room from what it had in an older build."""
        log.info("room %s (%s): %s: it is migrated", engine.id, engine.kind.name, changed)

    def cannot_restore(self, saved: SavedRoom, error: Exception) -> None:
        """Say why a room does not go on."""
        log.error("room %s (%s) is put aside: %s", saved.id, saved.kind, error)

    def _replayed(self, saved: SavedRoom) -> RoomEngine:
        """Make a room from its checkpoint and journal; from the checkpoint alone if the replay gives another game.

        Raises:
            CannotRestore: It does not fit the game as it is now.
            RecordingError: The journal does not.
        """
        kind = self._hub.all_kinds.get(saved.kind)
        if kind is None or not self.keeps(kind):
            raise CannotRestore(f"there is no kind of room {saved.kind!r} that lasts")
        try:
            checkpoint: Mapping[str, Any] = unpacked(zlib.decompress(saved.checkpoint))
        except (zlib.error, ValueError, msgpack.UnpackException) as error:
            raise CannotRestore(f"the checkpoint is damaged: {error}") from None
        for records in (saved.records, b""):
            with suppress(Differs):
                return self._made(kind, checkpoint, records)
            log.error(
                "room %s (%s): a replay gives another game; do the rules use a clock, their own randomness or a set's "
                "order? What happened since its last checkpoint is lost",
                saved.id,
                saved.kind,
            )
        raise AssertionError("a journal without ticks gives no other game")

    def _made(self, kind: Any, checkpoint: Mapping[str, Any], records: bytes) -> RoomEngine:
        hub = self._hub
        engine = restore_and_replay(kind, checkpoint, records, limits=hub.limits, welcome=hub.welcome)
        if (changed := change_of(kind, checkpoint)) is not None:
            self.note_migrated(engine, changed)
        return engine


def saved_whole(engine: RoomEngine) -> bytes:
    """Return a whole room, packed.

    Raises:
        CannotSave: Something that its rules keep cannot be saved, or a `save` of its author's raises.
    """
    try:
        return packed(save_room(engine))
    except CannotSave:
        raise
    except Exception as error:
        more = "; objects that each hold the next are saved one inside the other: keep them in a list"
        problem = f"it raises {type(error).__name__}: {error}{more if isinstance(error, RecursionError) else ''}"
        raise CannotSave(type(engine.room).__name__, problem) from error


def placed(engine: RoomEngine, error: CannotSave) -> str:
    """Return why a room cannot be saved, with the place in its class if that is known."""
    place = place_of(type(engine.room), error)
    return f"{error}" if place is None else f"{error} ({place})"


def _compressed(update: RoomUpdate) -> RoomUpdate:
    """Return an update with a small checkpoint: it is compressed in the thread that waits for the disk."""
    if update.checkpoint is None:
        return update
    checkpoint = zlib.compress(update.checkpoint, 1)
    return RoomUpdate(update.id, update.kind, update.seats, checkpoint, update.tick, update.chunk)
