"""Rooms that are saved in the middle of a game, restored, and played on beside the room itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.protocol.constants import Limits
from gameserver.recording.journal import Journal, restore_and_replay
from gameserver.room.checkpoint import restore_room, save_room

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine


def as_bytes(engine: RoomEngine) -> bytes:
    """A room's checkpoint as it would be on a disk."""
    return msgpack.packb(save_room(engine))


def read(packed: bytes) -> dict[str, Any]:
    """The same, read again."""
    saved: dict[str, Any] = msgpack.unpackb(packed, strict_map_key=False)
    return saved


def restored(engine: RoomEngine, packed: bytes | None = None, *, limits: Limits | None = None) -> RoomEngine:
    """The room that a checkpoint makes; without one, that of now."""
    saved = read(as_bytes(engine) if packed is None else packed)
    return restore_room(engine.kind, saved, limits=limits or Limits(), welcome=lambda *_: b"")


class Saved:
    """A checkpoint of now, and the journal of what follows."""

    def __init__(self, engine: RoomEngine) -> None:
        self.engine = engine
        self.checkpoint = as_bytes(engine)
        self.journal = Journal()
        engine.keep_journal(self.journal)
        self.records = b""

    def again(self, *, limits: Limits | None = None) -> RoomEngine:
        """The room that checkpoint and journal make."""
        taken = self.journal.take()
        self.records += b"" if taken is None else taken[2]
        return restore_and_replay(
            self.engine.kind,
            read(self.checkpoint),
            self.records,
            limits=limits or Limits(),
            welcome=lambda *_: b"",
        )
