"""The director's placement: which worker has which room, how many seats are free there, and who was promised one.

Pure: messages in, decisions out; random numbers are an argument. What is written here may be a moment old, so a
worker has the last word about its rooms; a promise (a reservation) covers the time until its own account catches up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gameserver.hub.hub import ROOM_ID_ALPHABET, ROOM_ID_CHARS
from gameserver.protocol.constants import Role
from gameserver.workers.messages import RoomLoad

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from gameserver.workers.messages import Load

MAX_WORKERS = len(ROOM_ID_ALPHABET)
"""The first character of a room's id says which worker made it: so ids are unique without anybody asking."""


class Seats(NamedTuple):
    """What a room of one kind holds."""

    players: int
    spectators: int


class Place(NamedTuple):
    """Where a link belongs."""

    worker: int
    room: str | None = None
    reservation: int = 0


class SeatReservation(NamedTuple):
    room: str
    role: Role


@dataclass(slots=True)
class _Worker:
    """One worker that is up."""

    instance: bytes
    rooms: dict[str, RoomLoad] = field(default_factory=dict)
    reservations: dict[int, SeatReservation] = field(default_factory=dict)
    refuses: bool = False

    def taken(self, room: RoomLoad, role: Role) -> int:
        """Seats taken or promised."""
        promised = sum(reservation == (room.id, role) for reservation in self.reservations.values())
        return promised + (room.players if role is Role.PLAYER else room.spectators)

    @property
    def weight(self) -> tuple[int, int]:
        """How much there is to do: players, then rooms."""
        promised = sum(reservation.role is Role.PLAYER for reservation in self.reservations.values())
        return promised + sum(room.players for room in self.rooms.values()), len(self.rooms)


class Placement:
    """See the module. `kinds` are all that can be joined."""

    def __init__(self, kinds: Mapping[str, Seats], rng: random.Random) -> None:
        self.kinds = kinds
        self._random = rng
        self._workers: dict[int, _Worker] = {}
        self._last_reservation = 0

    @property
    def workers(self) -> Iterable[int]:
        """Those that are up."""
        return self._workers.keys()

    def came(self, worker: int, instance: bytes) -> None:
        """A worker is up, with no rooms yet."""
        self._workers[worker] = _Worker(instance)

    def gone(self, worker: int) -> None:
        """A worker has ended, and its rooms with it."""
        self._workers.pop(worker, None)

    def heard(self, worker: int, load: Load) -> None:
        """A worker's own account. Rooms that it has not made yet stay while somebody is on the way to them."""
        entry = self._workers[worker]
        for reservation in load.settled:
            entry.reservations.pop(reservation, None)
        awaited = {reservation.room for reservation in entry.reservations.values()}
        expected = {room.id: room for room in entry.rooms.values() if room.id in awaited}
        entry.rooms = expected | {room.id: room for room in load.rooms}
        entry.refuses = load.refuses

    # -- where a link belongs ------------------------------------------------------------------------------------------

    def place_resume(self, asker: int, instance: bytes) -> Place:
        """The worker whose token it is. A token of nobody's is refused where it is."""
        for index, worker in self._workers.items():
            if worker.instance == instance:
                return Place(index)
        return Place(asker)

    def place_join(self, asker: int, kind: str, room_id: str | None, role: Role) -> Place:
        """The worker that has the room, or a room with a free seat: the fullest, so that few rooms are full of life; a
        new one where the fewest players are. What names nothing that is there is refused where it is.
        """
        if kind not in self.kinds:
            return Place(asker)
        if room_id is not None:
            return Place(self._worker_of(room_id, asker))
        found = self._find_room(asker, kind, role) or self._new_room(asker, kind)
        if found is None:
            return Place(asker)
        index, room = found
        self._last_reservation += 1
        self._workers[index].reservations[self._last_reservation] = SeatReservation(room.id, role)
        return Place(index, room.id, self._last_reservation)

    def _worker_of(self, room_id: str, asker: int) -> int:
        return next((index for index, worker in self._workers.items() if room_id in worker.rooms), asker)

    def _find_room(self, asker: int, kind: str, role: Role) -> tuple[int, RoomLoad] | None:
        seats = self.kinds[kind][role]
        free = [
            (worker.taken(room, role), index == asker, index, room)
            for index, worker in self._workers.items()
            for room in worker.rooms.values()
            if room.open and room.kind == kind and worker.taken(room, role) < seats
        ]
        return max(free, key=lambda found: found[:2])[2:] if free else None

    def _new_room(self, asker: int, kind: str) -> tuple[int, RoomLoad] | None:
        """Note a room that the chosen worker will make when the first link arrives."""
        if not self._workers:
            return None
        index = min(
            self._workers, key=lambda at: (self._workers[at].refuses, self._workers[at].weight, at != asker, at)
        )
        room = RoomLoad(self._new_id(index), kind, 0, 0, True)
        self._workers[index].rooms[room.id] = room
        return index, room

    def _new_id(self, index: int) -> str:
        while True:
            letters = self._random.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS - 1)
            room_id = "".join((id_prefix(index), *letters))
            if room_id not in self._workers[index].rooms:
                return room_id


def id_prefix(worker: int) -> str:
    """What the ids of a worker's rooms begin with."""
    return ROOM_ID_ALPHABET[worker]


__all__ = ["MAX_WORKERS", "Place", "Placement", "Seats", "id_prefix"]
