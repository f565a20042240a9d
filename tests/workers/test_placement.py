"""The director's placement: rooms fill up before others open, workers fill evenly, and no seat is reserved twice."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import Role
from gameserver.workers.messages import LoadReport, RoomLoad
from gameserver.workers.placement import Place, Placement, SeatLimits, id_prefix

KINDS = {"arena": SeatLimits(4, 2), "duel": SeatLimits(2, 2)}


def placement(workers: int = 2) -> Placement:
    created = Placement(KINDS, random.Random(1))
    for index in range(workers):
        created.add_worker(index, bytes([index] * 4))
    return created


def join(
    director: Placement, asker: int = 0, kind: str = "arena", room: str | None = None, role: Role = Role.PLAYER
) -> Place:
    return director.place_join(asker, kind, room, role)


def load(*rooms: RoomLoad, settled: tuple[int, ...] = (), overloaded: bool = False) -> LoadReport:
    return LoadReport(list(rooms), list(settled), overloaded)


def test_a_room_is_filled_with_reservations_before_another_is_made() -> None:
    director = placement()
    places = [join(director, asker=at % 2) for at in range(8)]
    assert Counter(place.room for place in places).most_common() == [(places[0].room, 4), (places[4].room, 4)]


def test_a_new_room_goes_where_the_fewest_players_are_and_stays_with_the_asker_in_a_tie() -> None:
    director = placement(3)
    places = [join(director, asker=2) for _ in range(12)]
    assert [place.worker for place in places[::4]] == [2, 0, 1]


def test_the_fullest_room_with_a_seat_is_filled_first_wherever_it_is() -> None:
    director = placement()
    director.update(0, load(RoomLoad("a", "arena", 1, 0, True)))
    director.update(1, load(RoomLoad("b", "arena", 3, 0, True), RoomLoad("c", "arena", 4, 0, True)))
    assert [join(director).room for _ in range(2)] == ["b", "a"]


def test_locked_rooms_and_rooms_of_another_kind_are_not_chosen() -> None:
    director = placement(1)
    director.update(0, load(RoomLoad("a", "arena", 1, 0, False), RoomLoad("b", "duel", 1, 0, True)))
    assert join(director).room not in {"a", "b"}


def test_a_reservation_counts_until_the_worker_s_report_settles_it() -> None:
    director = placement(1)
    place = join(director, kind="duel")
    assert place.room is not None
    director.update(0, load())  # nobody has arrived there yet
    second = join(director, kind="duel")
    assert second.room == place.room
    director.update(0, load(RoomLoad(place.room, "duel", 2, 0, True), settled=(place.reservation, second.reservation)))
    third = join(director, kind="duel")
    assert third.room != place.room
    director.update(0, load(RoomLoad(place.room, "duel", 1, 0, True), settled=(third.reservation,)))
    assert join(director, kind="duel").room == place.room, "somebody left"


def test_a_settled_reservation_frees_its_seat_and_its_room() -> None:
    director = placement(1)
    place = join(director, kind="duel")
    director.update(0, load(settled=(place.reservation,)))
    assert join(director, kind="duel").room != place.room


def test_spectators_have_seats_of_their_own() -> None:
    director = placement(1)
    director.update(0, load(RoomLoad("a", "duel", 2, 1, True)))
    assert join(director, kind="duel", role=Role.SPECTATOR).room == "a"
    assert join(director, kind="duel", role=Role.SPECTATOR).room != "a"


def test_a_join_by_id_goes_to_the_room_s_worker_without_a_reservation() -> None:
    director = placement()
    director.update(1, load(RoomLoad("a", "arena", 4, 0, False)))
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
    director.update(1, load(RoomLoad("a", "arena", 1, 0, True)))
    director.remove_worker(1)
    assert join(director).worker == 0
    assert join(director, room="a") == Place(0)
    assert director.place_resume(0, b"\1\1\1\1") == Place(0)
    director.add_worker(1, b"anew")
    assert director.place_resume(0, b"anew") == Place(1)


def test_an_overloaded_worker_gets_new_rooms_only_if_all_are_overloaded() -> None:
    director = placement()
    director.update(0, load(overloaded=True))
    director.update(1, load(RoomLoad("a", "arena", 4, 0, True)))
    assert join(director, asker=0).worker == 1
    director.update(1, load(RoomLoad("a", "arena", 4, 0, True), overloaded=True))
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
        assert taken[place.room, role] <= KINDS[kind][role]
        assert home.setdefault(place.room, place.worker) == place.worker
        assert place.room.startswith(id_prefix(place.worker))
        if data.draw(st.booleans()):
            director.update(data.draw(st.integers(0, 3)), load())  # a worker that has made none of its rooms yet
