"""The rooms that a JOIN without an id may be put into, found without looking at every room.

The rooms of a kind that have a free seat for a role are filed by how many sessions they have. The hub files a room anew
whenever its seats, its lock or its load have changed, so a look-up costs the same with one room and with thousands.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, TypeAlias

from gameserver.protocol.constants import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.room.engine import RoomEngine

    Key: TypeAlias = tuple[str, Role]


class OpenRooms:
    """The open rooms of one process, by kind, role and number of sessions."""

    def __init__(self) -> None:
        self._filed: dict[tuple[str, Role], int] = {}
        """By the id of a room and a role: the number of sessions that the room is filed under."""
        self._files: dict[Key, _Files] = {}

    def __len__(self) -> int:
        return len({room_id for room_id, _ in self._filed})

    def update(self, engine: RoomEngine) -> None:
        """File a room anew, as it is now.

        Args:
            engine: A room that was opened, or whose seats, lock or load have changed.
        """
        count = engine.session_count
        for role in Role:
            filed = self._filed.get((engine.id, role))
            wanted = count if engine.takes_anyone and engine.has_free_seat(role) else None
            if wanted != filed:
                self._move(engine, role, filed, wanted)

    def remove(self, engine: RoomEngine) -> None:
        """Forget a room. Idempotent."""
        for role in Role:
            self._move(engine, role, self._filed.get((engine.id, role)), None)

    def _move(self, engine: RoomEngine, role: Role, filed: int | None, wanted: int | None) -> None:
        files = self._files.setdefault((engine.kind.name, role), _Files())
        if filed is not None:
            files.take_out(engine.id, filed)
            del self._filed[engine.id, role]
        if wanted is not None:
            files.put(engine, wanted)
            self._filed[engine.id, role] = wanted

    def fullest_first(self, kind: str, role: Role) -> Iterator[RoomEngine]:
        """Yield the rooms of a kind that have a free seat for a role, those with most sessions first.

        Nothing may be filed before the iteration ends.
        """
        files = self._files.get((kind, role))
        return iter(()) if files is None else files.fullest_first()


class _Files:
    """Rooms by their number of sessions."""

    def __init__(self) -> None:
        self._rooms: dict[int, dict[str, RoomEngine]] = {}
        self._counts: list[int] = []
        """The numbers under which there are rooms, ascending: no more than a room has seats."""

    def put(self, engine: RoomEngine, count: int) -> None:
        """Add a room."""
        if count not in self._rooms:
            self._rooms[count] = {}
            insort(self._counts, count)
        self._rooms[count][engine.id] = engine

    def take_out(self, room_id: str, count: int) -> None:
        """Remove a room that was put under this number."""
        rooms = self._rooms[count]
        del rooms[room_id]
        if not rooms:
            del self._rooms[count]
            self._counts.remove(count)

    def fullest_first(self) -> Iterator[RoomEngine]:
        """Yield all rooms, the greatest number first."""
        for count in reversed(self._counts):
            yield from self._rooms[count].values()
