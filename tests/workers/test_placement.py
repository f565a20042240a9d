"""The director's placement: rooms fill up before others open, workers fill evenly, and a promised seat is nobody
else's."""

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
    made = Placement(KINDS, random.Random(1))
    for index in range(workers):
        made.add_worker(index, bytes([index] * 4))
    return made


def join(
    of: Placement, asker: int = 0, kind: str = "arena", room: str | None = None, role: Role = Role.PLAYER
) -> Place:
    return of.place_join(asker, kind, room, role)


def load(*rooms: RoomLoad, settled: tuple[int, ...] = (), overloaded: bool = False) -> LoadReport:
    return LoadReport(list(rooms), list(settled), overloaded)


def test_a_room_is_full_of_promises_before_another_is_made() -> None:
    of = placement()
    places = [join(of, asker=at % 2) for at in range(8)]
    assert Counter(place.room for place in places).most_common() == [(places[0].room, 4), (places[4].room, 4)]


def test_a_new_room_goes_where_the_fewest_players_are_and_stays_with_the_asker_in_a_tie() -> None:
    of = placement(3)
    places = [join(of, asker=2) for _ in range(12)]
    assert [place.worker for place in places[::4]] == [2, 0, 1]


def test_the_fullest_room_with_a_seat_is_filled_first_wherever_it_is() -> None:
    of = placement()
    of.update(0, load(RoomLoad("a", "arena", 1, 0, True)))
    of.update(1, load(RoomLoad("b", "arena", 3, 0, True), RoomLoad("c", "arena", 4, 0, True)))
    assert [join(of).room for _ in range(2)] == ["b", "a"]


def test_locked_rooms_and_those_of_another_kind_are_nobody_s_choice() -> None:
    of = placement(1)
    of.update(0, load(RoomLoad("a", "arena", 1, 0, False), RoomLoad("b", "duel", 1, 0, True)))
    assert join(of).room not in {"a", "b"}


def test_a_promise_counts_until_the_worker_s_own_account_has_it() -> None:
    of = placement(1)
    place = join(of, kind="duel")
    assert place.room is not None
    of.update(0, load())  # nobody has arrived there yet
    second = join(of, kind="duel")
    assert second.room == place.room
    of.update(0, load(RoomLoad(place.room, "duel", 2, 0, True), settled=(place.reservation, second.reservation)))
    third = join(of, kind="duel")
    assert third.room != place.room
    of.update(0, load(RoomLoad(place.room, "duel", 1, 0, True), settled=(third.reservation,)))
    assert join(of, kind="duel").room == place.room, "somebody left"


def test_a_promise_that_came_to_nothing_frees_its_seat_and_its_room() -> None:
    of = placement(1)
    place = join(of, kind="duel")
    of.update(0, load(settled=(place.reservation,)))
    assert join(of, kind="duel").room != place.room


def test_spectators_have_seats_of_their_own() -> None:
    of = placement(1)
    of.update(0, load(RoomLoad("a", "duel", 2, 1, True)))
    assert join(of, kind="duel", role=Role.SPECTATOR).room == "a"
    assert join(of, kind="duel", role=Role.SPECTATOR).room != "a"


def test_a_room_by_its_id_is_where_it_is_and_no_seat_is_kept() -> None:
    of = placement()
    of.update(1, load(RoomLoad("a", "arena", 4, 0, False)))
    assert join(of, room="a") == Place(1)
    assert join(of, asker=1, room="nowhere") == Place(1), "refused where it is"
    new = join(of)
    assert join(of, asker=1, room=new.room) == Place(new.worker), "known before it is there"


def test_what_nobody_knows_stays_where_it_is() -> None:
    of = placement()
    assert join(of, asker=1, kind="chess") == Place(1)
    assert of.place_resume(1, b"\1\1\1\1") == Place(1)
    assert of.place_resume(1, b"\0\0\0\0") == Place(0)
    assert of.place_resume(1, b"none") == Place(1)


def test_a_worker_that_is_gone_has_no_rooms_and_no_sessions() -> None:
    of = placement()
    of.update(1, load(RoomLoad("a", "arena", 1, 0, True)))
    of.remove_worker(1)
    assert join(of).worker == 0
    assert join(of, room="a") == Place(0)
    assert of.place_resume(0, b"\1\1\1\1") == Place(0)
    of.add_worker(1, b"anew")
    assert of.place_resume(0, b"anew") == Place(1)


def test_an_overloaded_worker_gets_no_new_rooms_while_another_can_take_them() -> None:
    of = placement()
    of.update(0, load(overloaded=True))
    of.update(1, load(RoomLoad("a", "arena", 4, 0, True)))
    assert join(of, asker=0).worker == 1
    of.update(1, load(RoomLoad("a", "arena", 4, 0, True), overloaded=True))
    assert join(of, asker=0, kind="duel").worker == 0, "its own refusal says why"


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(sorted(KINDS)), st.sampled_from(list(Role)))), st.data())
def test_no_room_is_promised_more_seats_than_it_has_and_ids_are_unique(
    asked: list[tuple[int, str, Role]], data: st.DataObject
) -> None:
    of = placement(4)
    taken: Counter[tuple[str, Role]] = Counter()
    home: dict[str, int] = {}
    for asker, kind, role in asked:
        place = join(of, asker, kind, role=role)
        assert place.room is not None
        taken[place.room, role] += 1
        assert taken[place.room, role] <= KINDS[kind][role]
        assert home.setdefault(place.room, place.worker) == place.worker
        assert place.room.startswith(id_prefix(place.worker))
        if data.draw(st.booleans()):
            of.update(data.draw(st.integers(0, 3)), load())  # a worker that has made none of its rooms yet
