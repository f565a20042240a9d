"""The director's placement: which worker has which room, how many seats are free there, and which are reserved.

Pure: messages and the time in, decisions out; random numbers are an argument. The counts here may be a moment old, so a
worker decides finally about its own rooms.

Rules kept here:
- A reservation counts for a seat until the worker's report includes it, and for `RESERVE_FOR_S` at most. It ends with
  the worker that asked for it, and with the worker that has the room.
- A kind that has one room has it in one worker as long as that is up, under the same id, so that no two can open it.
- A decision costs the same for each worker, however many rooms it has: those with free seats are filed, fullest first.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from gameserver.hub.attempts import Attempts
from gameserver.hub.directory import RoomRow
from gameserver.hub.open_rooms import OpenRooms
from gameserver.hub.where import Where, WhereInvalid, likely_listing
from gameserver.protocol.constants import TOKEN_INSTANCE_BYTES, Role
from gameserver.protocol.room_code import ROOM_ID_ALPHABET, ROOM_ID_CHARS
from gameserver.room.listing import Listing

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Iterable, Mapping

    from gameserver.hub.attempts import AttemptKey
    from gameserver.room.listing import Values
    from gameserver.workers.messages import LoadReport

MAX_WORKERS = len(ROOM_ID_ALPHABET)
"""The first character of a room's id says which worker made it, so ids are unique without asking."""

NOT_YET: Final = -1
"""In place of a worker: that of the link restores its rooms now."""

RESERVE_FOR_S: Final = 15.0
"""A link that is handed over joins within milliseconds. Whatever went wrong, the seat is free again after this."""


class SeatLimits(NamedTuple):
    """How many seats a room of one kind has, and what it lists."""

    players: int
    spectators: int
    listing: Listing = Listing()
    single: bool = False
    """Whether there is one room of the kind at most."""
    lasts: bool = False
    """Whether its rooms come back when their worker does."""

    def seats(self, role: Role) -> int:
        """Return how many seats there are for a role."""
        return self.players if role is Role.PLAYER else self.spectators


class Place(NamedTuple):
    """Where a link belongs."""

    worker: int
    """Its index, or NOT_YET."""
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

    __slots__ = ("reported", "reserved", "row")

    def __init__(self, row: RoomRow, *, reported: bool) -> None:
        self.row = row
        self.reported = reported
        """False for a room that its worker makes when the first link arrives."""
        self.reserved = [0, 0]

    @property
    def listing(self) -> Values:
        """What it lists."""
        return self.row.listing

    def taken(self, role: Role) -> int:
        """The seats that are taken or reserved."""
        return self.reserved[role] + (self.row.players if role is Role.PLAYER else self.row.spectators)


class _Worker:
    """One worker that is up."""

    __slots__ = ("_open", "overloaded", "players", "prefixes", "rooms")

    def __init__(self, prefixes: Collection[bytes]) -> None:
        self.prefixes = frozenset(prefixes)
        self.rooms: dict[str, _Room] = {}
        self.overloaded = False
        self.players = 0
        """Players in all rooms, reserved seats included."""
        self._open: OpenRooms[_Room] = OpenRooms()

    @property
    def load(self) -> tuple[int, int]:
        """Players and rooms: compared in this order."""
        return self.players, len(self.rooms)

    def set_room(self, row: RoomRow, limits: SeatLimits, *, reported: bool = True) -> _Room:
        """Add a room, or replace what is known of it; its reservations stay."""
        room = self.rooms.get(row.id)
        if room is None:
            room = self.rooms[row.id] = _Room(row, reported=reported)
            self.players += row.players
        elif room.row != row or not room.reported:
            self.players += row.players - room.row.players
            room.row, room.reported = row, reported
        else:
            return room
        self._note(room, limits)
        return room

    def drop_room(self, room_id: str) -> None:
        """Forget a room."""
        room = self.rooms.pop(room_id)
        self._open.remove(room_id)
        self.players -= room.taken(Role.PLAYER)

    def reserve(self, room: _Room, role: Role, limits: SeatLimits, change: int) -> None:
        """Add to the reserved seats of a room, or take from them."""
        room.reserved[role] += change
        if role is Role.PLAYER:
            self.players += change
        self._note(room, limits)

    def _note(self, room: _Room, limits: SeatLimits) -> None:
        """File a changed room under the roles that it has free seats for."""
        row = room.row
        players, spectators = (
            room.taken(role) if row.open and room.taken(role) < limits.seats(role) else None for role in Role
        )
        self._open.file(row.id, row.kind, room, (players, spectators))

    def fullest(self, kind: str, role: Role, where: Where | None) -> _Room | None:
        """The fullest open room with a free seat whose listing fits, or None."""
        return self._open.fullest(kind, role, where)


class _Awaited(NamedTuple):
    """What comes back with a worker that is not up."""

    prefixes: set[bytes]
    rooms: dict[str, str]


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
        self._attempts: Attempts[tuple[int, str]] = Attempts()
        self._homes: dict[str, tuple[int, str]] = {}
        """Of each kind that has one room, and was asked for: the worker and the id of the room."""
        self._awaited: dict[int, _Awaited] = {}
        """What comes back with workers that are not up, by their indices."""
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

    def rows(self, worker: int | None = None) -> list[RoomRow]:
        """Return the rows of the rooms that a worker, or any, has reported."""
        workers = self._workers.values() if worker is None else filter(None, [self._workers.get(worker)])
        return [room.row for each in workers for room in each.rooms.values() if room.reported]

    def await_worker(self, worker: int, prefixes: Iterable[bytes], rooms: Mapping[str, str]) -> None:
        """Note what a worker that is not up will restore: until then links that belong there are to wait.

        Args:
            worker: Its index.
            prefixes: What the resume tokens begin with that it will take.
            rooms: The kinds of the rooms, by id.
        """
        awaited = self._awaited.setdefault(worker, _Awaited(set(), {}))
        awaited.prefixes.update(prefixes)
        awaited.rooms.update(rooms)
        self._homes.update({kind: (worker, room) for room, kind in rooms.items() if self._is_single(kind)})

    def _is_single(self, kind: str) -> bool:
        return kind in self.kinds and self.kinds[kind].single

    def add_worker(self, worker: int, prefixes: Collection[bytes]) -> None:
        """Note a worker that is up. The rooms that it has restored come with its first report.

        Args:
            worker: Its index.
            prefixes: What the resume tokens that it takes begin with.
        """
        self._workers[worker] = _Worker(prefixes)

    def remove_worker(self, worker: int, *, comes_back: bool = False) -> None:
        """Forget a worker that has ended, its rooms, and every reservation that it asked for or that was there.

        Args:
            worker: Its index.
            comes_back: Whether its rooms that last come back when it is started again.
        """
        ended = self._workers.pop(worker, None)
        if ended is not None and comes_back:
            rooms = [room.row for room in ended.rooms.values() if room.reported and self.kinds[room.row.kind].lasts]
            self.await_worker(worker, ended.prefixes, {row.id: row.kind for row in rooms})
        for reservation in list(self._reservations.values()):
            if worker in (reservation.asker, reservation.worker):
                self._release(reservation.number)

    def update(self, worker: int, report: LoadReport, now_s: float) -> None:
        """Take over a worker's report. A room that it has not made yet is kept while seats are reserved there."""
        self._release_expired(now_s)
        entry = self._workers[worker]
        self._forget_homes(worker, report)
        for number in report.settled:
            self._release(number)
        for row in report.rooms:
            if row.kind in self.kinds:
                entry.set_room(row, self.kinds[row.kind])
        for room_id in report.closed:
            if room_id in entry.rooms:
                self._unreport(entry, entry.rooms[room_id])
        entry.overloaded = report.overloaded

    def _forget_homes(self, worker: int, report: LoadReport) -> None:
        """At a worker's first report: a single room that it could not restore opens anew, under another id."""
        awaited = self._awaited.pop(worker, None)
        restored = {row.id for row in report.rooms}
        for room, kind in () if awaited is None else awaited.rooms.items():
            if room not in restored and self._homes.get(kind) == (worker, room):
                del self._homes[kind]

    def _unreport(self, worker: _Worker, room: _Room) -> None:
        """A room has ended. A link on its way opens it anew."""
        if any(room.reserved):
            limits = self.kinds[room.row.kind]
            empty = RoomRow(room.row.id, room.row.kind, 0, 0, True, likely_listing({}, limits.listing))
            worker.set_room(empty, limits, reported=False)
        else:
            worker.drop_room(room.row.id)

    # -- reservations --------------------------------------------------------------------------------------------------

    def _reserve(self, asker: int, index: int, room: _Room, role: Role, now_s: float) -> SeatReservation:
        self._last_reservation += 1
        expires_s = now_s + RESERVE_FOR_S
        reservation = SeatReservation(self._last_reservation, asker, index, room.row.id, role, expires_s)
        self._reservations[reservation.number] = reservation
        self._by_age.append(reservation)
        self._workers[index].reserve(room, role, self.kinds[room.row.kind], 1)
        return reservation

    def _release(self, number: int) -> None:
        """End a reservation, and forget its room if nothing else is known of it. Idempotent."""
        reservation = self._reservations.pop(number, None)
        worker = None if reservation is None else self._workers.get(reservation.worker)
        room = None if reservation is None or worker is None else worker.rooms.get(reservation.room)
        if reservation is None or worker is None or room is None:
            return
        worker.reserve(room, reservation.role, self.kinds[room.row.kind], -1)
        if not room.reported and not any(room.reserved):
            worker.drop_room(reservation.room)

    def _release_expired(self, now_s: float) -> None:
        while self._by_age and (self._by_age[0].expires_s <= now_s or self._by_age[0].number not in self._reservations):
            self._release(self._by_age.popleft().number)

    # -- where a link belongs ------------------------------------------------------------------------------------------

    def place_resume(self, asker: int, prefix: bytes) -> Place:
        """Return the worker that takes the token, NOT_YET while it is not up, or the asker, which then refuses it.

        Args:
            asker: Index of the worker that accepted the link.
            prefix: What the link's resume token begins with: instance and key.
        """
        for start in (prefix, prefix[:TOKEN_INSTANCE_BYTES]):  # rooms may be elsewhere than others of their instance
            for index, worker in self._workers.items():
                if start in worker.prefixes:
                    return Place(index)
            if any(start in awaited.prefixes for awaited in self._awaited.values()):
                return Place(NOT_YET)
        return Place(asker)

    def place_join(
        self,
        asker: int,
        kind: str,
        room_id: str | None,
        role: Role,
        now_s: float,
        *,
        create: bool = False,
        where: Mapping[str, object] | None = None,
        attempt: AttemptKey | None = None,
    ) -> Place:
        """Return where a JOIN belongs: to the worker that has the room, else to the fullest open room with a free seat
        whose listing fits, else to a new room in the worker with the fewest players.

        A JOIN for a room or kind that does not exist, or with a filter that does not fit the kind, stays with the
        asker, which then refuses it.

        Args:
            asker: Index of the worker that accepted the link.
            kind: The kind of room.
            room_id: The room, if the JOIN names one.
            role: Which of the room's seats it is for.
            now_s: The time now, in seconds on the director's clock.
            create: Whether it asks for a room of its own, so that no other is looked for.
            where: What the listing of the room must say, as in JOIN; None: anything.
            attempt: Its key: a repetition goes to the same room while that is there; None: it is not repeated.
        """
        self._release_expired(now_s)
        if kind not in self.kinds or not self._workers or not self.kinds[kind].seats(role):
            return Place(asker)  # which refuses it
        if room_id is not None:
            return Place(self.worker_of(room_id, asker))
        try:
            wanted = Where(where, self.kinds[kind].listing) if where else None
        except WhereInvalid:
            return Place(asker)
        if self.kinds[kind].single:
            if any(kind in awaited.rooms.values() for awaited in self._awaited.values()):
                return Place(NOT_YET)
            index, room = self._single_room(asker, kind)
        else:
            found = self._room_of_attempt(attempt, now_s)
            if found is None and not create:
                found = self._find_room(asker, kind, role, wanted)
            index, room = found or self._new_room(asker, kind, where or {})
            self._attempts.remember(attempt, (index, room.row.id), now_s)
        if room.taken(role) >= self.kinds[kind].seats(role):  # a repeated JOIN has its seat; the worker refuses others
            return Place(index, room.row.id)
        return Place(index, room.row.id, self._reserve(asker, index, room, role, now_s).number)

    def _room_of_attempt(self, attempt: AttemptKey | None, now_s: float) -> tuple[int, _Room] | None:
        """Return the worker and the room that the first JOIN with this key went to; None if they are not there."""
        index, room_id = self._attempts.find(attempt, now_s) or (-1, "")
        room = self._workers[index].rooms.get(room_id) if index in self._workers else None
        return None if room is None else (index, room)

    def _single_room(self, asker: int, kind: str) -> tuple[int, _Room]:
        """Return the worker and the room of a kind that has one; where it does not run, it opens there."""
        index, room_id = self._homes.get(kind, (-1, ""))
        if index not in self._workers:
            index, new = self._new_room(asker, kind, {})
            self._homes[kind] = index, new.row.id
            return index, new
        worker, limits = self._workers[index], self.kinds[kind]
        room = worker.rooms.get(room_id)
        if room is None:
            empty = RoomRow(room_id, kind, 0, 0, True, likely_listing({}, limits.listing))
            room = worker.set_room(empty, limits, reported=False)
        return index, room

    def worker_of(self, room_id: str, other: int) -> int:
        """Return the index of the worker that has a room, NOT_YET while that is not up, or `other` for no room."""
        found = next((index for index, worker in self._workers.items() if room_id in worker.rooms), None)
        if found is None:
            return NOT_YET if any(room_id in awaited.rooms for awaited in self._awaited.values()) else other
        return found

    def _find_room(self, asker: int, kind: str, role: Role, where: Where | None) -> tuple[int, _Room] | None:
        """The fullest of each worker's fullest rooms; the asker's own in a tie."""
        best: tuple[tuple[int, bool], int, _Room] | None = None
        for index, worker in self._workers.items():
            room = worker.fullest(kind, role, where)
            if room is not None:
                rank = room.taken(role), index == asker
                if best is None or rank > best[0]:
                    best = rank, index, room
        return None if best is None else best[1:]

    def _new_room(self, asker: int, kind: str, where: Mapping[str, object]) -> tuple[int, _Room]:
        """Note a room that the chosen worker makes when the first link arrives."""
        workers = self._workers
        index = min(workers, key=lambda at: (workers[at].overloaded, workers[at].load, at != asker, at))
        limits = self.kinds[kind]
        row = RoomRow(self._new_id(index), kind, 0, 0, True, likely_listing(where, limits.listing))
        return index, workers[index].set_room(row, limits, reported=False)

    def _new_id(self, index: int) -> str:
        while True:
            letters = self._random.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS - 1)
            room_id = "".join((id_prefix(index), *letters))
            if self.worker_of(room_id, index) == index and room_id not in self._workers[index].rooms:
                return room_id


def id_prefix(worker: int) -> str:
    """Return the first character of the ids of a worker's rooms."""
    return ROOM_ID_ALPHABET[worker]
