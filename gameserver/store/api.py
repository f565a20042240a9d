"""What a server needs of a store, so that another one can take the place of the SQLite file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.hub.bans import Ban, Ruling


class StoreError(Exception):
    """The store cannot do what was asked; the text says why in one line, and nothing that was stored is changed."""


@dataclass(frozen=True, slots=True)
class SavedRoom:
    """A room as a process left it.

    Args:
        id: Its id.
        kind: Its kind.
        checkpoint: The packed checkpoint.
        seats: What clients must find again, packed.
        records: The journal since the checkpoint.
        attempts: How often it was tried in vain to restore it.
    """

    id: str
    kind: str
    checkpoint: bytes
    seats: bytes
    records: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class RoomUpdate:
    """What is to be written of a room.

    Args:
        id: Its id.
        kind: Its kind.
        seats: What clients must find again, packed.
        checkpoint: A new one, packed; None: the one before goes on to count.
        tick: Its tick: the journal up to there is dropped.
        chunk: First tick, last tick and records of the journal since the last update; None: there are none.
    """

    id: str
    kind: str
    seats: bytes
    checkpoint: bytes | None = None
    tick: int = 0
    chunk: tuple[int, int, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What an author has put under a key.

    Args:
        key: The key.
        version: Counts the changes of this key, from 1.
        value: Packed.
    """

    key: str
    version: int
    value: bytes


@dataclass(frozen=True, slots=True)
class SavedEffect:
    """What a room has asked for outside that has ended since.

    Args:
        id: Its id, under which whoever carries it out knows it.
        kind: The kind of the room.
        room: The id of the room.
        call: The function and its arguments, packed.
    """

    id: str
    kind: str
    room: str
    call: bytes


@dataclass(frozen=True, slots=True)
class EffectUpdate:
    """What is to be written of the effects of rooms that have ended.

    Args:
        left: Those that rooms have left behind.
        done: The ids of those that need not be kept any longer.
    """

    left: Sequence[SavedEffect] = ()
    done: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SavedProcess:
    """What is known of a process without its rooms.

    Args:
        slot: Which of those that share the store.
        instance: What its resume tokens begin with; None: it had none yet.
        rooms: The id and kind of each room that it had, but those that are put aside.
        seats: What clients of its rooms must find again, packed, by room.
    """

    slot: int
    instance: bytes | None
    rooms: tuple[tuple[str, str], ...]
    seats: tuple[bytes, ...] = ()


NO_EFFECTS: Final = EffectUpdate()


class Store(Protocol):
    """Keeps rooms and entries. Calls wait for a disk or a network: they are made in a thread, one at a time."""

    def begin(self, slot: int) -> tuple[bytes | None, int]:
        """A process begins. Return what its resume tokens begin with (None: nothing is stored), and how many
        processes of this slot there were before."""

    def name_instance(self, slot: int, instance: bytes) -> None:
        """Keep what the resume tokens of a slot begin with."""

    def processes(self) -> Sequence[SavedProcess]:
        """Return the processes that there were, by slot."""

    def rooms(self, slot: int) -> Sequence[SavedRoom]:
        """Return the rooms of a slot."""

    def count_attempt(self, room: str) -> None:
        """A room is about to be restored, which may end the process."""

    def forget_attempts(self, room: str) -> None:
        """A room has been restored."""

    def effects(self, slot: int) -> Sequence[SavedEffect]:
        """Return what the ended rooms of a slot have left behind, the oldest first."""

    def commit(
        self, slot: int, updates: Sequence[RoomUpdate], ended: Sequence[str], effects: EffectUpdate = NO_EFFECTS
    ) -> None:
        """Write all of it, or nothing: what is to be written of rooms, which have ended, and of their effects."""

    def put_aside(self, room: str, reason: str) -> Sequence[str]:
        """Keep a room that cannot be restored, without trying again. Return the ids of those that gave way to it:
        so many are kept at most."""

    def get(self, scope: str, key: str) -> Entry | None:
        """Return what is under a key; None: nothing."""

    def put(self, scope: str, key: str, value: bytes, version: int | None) -> int | None:
        """Put a value under a key. Return its version; None if the present one is not `version`."""

    def delete(self, scope: str, key: str) -> bool:
        """Delete a key. Return whether there was something."""

    def scan(self, scope: str, prefix: str, limit: int) -> Sequence[Entry]:
        """Return the first entries whose keys begin so, in order of key."""

    def rule(self, decided: Sequence[Ruling]) -> None:
        """Write all of it, or nothing: what was decided about players, into the audit log, and their bans."""

    def bans(self, since: int) -> tuple[int, Sequence[Ban]] | None:
        """Return the number of the newest ruling, and all bans; None if there has been none after number `since`."""

    def close(self) -> None:
        """Let go of the store. Idempotent."""
