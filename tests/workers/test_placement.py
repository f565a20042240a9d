"""The director's placement: rooms fill up before others open, workers fill evenly, and no seat is reserved twice."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gameserver import Listing
from gameserver.hub.attempts import AttemptKey
from gameserver.hub.directory import RoomRow
from gameserver.protocol.constants import Role
from gameserver.workers.messages import LoadReport
from gameserver.workers.placement import NOT_YET, RESERVE_FOR_S, Place, Placement, SeatLimits, id_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable


class RaceListing(Listing):
    track: str = "sand"
    laps: int = 3


KINDS = {"arena": SeatLimits(4, 2), "duel": SeatLimits(2, 2)}
LASTING = {
    "cellar": SeatLimits(4, 2, lasts=True),
    "hall": SeatLimits(4, 2, single=True, lasts=True),
    "shed": SeatLimits(4, 2),
}


def placement(workers: int = 2) -> Placement:
    created = Placement(KINDS, random.Random(1))
    for index in range(workers):
        created.add_worker(index, [bytes([index] * 4)])
    return created


def join(
    director: Placement,
    asker: int = 0,
    kind: str = "arena",
    room: str | None = None,
    role: Role = Role.PLAYER,
    now_s: float = 0.0,
    *,
    create: bool = False,
) -> Place:
    return director.place_join(asker, kind, room, role, now_s, create=create)


def load(
    *rooms: RoomRow, settled: tuple[int, ...] = (), overloaded: bool = False, closed: Iterable[str] = ()
) -> LoadReport:
    return LoadReport(list(rooms), list(closed), list(settled), overloaded)


def test_a_room_is_filled_with_reservations_before_another_is_made() -> None:
    director = placement()
    places = [join(director, asker=at % 2) for at in range(8)]
    assert Counter(place.room for place in places).most_common() == [(places[0].room, 4), (places[4].room, 4)]


def test_a_new_room_goes_where_the_fewest_players_are_and_stays_with_the_asker_in_a_tie() -> None:
    director = placement(3)
    places = [join(director, asker=2) for _ in range(12)]
    assert [place.worker for place in places[::4]] == [2, 0, 1]


def test_a_kind_without_seats_for_a_role_gets_no_rooms() -> None:
    director = Placement({"solo": SeatLimits(1, 0)}, random.Random(1))
    director.add_worker(0, [bytes(4)])
    director.add_worker(1, [b"more"])
    places = {director.place_join(1, "solo", None, Role.SPECTATOR, 0.0) for _ in range(5)}
    assert places == {Place(1)}


def test_the_fullest_room_with_a_seat_is_filled_first_wherever_it_is() -> None:
    director = placement()
    director.update(0, load(RoomRow("a", "arena", 1, 0, True)), 0.0)
    director.update(1, load(RoomRow("b", "arena", 3, 0, True), RoomRow("c", "arena", 4, 0, True)), 0.0)
    assert [join(director).room for _ in range(2)] == ["b", "a"]


def test_locked_rooms_and_rooms_of_another_kind_are_not_chosen() -> None:
    director = placement(1)
    director.update(0, load(RoomRow("a", "arena", 1, 0, False), RoomRow("b", "duel", 1, 0, True)), 0.0)
    assert join(director).room not in {"a", "b"}


def test_a_reservation_counts_until_the_worker_s_report_settles_it() -> None:
    director = placement(1)
    place = join(director, kind="duel")
    assert place.room is not None
    director.update(0, load(), 0.0)  # nobody has arrived there yet
    second = join(director, kind="duel")
    assert second.room == place.room
    director.update(
        0, load(RoomRow(place.room, "duel", 2, 0, True), settled=(place.reservation, second.reservation)), 0.0
    )
    third = join(director, kind="duel")
    assert third.room != place.room
    director.update(0, load(RoomRow(place.room, "duel", 1, 0, True), settled=(third.reservation,)), 0.0)
    assert join(director, kind="duel").room == place.room, "somebody left"


def test_a_settled_reservation_frees_its_seat_and_its_room() -> None:
    director = placement(1)
    place = join(director, kind="duel")
    director.update(0, load(settled=(place.reservation,)), 0.0)
    assert join(director, kind="duel").room != place.room


def test_spectators_have_seats_of_their_own() -> None:
    director = placement(1)
    director.update(0, load(RoomRow("a", "duel", 2, 1, True)), 0.0)
    assert join(director, kind="duel", role=Role.SPECTATOR).room == "a"
    assert join(director, kind="duel", role=Role.SPECTATOR).room != "a"


def test_a_room_of_its_own_goes_where_the_fewest_players_are_though_others_have_seats() -> None:
    director = placement()
    director.update(0, load(RoomRow("a", "arena", 1, 0, True)), 0.0)
    first, second = join(director, create=True), join(director, create=True)
    assert first.worker == 1
    assert {first.room, second.room}.isdisjoint({"a", None})
    assert first.room != second.room


def test_a_filter_finds_the_fullest_room_whose_listing_fits_wherever_it_is() -> None:
    director = Placement({"race": SeatLimits(4, 2, RaceListing())}, random.Random(1))
    for index in range(2):
        director.add_worker(index, [bytes([index] * 4)])
    rows = [RoomRow("a", "race", 1, 0, True, {"track": "ice", "laps": 3})]
    director.update(0, load(*rows), 0.0)
    rows = [RoomRow(f"b{n}", "race", n, 0, True, {"track": track, "laps": n}) for n, track in enumerate(("ice", "x"))]
    director.update(1, load(*rows), 0.0)

    def find(where: dict[str, Any]) -> Place:
        return director.place_join(0, "race", None, Role.PLAYER, 0.0, where=where)

    assert find({"track": "ice"})[:2] == (0, "a")
    assert find({"track": "x"})[:2] == (1, "b1")
    assert find({"laps": {"max": 0}})[:2] == (1, "b0")
    first, second = find({"track": "mud"}), find({"track": "mud"})
    assert first.room == second.room, "no twin while the room is being made"
    assert first.room not in {"a", "b0", "b1"}
    assert find({"fog": 1}) == Place(0), "the asker refuses it"
    director.update(1, load(RoomRow("b1", "race", 1, 0, True, {"track": "ice", "laps": 9})), 0.0)
    assert find({"laps": {"min": 5}}).room == "b1", "the listing has changed"


def test_a_repeated_join_goes_to_the_room_of_the_first_whichever_worker_it_reaches() -> None:
    director = placement()
    key, other = (AttemptKey("address 1", "duel", 0, attempt * 16) for attempt in (b"a", b"b"))

    def ask(asker: int, attempt: AttemptKey, now_s: float = 0.0) -> Place:
        return director.place_join(asker, "duel", None, Role.PLAYER, now_s, create=True, attempt=attempt)

    first, again, twin = ask(0, key), ask(1, key), ask(1, other)
    assert first[:2] == again[:2]
    assert twin.room != first.room
    assert first.room is not None
    director.update(first.worker, load(RoomRow(first.room, "duel", 2, 0, False), settled=(first.reservation,)), 1.0)
    assert ask(1, key, 1.0) == Place(first.worker, first.room), "also into a full room: the seat is its own"
    assert ask(1, key, 61.0).room != first.room, "a minute later"
    director.remove_worker(twin.worker)
    assert ask(0, other).worker != twin.worker


def test_a_join_by_id_goes_to_the_room_s_worker_without_a_reservation() -> None:
    director = placement()
    director.update(1, load(RoomRow("a", "arena", 4, 0, False)), 0.0)
    assert join(director, room="a") == Place(1)
    assert join(director, asker=1, room="nowhere") == Place(1), "refused there"
    new = join(director)
    assert join(director, asker=1, room=new.room) == Place(new.worker), "known before the worker has made it"


def test_unknown_kinds_and_tokens_stay_with_the_asker() -> None:
    director = placement()
    assert join(director, asker=1, kind="chess") == Place(1)
    assert director.place_resume(1, b"\1\1\1\1") == Place(1)
    assert director.place_resume(1, b"\0\0\0\0") == Place(0)
    assert director.place_resume(1, b"none") == Place(1)


def test_a_removed_worker_has_no_rooms_and_no_sessions() -> None:
    director = placement()
    director.update(1, load(RoomRow("a", "arena", 1, 0, True)), 0.0)
    director.remove_worker(1)
    assert join(director).worker == 0
    assert join(director, room="a") == Place(0)
    assert director.place_resume(0, b"\1\1\1\1") == Place(0)
    director.add_worker(1, [b"anew"])
    assert director.place_resume(0, b"anew") == Place(1)


def test_an_overloaded_worker_gets_new_rooms_only_if_all_are_overloaded() -> None:
    director = placement()
    director.update(0, load(overloaded=True), 0.0)
    director.update(1, load(RoomRow("a", "arena", 4, 0, True)), 0.0)
    assert join(director, asker=0).worker == 1
    director.update(1, load(RoomRow("a", "arena", 4, 0, True), overloaded=True), 0.0)
    assert join(director, asker=0, kind="duel").worker == 0, "the asker itself refuses it"


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(sorted(KINDS)), st.sampled_from(list(Role)))), st.data())
def test_no_room_has_more_reservations_than_seats_and_ids_are_unique(
    asked: list[tuple[int, str, Role]], data: st.DataObject
) -> None:
    director = placement(4)
    taken: Counter[tuple[str, Role]] = Counter()
    home: dict[str, int] = {}
    for asker, kind, role in asked:
        place = join(director, asker, kind, role=role)
        assert place.room is not None
        taken[place.room, role] += 1
        assert taken[place.room, role] <= KINDS[kind].seats(role)
        assert home.setdefault(place.room, place.worker) == place.worker
        assert place.room.startswith(id_prefix(place.worker))
        if data.draw(st.booleans()):
            director.update(data.draw(st.integers(0, 3)), load(), 0.0)  # a worker that has made none of its rooms yet


def test_a_reservation_that_nobody_settles_expires() -> None:
    director = placement(1)
    first = join(director, kind="duel", now_s=100.0)
    join(director, kind="duel", now_s=101.0)
    others = [join(director, kind="duel", now_s=101.0).room for _ in range(2)]
    assert first.room not in others, "both seats are reserved"
    assert join(director, kind="duel", now_s=100.0 + RESERVE_FOR_S).room == first.room
    director.update(0, load(), 1000.0)
    assert director.reserved_seats == 0
    assert join(director, kind="duel", now_s=1000.0).room != first.room, "a room that nobody made is forgotten"


def test_reservations_end_with_the_worker_that_asked_and_with_the_worker_of_the_room() -> None:
    director = placement(3)
    director.update(0, load(RoomRow("a", "duel", 1, 0, True)), 0.0)
    assert join(director, asker=1, kind="duel").room == "a"
    assert join(director, asker=2, kind="duel").room != "a"
    director.remove_worker(1)
    assert join(director, asker=0, kind="duel").room == "a"
    director.remove_worker(0)
    director.remove_worker(2)
    assert director.reserved_seats == 0


class AnyTraffic(RuleBasedStateMachine):
    """Joins, reports, deaths and time in any order, against a model that counts from scratch."""

    WORKERS = 3

    def __init__(self) -> None:
        super().__init__()
        self.director = Placement(KINDS, random.Random(1))
        self.now_s = 0.0
        self.up: set[int] = set()
        self.seated: dict[int, Counter[tuple[str, str, Role]]] = {}
        self.reported: dict[int, set[str]] = {}
        self.on_their_way: dict[int, tuple[int, int, str, str, Role, float]] = {}

    def taken(self, room: str, role: Role) -> int:
        seated = sum(
            counts[key] for counts in self.seated.values() for key in counts if key[0] == room and key[2] == role
        )
        reserved = sum(where[2] == room and where[4] == role for where in self.on_their_way.values())
        return seated + reserved

    @rule(worker=st.integers(0, WORKERS - 1))
    def start(self, worker: int) -> None:
        if worker not in self.up:
            self.up.add(worker)
            self.seated[worker] = Counter()
            self.reported[worker] = set()
            self.director.add_worker(worker, [bytes([worker] * 4)])

    @precondition(lambda self: self.up)
    @rule(data=st.data(), kind=st.sampled_from(sorted(KINDS)), role=st.sampled_from(list(Role)))
    def join(self, data: st.DataObject, kind: str, role: Role) -> None:
        asker = data.draw(st.sampled_from(sorted(self.up)))
        self.expire()
        place = self.director.place_join(asker, kind, None, role, self.now_s)
        assert place.room is not None
        assert place.worker in self.up
        assert self.taken(place.room, role) < KINDS[kind].seats(role), "the seat was free"
        expires_s = self.now_s + RESERVE_FOR_S
        self.on_their_way[place.reservation] = (asker, place.worker, place.room, kind, role, expires_s)

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def report(self, data: st.DataObject) -> None:
        """Some links have arrived, some failed, some players left."""
        worker = data.draw(st.sampled_from(sorted(self.up)))
        self.expire()
        settled = []
        for number, (_, there, room, kind, role, _) in list(self.on_their_way.items()):
            if there == worker and data.draw(st.booleans()):
                settled.append(number)
                del self.on_their_way[number]
                if data.draw(st.booleans()):
                    self.seated[worker][room, kind, role] += 1
        for key in list(self.seated[worker]):
            if data.draw(st.booleans()):
                self.seated[worker][key] -= 1
                self.seated[worker] += Counter()
        rooms: dict[str, RoomRow] = {}
        for room, kind, _ in self.seated[worker]:
            players, spectators = (self.seated[worker][room, kind, role] for role in Role)
            rooms[room] = RoomRow(room, kind, players, spectators, True)
        closed = self.reported[worker] - rooms.keys()
        self.reported[worker] = set(rooms)
        self.director.update(worker, load(*rooms.values(), settled=tuple(settled), closed=closed), self.now_s)

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(sorted(self.up)))
        self.up.remove(worker)
        del self.seated[worker], self.reported[worker]
        self.on_their_way = {n: way for n, way in self.on_their_way.items() if worker not in way[:2]}
        self.director.remove_worker(worker)

    @rule(seconds=st.floats(0.0, 2 * RESERVE_FOR_S))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def expire(self) -> None:
        self.on_their_way = {n: way for n, way in self.on_their_way.items() if way[5] > self.now_s}

    @invariant()
    def counts_agree(self) -> None:
        director = self.director
        director._release_expired(self.now_s)
        self.expire()
        assert set(director._reservations) == set(self.on_their_way)
        for worker in self.up:
            entry = director._workers[worker]
            for room_id, room in entry.rooms.items():
                for role in Role:
                    assert room.taken(role) == self.taken(room_id, role)
            assert entry.players == sum(room.taken(Role.PLAYER) for room in entry.rooms.values())


TestAnyTraffic = AnyTraffic.TestCase


STEPS = st.lists(st.tuples(st.sampled_from(["join", "arrive", "close", "restart"]), st.integers(0, 2), st.booleans()))


@given(STEPS)
def test_no_two_workers_ever_have_a_room_of_a_single_kind(steps: list[tuple[str, int, bool]]) -> None:
    director = Placement({"town": SeatLimits(3, 2, single=True)}, random.Random(1))
    running: dict[int, dict[str, int]] = {}
    on_their_way: list[Place] = []
    for index in range(3):
        director.add_worker(index, [bytes([index] * 4)])
        running[index] = {}
    now_s = 0.0
    for step, index, create in steps:
        now_s += 5.0
        if step == "join":
            place = join(director, index, "town", now_s=now_s, create=create)
            assert place.room is not None
            on_their_way.append(place)
        elif step == "arrive":
            arriving = [place for place in on_their_way if place.worker == index]
            on_their_way = [place for place in on_their_way if place.worker != index]
            for place in arriving:
                assert place.room is not None
                running[index][place.room] = min(3, running[index].get(place.room, 0) + 1)
            settled = tuple(place.reservation for place in arriving)
            rows = [RoomRow(room, "town", count, 0, True) for room, count in running[index].items()]
            director.update(index, load(*rows, settled=settled), now_s)
        elif step == "close":
            closed, running[index] = list(running[index]), {}
            director.update(index, load(closed=closed), now_s)
        else:
            director.remove_worker(index)
            running[index] = {}
            on_their_way = [place for place in on_their_way if place.worker != index]
            director.add_worker(index, [bytes([index] * 4)])
        assert sum(map(len, running.values())) <= 1


@pytest.mark.parametrize("rooms", [200, 2000])
def test_a_join_looks_at_few_rooms_however_many_there_are(rooms: int) -> None:
    director = placement(1)
    full = [RoomRow(f"r{number}", "arena", 4, 0, True) for number in range(rooms)]
    director.update(0, load(*full, RoomRow("free", "arena", 1, 0, True)), 0.0)
    looked_at = 0
    room_type = type(director._workers[0].rooms["free"])
    taken = room_type.taken

    def counting(self: Any, role: Role) -> int:
        nonlocal looked_at
        looked_at += 1
        return taken(self, role)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room_type, "taken", counting)
        for _ in range(3):
            assert join(director).room == "free"
    assert looked_at < 20


def test_links_wait_for_a_worker_that_restores_their_rooms() -> None:
    director = Placement(LASTING, random.Random(1))
    director.await_worker(0, [b"left"], {"aaaaaa": "cellar", "hallid": "hall"})
    director.add_worker(1, [b"here"])
    waits = [
        director.place_resume(1, b"left"),
        join(director, 1, "cellar", "aaaaaa"),
        join(director, 1, "hall"),
        join(director, 1, "hall", "hallid"),
    ]
    assert waits == [Place(NOT_YET)] * 4
    assert director.place_resume(1, b"gone") == Place(1)
    assert join(director, 1, "cellar", "bbbbbb") == Place(1)
    assert join(director, 1, "cellar").worker == 1
    director.add_worker(0, [b"left"])
    assert join(director, 1, "hall") == Place(NOT_YET)  # its rooms are not reported yet
    director.update(0, load(RoomRow("aaaaaa", "cellar", 1, 0, True), RoomRow("hallid", "hall", 1, 0, True)), 0.0)
    assert director.place_resume(1, b"left") == Place(0)
    assert join(director, 1, "cellar", "aaaaaa") == Place(0)
    assert join(director, 1, "hall")[:2] == (0, "hallid")


def test_a_token_goes_where_its_room_is_though_another_worker_has_issued_it() -> None:
    director = Placement(LASTING, random.Random(1))
    director.await_worker(0, [b"zero", b"one_" + b"keyA"], {})
    director.await_worker(1, [b"one_"], {})
    director.add_worker(1, [b"one_"])
    assert director.place_resume(1, b"one_keyA") == Place(NOT_YET)
    assert director.place_resume(0, b"one_keyB") == Place(1)
    director.add_worker(0, [b"zero", b"one_" + b"keyA"])
    director.update(0, load(), 0.0)
    assert director.place_resume(1, b"one_keyA") == Place(0)
    director.remove_worker(0, comes_back=True)
    assert director.place_resume(1, b"one_keyA") == Place(NOT_YET)


def test_a_single_room_that_could_not_be_restored_opens_under_another_id() -> None:
    director = Placement(LASTING, random.Random(1))
    director.await_worker(0, [b"left"], {"hallid": "hall"})
    director.add_worker(0, [b"left"])
    director.update(0, load(RoomRow("aaaaaa", "cellar", 1, 0, True)), 0.0)
    opened = join(director, 0, "hall").room
    assert opened not in (None, "hallid")
    director.update(0, load(), 0.0)
    assert join(director, 0, "hall").room == opened


def test_rooms_that_last_are_awaited_when_their_worker_dies_and_others_are_not() -> None:
    director = Placement(LASTING, random.Random(1))
    for index in range(2):
        director.add_worker(index, [bytes([index] * 4)])
    director.update(1, load(RoomRow("baaaaa", "cellar", 1, 0, True), RoomRow("bsssss", "shed", 1, 0, True)), 0.0)
    director.remove_worker(1, comes_back=True)
    assert director.place_resume(0, bytes([1] * 4)) == Place(NOT_YET)
    assert join(director, 0, "cellar", "baaaaa") == Place(NOT_YET)
    assert join(director, 0, "shed", "bsssss") == Place(0)
    director.add_worker(1, [bytes([1] * 4)])
    director.update(1, load(), 0.0)  # it could not be restored
    assert join(director, 0, "cellar", "baaaaa") == Place(0)
    director.remove_worker(1)
    assert director.place_resume(0, bytes([1] * 4)) == Place(0)
