"""What a lobby gets at each tick: the rows of a kind that have changed since the tick before.

A room that has changed several times counts once, and is sent as it is now. So what waits is bounded by the number of
rooms, and a lobby cannot see an older row after a newer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.hub.directory import listed_room
from gameserver.room.commands import RoomsListed

if TYPE_CHECKING:
    from gameserver.hub.directory import Directory
    from gameserver.room.kind import Kind

MAX_ROWS: Final = 500
"""In one tick: a lobby that opens while thousands of rooms run gets them within a few."""


class LobbyFeed:
    """The rows that one lobby has not got yet."""

    def __init__(self, directory: Directory, kind: Kind) -> None:
        """Begin with all rows of a kind."""
        self._directory = directory
        self._kind = kind
        self._waiting: dict[str, None] = {row.id: None for row in directory.rows(kind.name)}
        self._shown: set[str] = set()
        """The rooms that the lobby has: a room that comes and goes between two of its ticks is none of them."""

    def note(self, room_id: str) -> None:
        """The row of a room is new, different or gone."""
        self._waiting[room_id] = None

    def next_rooms(self) -> RoomsListed | None:
        """Return the rows for the tick that begins; None if none has changed."""
        if not self._waiting:
            return None
        ids = list(self._waiting)[:MAX_ROWS]
        for room_id in ids:
            del self._waiting[room_id]
        rows = {room_id: self._directory.row(room_id) for room_id in ids}
        rooms = [listed_room(row, self._kind.room_class) for row in rows.values() if row is not None]
        removed = [room_id for room_id, row in rows.items() if row is None and room_id in self._shown]
        self._shown.difference_update(removed)
        self._shown.update(room.id for room in rooms)
        return RoomsListed(rooms, removed) if rooms or removed else None
