"""Rooms that go on while their code is changed: all of them, whether or not their class says that they last."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gameserver.ops.lasting import Lasting, placed

if TYPE_CHECKING:
    from gameserver.hub.hub import Hub
    from gameserver.ops.lasting import KeptRoom
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.room.saveable import CannotSave
    from gameserver.store.api import SavedRoom, Store

log = logging.getLogger("gameserver.dev")


class DevLasting(Lasting):
    """Keeps every room that can be saved.

    Of a class that does not say `lasting = True` nobody has promised that it can: a timer may hold a closure, which is
    only found when the room is saved. Such a room is tried again with each checkpoint, since the closure may be gone
    by the next change.
    """

    def __init__(self, hub: Hub, store: Store, signing_key: bytes) -> None:
        super().__init__(hub, store, signing_key)
        self._said: set[tuple[str, str]] = set()

    def keeps(self, kind: Kind) -> bool:
        """All kinds are kept, but for the lobbies, which begin anew with the server."""
        return kind.room_class.lists is None

    def cannot_save(self, kept: KeptRoom, error: CannotSave) -> None:
        """Say once for each reason that a room would begin anew, and drop what was stored of it, which is older."""
        engine = kept.engine
        if (engine.id, error.path) not in self._said:
            self._said.add((engine.id, error.path))
            log.warning(
                "room %s (%s) begins anew when the code changes: %s", engine.id, engine.kind.name, placed(engine, error)
            )
        kept.stored = False
        self._ended.append(engine.id)
        if engine.gate is not None:
            engine.gate.open()

    def note_migrated(self, engine: RoomEngine, changed: str) -> None:
        """Say that a room is migrated, also where only warnings are logged: its author has just written how."""
        log.warning("room %s (%s): %s: it is migrated", engine.id, engine.kind.name, changed)

    def cannot_restore(self, saved: SavedRoom, error: Exception) -> None:
        """Say that a room begins anew."""
        log.warning("room %s (%s) begins anew: %s", saved.id, saved.kind, error)

    def _note_ended(self, saved: SavedRoom) -> None:
        """Say nothing to the people of a room that begins anew: their clients join the new one by themselves."""
