"""The director's placement: which worker has which room, how many seats are free there, and which are reserved.

Pure: messages in, decisions out; random numbers are an argument. The counts here may be a moment old, so a worker
decides finally about its own rooms. A reservation counts for a seat until the worker's report includes it.
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

    from gameserver.workers.messages import LoadReport

MAX_WORKERS = len(ROOM_ID_ALPHABET)
"""The first character of a room's id says which worker made it, so ids are unique without asking."""


class SeatLimits(NamedTuple):
    """How many seats a room of one kind has. Indexed by `Role`."""

    players: int
    spectators: int


class Place(NamedTuple):
    """Where a link belongs."""

    worker: int
    room: str | None = None
    reservation: int = 0


class SeatReservation(NamedTuple):
    """A seat kept for a link that is on its way to its worker."""

    room: str
    role: Role


@dataclass(slots=True)
class _Worker:
    """One worker that is up."""

    instance: bytes
    rooms: dict[str, RoomLoad] = field(default_factory=dict)
    reservations: dict[int, SeatReservation] = field(default_factory=dict)
    overloaded: bool = False

    def seats_taken(self, room: RoomLoad, role: Role) -> int:
        """Return the number of seats that are taken or reserved."""
        reserved = sum(reservation == (room.id, role) for reservation in self.reservations.values())
        return reserved + (room.players if role is Role.PLAYER else room.spectators)

    @property
    def load(self) -> tuple[int, int]:
        """Players, reserved seats included, and rooms: compared in this order."""
        reserved = sum(reservation.role is Role.PLAYER for reservation in self.reservations.values())
        return reserved + sum(room.players for room in self.rooms.values()), len(self.rooms)


class Placement:
    """Keeps the rooms and reservations of all workers, and decides where links belong."""

    def __init__(self, kinds: Mapping[str, SeatLimits], rng: random.Random) -> None:
        """Begin without workers.

        Args:
            kinds: All kinds of room that can be joined.
            rng: Source of the ids of new rooms.
        """
        self.kinds = kinds
        self._random = rng
        self._workers: dict[int, _Worker] = {}
        self._last_reservation = 0

    @property
    def workers(self) -> Iterable[int]:
        """The indices of the workers that are up."""
        return self._workers.keys()

    def add_worker(self, worker: int, instance: bytes) -> None:
        """Note a worker that is up and has no rooms yet.

        Args:
            worker: Its index.
            instance: The first bytes of its resume tokens.
        """
        self._workers[worker] = _Worker(instance)

    def remove_worker(self, worker: int) -> None:
        """Forget a worker that has ended, and its rooms."""
        self._workers.pop(worker, None)

    def update(self, worker: int, report: LoadReport) -> None:
        """Take over a worker's report. A room that it has not made yet is kept while seats are reserved there."""
        entry = self._workers[worker]
        for reservation in report.settled:
            entry.reservations.pop(reservation, None)
        awaited = {reservation.room for reservation in entry.reservations.values()}
        expected = {room.id: room for room in entry.rooms.values() if room.id in awaited}
        entry.rooms = expected | {room.id: room for room in report.rooms}
        entry.overloaded = report.overloaded

    # -- where a link belongs ------------------------------------------------------------------------------------------

    def place_resume(self, asker: int, instance: bytes) -> Place:
        """Return the worker that issued the token, or the asker, which then refuses the link.

        Args:
            asker: Index of the worker that accepted the link.
            instance: The first bytes of the link's resume token.
        """
        for index, worker in self._workers.items():
            if worker.instance == instance:
                return Place(index)
        return Place(asker)

    def place_join(self, asker: int, kind: str, room_id: str | None, role: Role) -> Place:
        """Return where a JOIN belongs: to the worker that has the room, else to the fullest open room with a free seat,
        else to a new room in the worker with the fewest players.

        A JOIN for a room or kind that does not exist stays with the asker, which then refuses it.

        Args:
            asker: Index of the worker that accepted the link.
            kind: The kind of room.
            room_id: The room, if the JOIN names one.
            role: Which of the room's seats it is for.
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
            (worker.seats_taken(room, role), index == asker, index, room)
            for index, worker in self._workers.items()
            for room in worker.rooms.values()
            if room.open and room.kind == kind and worker.seats_taken(room, role) < seats
        ]
        return max(free, key=lambda found: found[:2])[2:] if free else None

    def _new_room(self, asker: int, kind: str) -> tuple[int, RoomLoad] | None:
        """Note a room that the chosen worker will make when the first link arrives."""
        if not self._workers:
            return None
        index = min(
            self._workers, key=lambda at: (self._workers[at].overloaded, self._workers[at].load, at != asker, at)
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
    """Return the first character of the ids of a worker's rooms."""
    return ROOM_ID_ALPHABET[worker]
