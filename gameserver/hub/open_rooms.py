"""The rooms that a JOIN without an id may be put into, found without looking at every room.

The rooms of a kind that have a free seat for a role are filed by how many seats are taken. A room is filed anew
whenever that, its lock or its load has changed, so a look-up costs the same with one room and with thousands. With a
filter it looks at the rooms one after the other, the fullest first, and at `MAX_FILTERED_ROOMS` at most.
"""

from __future__ import annotations

from bisect import insort
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeAlias, TypeVar

from gameserver.protocol.constants import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.hub.where import Where
    from gameserver.room.listing import Values

    Key: TypeAlias = tuple[str, Role]

MAX_FILTERED_ROOMS: Final = 1_000
"""A filter costs about a microsecond a room, so a JOIN costs about a millisecond at most."""


class Listed(Protocol):
    """What a filter needs of a room."""

    @property
    def listing(self) -> Values: ...


R = TypeVar("R", bound=Listed)


class OpenRooms(Generic[R]):
    """The open rooms of one process, by kind, role and number of seats taken."""

    def __init__(self) -> None:
        self._filed: dict[str, tuple[str, list[int | None]]] = {}
        """By the id of a room: its kind, and for each role the number that it is filed under; None: it is not."""
        self._rooms: dict[tuple[str, Role], _ByTaken[R]] = {}

    def __len__(self) -> int:
        return len(self._filed)

    def file(self, room_id: str, kind: str, room: R, taken: tuple[int | None, int | None]) -> None:
        """File a room, or file it anew.

        Args:
            room_id: Its id.
            kind: Its kind.
            room: What a look-up finds.
            taken: For each role: how many seats are taken, of both roles; None: nobody of this role may be put there.
        """
        filed = self._filed.setdefault(room_id, (kind, [None, None]))[1]
        for role in Role:
            if taken[role] != filed[role]:
                self._move(room_id, (kind, role), room, filed[role], taken[role])
                filed[role] = taken[role]
        if filed == [None, None]:
            del self._filed[room_id]

    def remove(self, room_id: str) -> None:
        """Forget a room. Idempotent."""
        kind, filed = self._filed.pop(room_id, ("", []))
        for role, count in zip(Role, filed, strict=False):
            if count is not None:
                self._rooms[kind, role].take_out(room_id, count)

    def _move(self, room_id: str, key: Key, room: R, filed: int | None, wanted: int | None) -> None:
        rooms = self._rooms.setdefault(key, _ByTaken())
        if filed is not None:
            rooms.take_out(room_id, filed)
        if wanted is not None:
            rooms.put(room_id, room, wanted)

    def fullest(self, kind: str, role: Role, where: Where | None = None) -> R | None:
        """Return the fullest room of a kind that has a free seat for a role; None if there is none.

        Args:
            kind: The kind.
            role: The role.
            where: Only a room whose listing fits; None: any.
        """
        rooms = islice(self.fullest_first(kind, role), MAX_FILTERED_ROOMS)
        return next((room for room in rooms if where is None or where.holds(room.listing)), None)

    def fullest_first(self, kind: str, role: Role) -> Iterator[R]:
        """Yield the rooms of a kind that have a free seat for a role, those with most seats taken first.

        Nothing may be filed before the iteration ends.
        """
        rooms = self._rooms.get((kind, role))
        return iter(()) if rooms is None else rooms.fullest_first()


class _ByTaken(Generic[R]):
    """Rooms by their number of seats taken."""

    def __init__(self) -> None:
        self._rooms: dict[int, dict[str, R]] = {}
        self._counts: list[int] = []
        """The numbers under which there are rooms, ascending: no more than a room has seats."""

    def put(self, room_id: str, room: R, count: int) -> None:
        """Add a room."""
        if count not in self._rooms:
            self._rooms[count] = {}
            insort(self._counts, count)
        self._rooms[count][room_id] = room

    def take_out(self, room_id: str, count: int) -> None:
        """Remove a room that was put under this number."""
        rooms = self._rooms[count]
        del rooms[room_id]
        if not rooms:
            del self._rooms[count]
            self._counts.remove(count)

    def fullest_first(self) -> Iterator[R]:
        """Yield all rooms, the greatest number first."""
        for count in reversed(self._counts):
            yield from self._rooms[count].values()
