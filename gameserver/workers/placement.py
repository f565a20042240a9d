"""The director's placement: which worker has which room, how many seats are free there, and which are reserved.

Pure: messages and the time in, decisions out; random numbers are an argument. The counts here may be a moment old, so a
worker decides finally about its own rooms.

Rules kept here:
- A reservation counts for a seat until the worker's report includes it, and for `RESERVE_FOR_S` at most. It ends with
  the worker that asked for it, and with the worker that has the room.
- A decision costs O(log rooms) for each worker: rooms with free seats are kept in heaps, fullest first. A heap's entry
  is outdated once the room has changed since; it is dropped when it comes to the top.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from gameserver.hub.codes import ROOM_ID_ALPHABET, ROOM_ID_CHARS
from gameserver.protocol.constants import Role
from gameserver.workers.messages import RoomLoad

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from gameserver.workers.messages import LoadReport

MAX_WORKERS = len(ROOM_ID_ALPHABET)
"""The first character of a room's id says which worker made it, so ids are unique without asking."""

RESERVE_FOR_S: Final = 15.0
"""A link that is handed over joins within milliseconds. Whatever went wrong, the seat is free again after this."""


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

    number: int
    asker: int
    worker: int
    room: str
    role: Role
    expires_s: float


class _Room:
    """A room as its worker reported it, and the seats reserved since."""

    __slots__ = ("load", "reported", "reserved", "version")

    def __init__(self, load: RoomLoad, *, reported: bool) -> None:
        self.load = load
        self.reported = reported
        """False for a room that its worker makes when the first link arrives."""
        self.reserved = [0, 0]
        self.version = 0
        """The number of the worker's last change of it; heap entries with another one are outdated."""

    def taken(self, role: Role) -> int:
        """The seats that are taken or reserved."""
        return self.reserved[role] + (self.load.players if role is Role.PLAYER else self.load.spectators)


class _Worker:
    """One worker that is up."""

    __slots__ = ("_changes", "_fullest", "instance", "overloaded", "players", "rooms")

    def __init__(self, instance: bytes) -> None:
        self.instance = instance
        self.rooms: dict[str, _Room] = {}
        self.overloaded = False
        self.players = 0
        """Players in all rooms, reserved seats included."""
        self._fullest: dict[tuple[str, Role], list[tuple[int, str, int]]] = {}
        self._changes = 0

    @property
    def load(self) -> tuple[int, int]:
        """Players and rooms: compared in this order."""
        return self.players, len(self.rooms)

    def set_room(self, load: RoomLoad, limits: SeatLimits, *, reported: bool = True) -> _Room:
        """Add a room, or replace what is known of it; its reservations stay."""
        room = self.rooms.get(load.id)
        if room is None:
            room = self.rooms[load.id] = _Room(load, reported=reported)
            self.players += load.players
        elif room.load != load or not room.reported:
            self.players += load.players - room.load.players
            room.load, room.reported = load, reported
        else:
            return room
        self._note(room, limits)
        return room

    def drop_room(self, room_id: str) -> None:
        """Forget a room."""
        room = self.rooms.pop(room_id)
        self.players -= room.taken(Role.PLAYER)

    def reserve(self, room: _Room, role: Role, limits: SeatLimits, change: int) -> None:
        """Add to the reserved seats of a room, or take from them."""
        room.reserved[role] += change
        if role is Role.PLAYER:
            self.players += change
        self._note(room, limits)

    def _note(self, room: _Room, limits: SeatLimits) -> None:
        """Put a changed room into the heaps of the roles that it has free seats for."""
        self._changes += 1
        room.version = self._changes
        if room.load.open:
            for role in Role:
                if room.taken(role) < limits[role]:
                    heap = self._fullest.setdefault((room.load.kind, role), [])
                    heapq.heappush(heap, (-room.taken(role), room.load.id, room.version))
                    if len(heap) > 2 * len(self.rooms) + 16:
                        heap[:] = [entry for entry in heap if self._is_current(entry)]
                        heapq.heapify(heap)

    def _is_current(self, entry: tuple[int, str, int]) -> bool:
        room = self.rooms.get(entry[1])
        return room is not None and room.version == entry[2]

    def fullest(self, kind: str, role: Role) -> _Room | None:
        """The fullest open room with a free seat, or None."""
        heap = self._fullest.get((kind, role), [])
        while heap and not self._is_current(heap[0]):
            heapq.heappop(heap)
        return self.rooms[heap[0][1]] if heap else None


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
        self._reservations: dict[int, SeatReservation] = {}
        self._by_age: deque[SeatReservation] = deque()
        self._last_reservation = 0

    @property
    def workers(self) -> Iterable[int]:
        """The indices of the workers that are up."""
        return self._workers.keys()

    @property
    def reserved_seats(self) -> int:
        """How many seats are reserved now."""
        return len(self._reservations)

    def add_worker(self, worker: int, instance: bytes) -> None:
        """Note a worker that is up and has no rooms yet.

        Args:
            worker: Its index.
            instance: The first bytes of its resume tokens.
        """
        self._workers[worker] = _Worker(instance)

    def remove_worker(self, worker: int) -> None:
        """Forget a worker that has ended, its rooms, and every reservation that it asked for or that was there."""
        self._workers.pop(worker, None)
        for reservation in list(self._reservations.values()):
            if worker in (reservation.asker, reservation.worker):
                self._release(reservation.number)

    def update(self, worker: int, report: LoadReport, now_s: float) -> None:
        """Take over a worker's report. A room that it has not made yet is kept while seats are reserved there."""
        self._release_expired(now_s)
        entry = self._workers[worker]
        for number in report.settled:
            self._release(number)
        for load in report.rooms:
            if load.kind in self.kinds:
                entry.set_room(load, self.kinds[load.kind])
        reported = {load.id for load in report.rooms}
        for room_id, room in list(entry.rooms.items()):
            if room_id not in reported:
                self._unreport(entry, room)
        entry.overloaded = report.overloaded

    def _unreport(self, worker: _Worker, room: _Room) -> None:
        """A room is not in its worker's report: it has ended, or is not made yet. A link on its way opens it anew."""
        if any(room.reserved):
            empty = RoomLoad(room.load.id, room.load.kind, 0, 0, True)
            worker.set_room(empty, self.kinds[room.load.kind], reported=False)
        else:
            worker.drop_room(room.load.id)

    # -- reservations --------------------------------------------------------------------------------------------------

    def _reserve(self, asker: int, index: int, room: _Room, role: Role, now_s: float) -> SeatReservation:
        self._last_reservation += 1
        expires_s = now_s + RESERVE_FOR_S
        reservation = SeatReservation(self._last_reservation, asker, index, room.load.id, role, expires_s)
        self._reservations[reservation.number] = reservation
        self._by_age.append(reservation)
        self._workers[index].reserve(room, role, self.kinds[room.load.kind], 1)
        return reservation

    def _release(self, number: int) -> None:
        """End a reservation, and forget its room if nothing else is known of it. Idempotent."""
        reservation = self._reservations.pop(number, None)
        worker = None if reservation is None else self._workers.get(reservation.worker)
        room = None if reservation is None or worker is None else worker.rooms.get(reservation.room)
        if reservation is None or worker is None or room is None:
            return
        worker.reserve(room, reservation.role, self.kinds[room.load.kind], -1)
        if not room.reported and not any(room.reserved):
            worker.drop_room(reservation.room)

    def _release_expired(self, now_s: float) -> None:
        while self._by_age and (self._by_age[0].expires_s <= now_s or self._by_age[0].number not in self._reservations):
            self._release(self._by_age.popleft().number)

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

    def place_join(
        self, asker: int, kind: str, room_id: str | None, role: Role, now_s: float, *, create: bool = False
    ) -> Place:
        """Return where a JOIN belongs: to the worker that has the room, else to the fullest open room with a free seat,
        else to a new room in the worker with the fewest players.

        A JOIN for a room or kind that does not exist stays with the asker, which then refuses it.

        Args:
            asker: Index of the worker that accepted the link.
            kind: The kind of room.
            room_id: The room, if the JOIN names one.
            role: Which of the room's seats it is for.
            now_s: The time now, in seconds on the director's clock.
            create: Whether it asks for a room of its own, so that no other is looked for.
        """
        self._release_expired(now_s)
        if kind not in self.kinds or not self._workers:
            return Place(asker)
        if room_id is not None:
            return Place(self._worker_of(room_id, asker))
        found = None if create else self._find_room(asker, kind, role)
        index, room = found or self._new_room(asker, kind)
        return Place(index, room.load.id, self._reserve(asker, index, room, role, now_s).number)

    def _worker_of(self, room_id: str, asker: int) -> int:
        return next((index for index, worker in self._workers.items() if room_id in worker.rooms), asker)

    def _find_room(self, asker: int, kind: str, role: Role) -> tuple[int, _Room] | None:
        """The fullest of each worker's fullest rooms; the asker's own in a tie."""
        best: tuple[tuple[int, bool], int, _Room] | None = None
        for index, worker in self._workers.items():
            room = worker.fullest(kind, role)
            if room is not None:
                rank = room.taken(role), index == asker
                if best is None or rank > best[0]:
                    best = rank, index, room
        return None if best is None else best[1:]

    def _new_room(self, asker: int, kind: str) -> tuple[int, _Room]:
        """Note a room that the chosen worker makes when the first link arrives."""
        workers = self._workers
        index = min(workers, key=lambda at: (workers[at].overloaded, workers[at].load, at != asker, at))
        load = RoomLoad(self._new_id(index), kind, 0, 0, True)
        return index, workers[index].set_room(load, self.kinds[kind], reported=False)

    def _new_id(self, index: int) -> str:
        while True:
            letters = self._random.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS - 1)
            room_id = "".join((id_prefix(index), *letters))
            if room_id not in self._workers[index].rooms:
                return room_id


def id_prefix(worker: int) -> str:
    """Return the first character of the ids of a worker's rooms."""
    return ROOM_ID_ALPHABET[worker]
