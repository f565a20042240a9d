"""A JOIN that is repeated because its answer was lost gives the same seat, and never a twin room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver import Entity, Int, Room
from gameserver.hub.attempts import ATTEMPT_KEPT_S, AttemptKey, Attempts, attempt_key
from gameserver.protocol import messages as m
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.constants import ServerMessage as S
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from gameserver import Job, Player
    from gameserver.hub.peer import Peer

A, B = b"a" * 16, b"b" * 16


class Mark(Entity):
    number = Int(0, 100)


class Duel(Room):
    max_players = 2
    max_spectators = 1
    entities = (Mark,)

    def on_create(self, options: object) -> None:
        self.joined: list[int] = []
        self.resumed = 0

    def on_join(self, player: Player) -> None:
        self.joined.append(player.number)
        player.avatar = self.spawn(Mark, owner=player, number=player.number)
        self.send(player, "hello", player.number)

    def on_resume(self, player: Player) -> None:
        self.resumed += 1


class Slow(Duel):
    """Waits before it lets anybody in."""

    def on_auth(self, player: Player) -> Job:
        return self.run(len, "work")


def duel(server: MemoryServer) -> Duel:
    room = server.engine.room
    assert isinstance(room, Duel)
    return room


def say_join(
    server: MemoryServer,
    attempt: bytes | None,
    how: Any = None,
    *,
    kind: str = "duel",
    role: int = 0,
    address: str = "192.0.2.1",
    claims: dict[str, object] | None = None,
) -> tuple[MemoryLink, Peer]:
    """Open a link and send JOIN, without a tick."""
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address=address, claims=claims)
    server.say(peer, C.JOIN, kind, how, role, {}, *([] if attempt is None else [attempt]))
    return link, peer


CREATE: dict[str, Any] = {"create": {}}


def test_a_client_whose_welcome_was_lost_gets_its_seat_with_all_that_it_missed() -> None:
    server = MemoryServer(Duel)
    first, _ = say_join(server, A, CREATE)
    server.tick(5)
    again, peer = say_join(server, A, CREATE)
    server.tick()
    assert first.closed is not None
    assert first.closed.code == CloseCode.REPLACED
    assert again.welcome["resumed"] is False
    assert (again.welcome["session"], again.welcome["room"]) == (first.welcome["session"], first.welcome["room"])
    assert again.welcome["token"] != first.welcome["token"]
    assert again.event_names() == first.event_names() == ["@avatar", "hello"]
    assert again.of(S.STATE)[0][2] == 0, "the state from nothing"
    assert (len(server.hub.rooms), duel(server).joined, duel(server).resumed) == (1, [1], 0)
    server.say(peer, C.PING, 1)
    server.tick()
    assert again.closed is None


def test_a_client_that_was_suspended_meanwhile_is_back_with_it() -> None:
    server = MemoryServer(Duel)
    _, lost = say_join(server, A)
    server.tick()
    lost.lost(server.now_s, None)
    server.tick()
    again, _ = say_join(server, A)
    server.tick()
    assert again.welcome["session"] == 1
    assert duel(server).resumed == 1


def test_a_link_that_breaks_before_the_tick_costs_no_seat_and_no_room() -> None:
    server = MemoryServer(Duel)
    _, lost = say_join(server, A, CREATE)
    lost.lost(server.now_s, None)
    again, _ = say_join(server, A, CREATE)
    server.tick()
    assert (again.welcome["session"], duel(server).joined) == (1, [1])


def test_a_room_whose_creator_was_lost_before_the_tick_is_the_one_that_it_gets() -> None:
    server = MemoryServer(Duel)
    _, lost = say_join(server, A, CREATE)
    lost.lost(server.now_s, None)
    server.tick(3)
    again, _ = say_join(server, A, CREATE)
    server.tick()
    assert again.welcome["room"] == server.engine.id
    assert duel(server).joined == [2]


def test_a_room_of_one_s_own_that_others_have_filled_is_not_doubled() -> None:
    server = MemoryServer(Duel)
    _, lost = say_join(server, A, CREATE)
    lost.lost(server.now_s, None)
    server.tick()
    for _ in range(2):
        server.join("duel", room=server.engine.id)
    again, _ = say_join(server, A, CREATE)
    assert again.closed == (CloseCode.ROOM_FULL, "no free seat in this room")
    _, lost = say_join(server, B)
    lost.lost(server.now_s, None)
    server.tick()
    anywhere, _ = say_join(server, B)
    server.tick()
    assert anywhere.closed is None


def test_a_full_or_locked_room_keeps_nobody_from_its_own_seat() -> None:
    server = MemoryServer(Duel)
    say_join(server, A)
    server.join("duel")
    server.engine.room.lock()
    again, _ = say_join(server, A)
    server.tick()
    assert again.welcome["session"] == 1


def test_a_join_that_waits_for_outside_work_waits_on_over_the_new_link() -> None:
    server = MemoryServer(Slow)
    jobs: list[Any] = []
    server.hub.run_work = lambda engine, job: jobs.append((engine, job))
    first, _ = say_join(server, A, kind="slow")
    server.tick(2)
    again, _ = say_join(server, A, kind="slow")
    server.tick()
    ((engine, job),) = jobs
    engine.work.finish(job, 4, None)
    server.tick()
    assert again.welcome["session"] == 1
    assert first.of(S.WELCOME) == []


@pytest.mark.parametrize(
    "other",
    [
        {"attempt": B},
        {"attempt": None},
        {"address": "192.0.2.2"},
        {"claims": {"sub": "bob"}},
        {"role": 1},
        {"claims": {"sub": 7}, "address": "192.0.2.2"},
    ],
)
def test_another_join_has_a_seat_of_its_own(other: dict[str, Any]) -> None:
    server = MemoryServer(Duel)
    first, _ = say_join(server, A)
    link, _ = say_join(server, **{"attempt": A, **other})
    server.tick()
    assert first.closed is None
    assert {first.welcome["session"], link.welcome["session"]} == {1, 2}


def test_the_subject_of_a_token_counts_wherever_it_comes_from() -> None:
    server = MemoryServer(Duel)
    first, _ = say_join(server, A, claims={"sub": "ada"})
    again, _ = say_join(server, A, claims={"sub": "ada"}, address="198.51.100.9")
    server.tick()
    assert first.closed is not None
    assert again.welcome["session"] == 1


def test_after_a_minute_and_after_leaving_it_is_a_join_like_any_other() -> None:
    server = MemoryServer(Duel, limits=Limits(dead_after_s=1000))
    say_join(server, A, CREATE)
    server.tick()
    server.now_s += ATTEMPT_KEPT_S + 0.1
    say_join(server, A, CREATE)
    server.tick()
    assert len(server.hub.rooms) == 2
    link, peer = say_join(server, B)
    server.tick()
    server.say(peer, C.LEAVE)
    server.tick()
    after, _ = say_join(server, B)
    server.tick()
    assert after.welcome["session"] != link.welcome["session"] or after.welcome["room"] != link.welcome["room"]
    assert after.welcome["resumed"] is False


KEYS = [AttemptKey(who, "duel", 0, attempt) for who in ("address 1", "subject 1") for attempt in (A, B)]
STEPS = st.lists(st.tuples(st.sampled_from(KEYS), st.booleans(), st.sampled_from([0.0, 1.0, 29.5, 30.0, 60.0, 61.0])))


@given(STEPS)
def test_what_a_join_led_to_is_known_for_a_minute_from_the_first_on_and_no_longer(
    steps: list[tuple[AttemptKey, bool, float]],
) -> None:
    attempts: Attempts[int] = Attempts()
    model: dict[AttemptKey, tuple[float, int]] = {}
    now_s = 0.0
    for number, (key, remembers, pause_s) in enumerate(steps):
        now_s += pause_s
        model = {one: led for one, led in model.items() if now_s - led[0] <= ATTEMPT_KEPT_S}
        assert attempts.find(key, now_s) == (model[key][1] if key in model else None)
        if remembers:
            attempts.remember(key, number, now_s)
            model[key] = (model[key][0] if key in model else now_s), number
        assert len(attempts) == len(model)


def test_the_oldest_are_forgotten_beyond_the_bound_and_no_attempt_is_no_key() -> None:
    attempts: Attempts[int] = Attempts(limit=2)
    for at, key in enumerate(KEYS[:3]):
        attempts.remember(key, at, 0.0)
    assert [attempts.find(key, 0.0) for key in KEYS[:3]] == [None, 1, 2]
    attempts.remember(None, 9, 0.0)
    assert attempts.find(None, 0.0) is None
    assert attempt_key(m.Join("duel", None, Role.PLAYER, {}), None, "") is None


CLIENTS, SEATS = 6, 2
DEEDS = st.lists(
    st.tuples(
        st.integers(0, CLIENTS - 1),
        st.sampled_from(["join", "join", "cut", "close", "tick", "tick", "answer"]),
        st.integers(0, 2),
    ),
    max_size=60,
)


class Crowd:
    """Clients that repeat their JOIN over new links, and whose links are cut."""

    def __init__(self, *, creates: bool) -> None:
        self.server = MemoryServer(Duel, limits=Limits(max_rooms=50))
        self.how = CREATE if creates else None
        self.most_rooms = CLIENTS if creates else CLIENTS // SEATS
        self.links: dict[int, list[tuple[MemoryLink, Peer]]] = {number: [] for number in range(CLIENTS)}

    def join(self, number: int) -> None:
        address = f"192.0.2.{number}"
        self.links[number].append(say_join(self.server, bytes([number]) * 16, self.how, address=address))

    def answer(self, number: int) -> None:
        link, peer = self.links[number][-1]
        if link.of(S.WELCOME) and link.closed is None:
            self.server.say(peer, C.PING, 1)

    def cut(self, number: int, code: CloseCode | None) -> None:
        _, peer = self.links[number].pop()
        peer.lost(self.server.now_s, code)

    def do(self, number: int, deed: str, count: int) -> None:
        if deed == "join":
            self.join(number)
        elif deed == "tick":
            self.server.tick(count)
        elif self.links[number] and deed == "answer":
            self.answer(number)
        elif self.links[number]:
            self.cut(number, CloseCode.GOING_AWAY if deed == "close" else None)

    def check(self) -> None:
        hub = self.server.hub
        for engine in hub.rooms.values():
            assert engine.seats.taken[0] <= SEATS
        assert len(hub.tokens) <= CLIENTS, "never two sessions for one client"
        assert len(hub.rooms) <= self.most_rooms


@given(DEEDS, st.booleans())
def test_clients_that_are_cut_at_any_step_end_up_with_one_seat_each_and_no_room_too_many(
    deeds: list[tuple[int, str, int]], creates: bool
) -> None:
    crowd = Crowd(creates=creates)
    for deed in deeds:
        crowd.do(*deed)
        crowd.check()
    for number in range(CLIENTS):
        crowd.join(number)
    crowd.server.tick()
    crowd.check()
    links = [crowd.links[number][-1][0] for number in range(CLIENTS)]
    assert all(link.closed is None for link in links), "nobody is locked out of its own"
    assert len({(link.welcome["room"], link.welcome["session"]) for link in links}) == CLIENTS
    if creates:
        assert len({link.welcome["room"] for link in links}) == CLIENTS


def test_a_guest_that_was_kicked_out_of_a_private_room_does_not_come_back_by_its_attempt() -> None:
    server = MemoryServer(Duel)
    say_join(server, None, {"create": {}})
    server.tick()
    room = duel(server)
    room.set_visibility("private")
    key = room.reserve()
    assert key is not None
    room_id = server.engine.id
    how = {"room": room_id, "reservation": key}
    link, _ = say_join(server, A, how)
    server.tick()
    assert link.of(S.WELCOME)
    room.players[1].kick("out")
    server.tick(2)
    others: list[Any] = [how, room_id, None, {"create": {}}, {"options": {}}]
    for again in others:
        link, peer = say_join(server, A, again)
        server.tick()
        assert not link.of(S.WELCOME) or link.welcome["room"] != room_id
        peer.lost(server.now_s, None)


def test_rooms_without_seats_for_a_role_and_rooms_that_keep_them_all_let_nobody_in() -> None:
    class Alone(Duel):
        max_spectators = 0

    class Kept(Duel):
        def on_create(self, options: object) -> None:
            super().on_create(options)
            for _ in range(self.max_players):
                self.reserve()

    server = MemoryServer(Alone, Kept)
    for _ in range(3):
        link, _ = say_join(server, None, kind="alone", role=int(Role.SPECTATOR))
        assert link.closed == (CloseCode.ROOM_FULL, "rooms of this kind have no seats for spectators")
    assert server.hub.rooms == {}, "nobody has made rooms in vain"
    link, _ = say_join(server, None, kind="kept")
    assert link.closed == (CloseCode.ROOM_FULL, "no free seat in this room")
    (engine,) = server.hub.rooms.values()
    assert engine.seats.taken == (0, 0) or engine.seats.sessions == {}


def test_a_room_that_has_ended_while_it_was_overloaded_keeps_nobody_out() -> None:
    server = MemoryServer(Duel)
    say_join(server, None)
    server.tick()
    engine = server.engine
    engine.close(CloseCode.ROOM_CLOSED, "over")
    for number in range(1_000):  # the tick loop notes the pace of a tick after it
        engine.note_pace(number * engine.tick_s, 4 * engine.tick_s, 0.0)
    assert not server.hub.overloaded
    link, _ = say_join(server, None, {"create": {}})
    server.tick()
    assert link.of(S.WELCOME)
