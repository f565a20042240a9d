"""What a hub needs of whoever keeps its rooms, and where a client goes on whose room was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gameserver.protocol import messages as m
    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session


class Keeper(Protocol):
    """Keeps the rooms that last."""

    def opened(self, engine: RoomEngine) -> None:
        """A room has been opened."""

    def ended(self, engine: RoomEngine) -> None:
        """A room has ended for good."""

    def save(self, engine: RoomEngine) -> bool:
        """The server stops: keep a room as it is now. Return whether it goes on in the next process."""


def roll_back(session: Session, message: m.Resume) -> tuple[int, int | None]:
    """Return the tick and the event cursor from which a client goes on.

    They are those that it names, unless it has seen what its room has lost: ticks and events since then are others; or
    the room is of another build now, with a schema that it does not know.
    Then it goes on as one that knows nothing of the room, and WELCOME says `rolled_back_to`.
    """
    event, missed = message.event, session.missed_restores
    session.rolled_back_to = None
    if not missed or event is None:
        return message.tick, event
    first = missed[0]
    migrated = any(restore.migrated for restore in missed)
    if message.tick <= first.tick and event <= first.event and not migrated:
        return message.tick, event
    session.rolled_back_to = first.tick
    return 0, None
