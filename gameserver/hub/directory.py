"""The rooms that strangers may see: those of this process and, where several share one address, those of the others.

Each row is made anew from its room whenever that changes, and replaces the one before; nothing counts up and down.
Lobbies and `GET /api/rooms` read it, so both show the same rows in every process.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from gameserver.room.backfill import OpenSeats
from gameserver.room.listing import ListedRoom

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gameserver.hub.where import Where
    from gameserver.room.engine import RoomEngine
    from gameserver.room.listing import Value
    from gameserver.room.room import Room

Position: TypeAlias = "tuple[Value, str]"
"""Where a page ends: what the last row was sorted by, and its id."""


class RoomRow(msgspec.Struct, frozen=True, array_like=True):
    """One room, as others may know it."""

    id: str
    kind: str
    players: int
    """Seats taken, those of suspended sessions included."""
    spectators: int
    open: bool
    """Whether players may be placed here who did not ask for this room by its id."""
    listing: dict[str, Any] = {}
    """What the room lists, by name."""
    locked: bool = False
    listed: bool = True
    """Whether strangers may see the room."""
    open_seats: OpenSeats | None = None
    """What it asks a queue to fill; None: nothing."""


def listed_room(row: RoomRow, room_class: type[Room[Any]]) -> ListedRoom:
    """Return what a lobby shows of a room."""
    return ListedRoom(
        row.id,
        row.players,
        room_class.max_players,
        row.spectators,
        room_class.max_spectators,
        row.locked,
        row.listing,
    )


def row_of(engine: RoomEngine) -> RoomRow:
    """Return the row of a room, as it is now."""
    players, spectators = engine.seats.taken
    listed = engine.visibility == "public" and not engine.closed
    name = engine.kind.name
    return RoomRow(
        engine.id,
        name,
        players,
        spectators,
        engine.takes_anyone,
        engine.listing,
        engine.locked,
        listed,
        engine.open_seats,
    )


class Sort(NamedTuple):
    """The order of rows: by one field, rooms that have None there last, and by id where it is equal."""

    field: str = "players"
    """`players`, `spectators`, `id`, or a field of the listing."""
    descending: bool = True


class Directory:
    """The rows of all listed rooms, by kind and id."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, RoomRow]] = {}
        self._kinds: dict[str, str] = {}
        self.on_change: Callable[[str, str], None] | None = None
        """Called with the kind and the id of each row that is new, different or gone."""

    def __len__(self) -> int:
        return len(self._kinds)

    def update(self, row: RoomRow) -> None:
        """Take a room's row; one that strangers may not see is removed."""
        if not row.listed:
            self.remove(row.id)
        elif self.row(row.id) != row:
            self._kinds[row.id] = row.kind
            self._rows.setdefault(row.kind, {})[row.id] = row
            self._note(row.kind, row.id)

    def remove(self, room_id: str) -> None:
        """Forget a room. Idempotent."""
        kind = self._kinds.pop(room_id, None)
        if kind is not None:
            del self._rows[kind][room_id]
            self._note(kind, room_id)

    def _note(self, kind: str, room_id: str) -> None:
        if self.on_change is not None:
            self.on_change(kind, room_id)

    def row(self, room_id: str) -> RoomRow | None:
        """Return the row of a room; None if strangers may not see it."""
        kind = self._kinds.get(room_id)
        return None if kind is None else self._rows[kind][room_id]

    def rows(self, kind: str) -> Collection[RoomRow]:
        """Return the rows of a kind."""
        return self._rows.get(kind, {}).values()

    def page(self, kind: str, where: Where | None, sort: Sort, limit: int, after: Position | None) -> list[RoomRow]:
        """Return some rows of a kind.

        Args:
            kind: The kind.
            where: Only rooms whose listings fit; None: all.
            sort: Their order.
            limit: How many at most.
            after: Only rows behind this position; None: from the first on. Rows that come, go or move between two pages
                shift no others.
        """
        descending = sort.descending
        ranked = [
            (_rank(sorted_by(row, sort), descending=descending), row)
            for row in self.rows(kind)
            if where is None or where.holds(row.listing)
        ]
        if after is not None:
            last, last_id = _rank(after[0], descending=descending), after[1]
            ranked = [
                (rank, row)
                for rank, row in ranked
                if (row.id > last_id if rank == last else (rank < last) is descending)
            ]
        ranked.sort(key=lambda one: one[1].id)
        ranked.sort(key=itemgetter(0), reverse=descending)
        return [row for _, row in ranked[:limit]]


def sorted_by(row: RoomRow, sort: Sort) -> Value:
    """Return what a row is sorted by."""
    match sort.field:
        case "players":
            return row.players
        case "spectators":
            return row.spectators
        case "id":
            return row.id
        case name:
            value: Value = row.listing.get(name)
            return value


def _rank(value: Value, *, descending: bool) -> tuple[bool, bool, Any]:
    """Return a key that values of different types can be compared by: None last, numbers before texts."""
    return (value is None) is not descending, isinstance(value, str), 0 if value is None else value
