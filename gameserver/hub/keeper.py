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
    restored, event = session.restored_tick, message.event
    session.rolled_back_to = None
    if restored is None or event is None:
        return message.tick, event
    if message.tick <= restored and event <= session.restored_event and not session.migrated:
        return message.tick, event
    # Beyond the newest restore it has most likely seen the game of the last process, which did not live to store that.
    session.rolled_back_to = session.newest_restore if message.tick > session.newest_restore else restored
    return 0, None
