"""Seats, tokens and links agree after any order of joins, losses, resumes, kicks, refusals, closes and ticks.

`AnyOrder` drives a whole server in memory and keeps a model of its sessions. At each RESUME the model says whether it
succeeds; the invariants hold after each step; at the end all links are lost, and nothing may be left.
"""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gameserver.hub.peer import PeerState
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.constants import ServerMessage as S
from tests.support.field_room import Dot
from tests.support.hall import DEEDS, PARAMS, Client, Hall, Member
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Job
    from gameserver.room.session import Session

LIMITS = Limits(
    resume_grace_s=0.5,
    join_timeout_s=0.5,
    dead_after_s=1.5,
    evict_after_s=0.4,
    max_held_events=6,
    max_private_events=2,
    max_rooms=2,
    max_joins_in_flight=6,
)
"""Short and few, so that a run of some steps reaches each of them. A tick takes 0.05 s."""

MESSAGES = st.sampled_from([[C.PING, 1], [C.ACK, 1], [C.RESYNC, 1], [C.MESSAGE, "hello", None]])
OPENINGS = st.sampled_from([[C.JOIN, "hall", None, 0, {}], [C.RESUME, bytes(24), 0, 0]])
CLOSE_CODES = st.sampled_from([None, CloseCode.NORMAL, CloseCode.GOING_AWAY, CloseCode.MALFORMED])
CURSORS = st.sampled_from(["newest", "newest", "first", "beyond"])
PAUSES = st.sampled_from([0, 0, 0, 1, 1, 2, 4])
"""Ticks after a step. Without a tick between them steps are concurrent."""
CHOSEN = st.sampled_from([*[None] * 6, "chosen"])
"""The id of the room that a director chose for a link."""


class AnyOrder(RuleBasedStateMachine):
    """Clients of one server that do, in any order, what clients may do and what they may not."""

    @initialize()
    def begin(self) -> None:
        self.server = MemoryServer(Hall, limits=LIMITS)
        self.hub = self.server.hub
        self.engines: list[RoomEngine] = []
        self.clients: list[Client] = []
        self.members: list[Member] = []
        self.tokens: dict[bytes, Member] = {}
        self.seq = 0
        self.announced = (0, 0)
        self.jobs: list[tuple[RoomEngine, Job]] = []
        self.hub.run_work = self.run_work
        self.hub.on_room_opened = self.engines.append
        self.hub.on_seats_changed = self.announce

    def announce(self) -> None:
        self.announced = (len(self.hub.tokens), len(self.hub.rooms))

    def run_work(self, engine: RoomEngine, job: Job) -> None:
        """Keep a job; `finish_job` ends it, or a room that ends cancels it, even if its result is already queued."""
        self.jobs.append((engine, job))

        def cancel() -> None:
            self.jobs = [(of, other) for of, other in self.jobs if other is not job]

        job.cancel = cancel

    # -- steps ---------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.clients) < 8)
    @rule(pause=PAUSES)
    def connect_and_be_silent(self, pause: int) -> None:
        self.connect()
        self.tick(pause)

    @rule(data=st.data(), role=st.sampled_from(Role), params=PARAMS, chosen=CHOSEN, pause=PAUSES)
    def join(self, data: st.DataObject, role: Role, params: dict[str, str], chosen: str | None, pause: int) -> None:
        room = data.draw(st.sampled_from([*[None] * 4, "nowhere", *(engine.id for engine in self.engines)]))
        client = self.connect(chosen)
        self.server.say(client.peer, C.JOIN, "hall", room, int(role), params)
        session, engine = client.peer.session, client.peer.engine
        if session is None or engine is None:
            assert client.link.closed is not None
            assert client.link.closed.code in {
                CloseCode.ROOM_NOT_FOUND,
                CloseCode.ROOM_LOCKED,
                CloseCode.ROOM_FULL,
                CloseCode.SERVER_FULL,
            }
        else:
            assert not engine.locked
            assert room in (None, engine.id)
            client.member = Member(engine, session.number, client.link)
            self.members.append(client.member)
        self.tick(pause)

    @precondition(lambda self: self.valid_tokens)
    @rule(data=st.data(), event=CURSORS, pause=PAUSES)
    def resume(self, data: st.DataObject, event: str, pause: int) -> None:
        """Resume a session that has lost its link, or that still has one."""
        self.resume_with(data.draw(st.sampled_from(self.valid_tokens)), event)
        self.tick(pause)

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), event=CURSORS, pause=PAUSES)
    def resume_with_any_token(self, data: st.DataObject, event: str, pause: int) -> None:
        self.resume_with(data.draw(st.sampled_from(list(self.tokens))), event)
        self.tick(pause)

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data(), message=MESSAGES, pause=PAUSES)
    def send(self, data: st.DataObject, message: list[Any], pause: int) -> None:
        self.say(data.draw(st.sampled_from(self.in_rooms)), *message)
        self.tick(pause)

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data(), dx=st.integers(-1, 1))
    def steer(self, data: st.DataObject, dx: int) -> None:
        client = data.draw(st.sampled_from(self.in_rooms))
        if client.peer.state is PeerState.PLAYING:
            self.seq += 1
            self.say(client, C.INPUT, self.seq, 0, 0, dx)

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data(), deed=DEEDS, pause=PAUSES)
    def act(self, data: st.DataObject, deed: str, pause: int) -> None:
        self.say(data.draw(st.sampled_from(self.in_rooms)), C.MESSAGE, deed, None)
        self.tick(pause)

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(self.in_rooms))
        self.say(client, C.LEAVE)
        assert client.link.closed == (CloseCode.NORMAL, "left")
        assert client.member is not None
        client.member.leaving = True

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data(), opening=OPENINGS)
    def open_twice(self, data: st.DataObject, opening: list[Any]) -> None:
        """Send JOIN or RESUME over a link that has joined: it is closed, and its session stays."""
        client = data.draw(st.sampled_from(self.in_rooms))
        self.server.say(client.peer, *opening)
        assert client.link.closed is not None
        assert client.link.closed.code == CloseCode.OUT_OF_STATE

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data())
    def stop_reading(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.in_rooms)).link.ready = False

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), code=CLOSE_CODES, pause=PAUSES)
    def lose(self, data: st.DataObject, code: CloseCode | None, pause: int) -> None:
        self.end(data.draw(st.sampled_from(self.clients)), code)
        self.tick(pause)

    @rule(pause=st.integers(1, 12))
    def wait(self, pause: int) -> None:
        self.tick(pause)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), error=st.sampled_from([None, None, "no database"]))
    def finish_job(self, data: st.DataObject, error: str | None) -> None:
        """A join that waited for a job goes on, or is refused."""
        engine, job = self.jobs.pop(data.draw(st.integers(0, len(self.jobs) - 1)))
        job.cancel = lambda: None  # it has ended, and a room that ends before it takes the result still cancels it
        engine.work.finish(job, None, error)
        self.tick(1)

    @rule()
    def finish_closing(self) -> None:
        """The links that the server has closed are gone."""
        for client in [client for client in self.clients if client.peer.state is PeerState.CLOSED]:
            self.end(client, None)

    # -- what the steps share ------------------------------------------------------------------------------------------

    def tick(self, ticks: int) -> None:
        for _ in range(ticks):
            self.server.tick()
            self.read_welcomes()
            for session in self.sessions():
                assert session.player.connected is (session.link is not None) or session.leaving
                assert session.lost_at_s is None or self.server.now_s - session.lost_at_s <= LIMITS.resume_grace_s
            for client in self.clients:
                client.peer.check(self.server.now_s)

    @property
    def in_rooms(self) -> list[Client]:
        """The clients whose link is in a room and takes messages."""
        return [client for client in self.clients if client.peer.state in (PeerState.PLAYING, PeerState.WATCHING)]

    def sessions(self) -> Iterator[Session]:
        """All sessions of all rooms that run."""
        return (session for engine in self.hub.rooms.values() for session in engine.seats.sessions.values())

    def connect(self, chosen: str | None = None) -> Client:
        link = MemoryLink()
        client = Client(link, self.hub.open(link, self.server.now_s, room=chosen))
        self.clients.append(client)
        return client

    @property
    def valid_tokens(self) -> list[bytes]:
        return [token for token, member in self.tokens.items() if member.may_resume(token)]

    def resume_with(self, token: bytes, event: str) -> None:
        """Send RESUME over a new link, and check that it has the outcome that the model says."""
        member = self.tokens[token]
        session = member.engine.seats.sessions.get(member.number)
        cursor = 0 if session is None else session.event_cursor
        client = self.connect()
        if client.link.closed is not None:
            return
        refusal = None if member.may_resume(token) else CloseCode.SESSION_EXPIRED
        if refusal is None and event == "beyond":
            refusal = CloseCode.INVALID_FIELD
        self.server.say(client.peer, C.RESUME, token, 1, {"newest": cursor, "first": 0, "beyond": cursor + 1}[event])
        assert (client.link.closed and client.link.closed.code) == refusal
        if refusal is None:
            client.member = member
            member.resumed(client.link, token)

    def say(self, client: Client, *message: object) -> None:
        """Send a valid message over a link that is in a room."""
        assert client.member is not None
        assert client.member.link is client.link
        self.server.say(client.peer, *message)
        if message[0] != C.PING:  # a client also sends it while it waits for its WELCOME
            client.member.previous = None

    def end(self, client: Client, code: CloseCode | None) -> None:
        """The link has ended; the net layer reports that once for each link."""
        self.clients.remove(client)
        if client.member is not None:
            client.member.lost(client.link, for_good=code is CloseCode.NORMAL)
        client.peer.lost(self.server.now_s, code)

    def read_welcomes(self) -> None:
        for member in self.members:
            welcomes = member.link.of(S.WELCOME)
            assert len(welcomes) <= 1
            if welcomes:
                token: bytes = welcomes[0][1]["token"]
                assert self.tokens.setdefault(token, member) is member
                member.current = token

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def no_more_seats_are_taken_than_there_are(self) -> None:
        for engine in self.hub.rooms.values():
            players, spectators = engine.seats.taken
            assert players <= Hall.max_players
            assert spectators <= Hall.max_spectators

    @invariant()
    def a_session_has_at_most_one_link_and_a_link_at_most_one_session(self) -> None:
        by_link: dict[int, Session] = {}
        for session in self.sessions():
            assert (session.link is None) == (session.peer is None) == (session.lost_at_s is not None)
            if session.link is not None:
                assert by_link.setdefault(id(session.link), session) is session

    @invariant()
    def tokens_seats_and_peers_agree(self) -> None:
        rooms = self.hub.rooms.values()
        seated = {(id(session), id(engine)) for engine in rooms for session in engine.seats.sessions.values()}
        assert {(id(session), id(engine)) for session, engine in self.hub.tokens._sessions.values()} == seated
        assert self.hub._peers == {client.peer for client in self.clients}
        of_peers = {id(peer.session): peer for peer in self.hub._peers if peer.session is not None}
        assert of_peers == {id(session): session.peer for session in self.sessions() if session.peer is not None}
        for peer in of_peers.values():
            assert peer.session is not None
            assert peer.engine is not None
            assert peer.session.link is peer.link
            assert peer.engine.seats.sessions[peer.session.number] is peer.session

    @invariant()
    def links_that_have_joined_are_not_in_flight(self) -> None:
        in_flight = self.hub.admission._joining._keys.keys()
        assert in_flight <= self.hub._peers
        assert not any(peer.session is not None for peer in self.hub._peers if peer in in_flight)

    @invariant()
    def hooks_match_the_seats(self) -> None:
        """`on_join` was called for each seated player and `on_leave` was not, and for nobody else."""
        for engine in self.engines:
            room, sessions = engine.room, engine.seats.sessions.values()
            assert isinstance(room, Hall)
            if engine.failure is None:
                assert room.inside == {s.number: s.player for s in sessions if s.seated}
                assert room.suspended == {s.number for s in sessions if not s.player.connected}
            assert (
                {s.number for s in sessions if s.seated}
                <= engine.events._private.keys()
                <= engine.seats.sessions.keys()
            )
            assert len(engine.work) == sum(of is engine for of, _ in self.jobs)

    @invariant()
    def a_join_whose_link_was_lost_before_the_tick_never_takes_effect(self) -> None:
        assert not any(member.cancelled and member.joined for member in self.members)

    @invariant()
    def nobody_who_is_gone_owns_anything(self) -> None:
        for engine in self.hub.rooms.values():
            owners = [dot.owner.number for dot in engine.world.entities(Dot) if dot.owner is not None]
            assert len(owners) == len(engine.world)
            assert sorted(owners) == [session.number for session in engine.seats.sessions.values() if session.seated]

    @invariant()
    def rooms_that_have_ended_are_forgotten_and_only_rules_that_raise_fail_them(self) -> None:
        for engine in self.engines:
            assert isinstance(engine.room, Hall)
            assert (engine.failure is not None) is engine.room.raised
            assert engine.room.disposed == (engine.closed and engine.failure is None)
            assert (self.hub.rooms.get(engine.id) is engine) is not engine.closed
        assert self.hub.admission._opened_by.keys() == self.hub.rooms.keys()

    @invariant()
    def exactly_the_rooms_that_take_anyone_and_have_a_free_seat_are_filed_as_open(self) -> None:
        for role in Role:
            found = [engine.id for engine in self.hub._open_rooms.fullest_first("hall", role)]
            wanted = [e for e in self.hub.rooms.values() if e.takes_anyone and e.has_free_seat(role)]
            assert set(found) == {engine.id for engine in wanted}
            counts = [self.hub.rooms[room_id].session_count for room_id in found]
            assert counts == sorted(counts, reverse=True)

    @invariant()
    def every_change_of_seats_and_rooms_was_announced(self) -> None:
        assert self.announced == (len(self.hub.tokens), len(self.hub.rooms))

    def teardown(self) -> None:
        """All links are lost: after the grace time and the rooms' own, nothing is left."""
        if not hasattr(self, "server"):
            return
        for number, client in enumerate(list(self.clients)):
            self.end(client, CloseCode.NORMAL if number % 2 else None)
        self.tick(30)
        assert self.hub.rooms == {}
        assert len(self.hub.tokens) == 0
        assert self.hub._peers == set()
        assert len(self.hub.admission._joining) == len(self.hub.admission._suspended) == 0
        assert self.jobs == []
        self.hooks_match_the_seats()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=300, stateful_step_count=40)


class Kept:
    """Held by a player and by nothing else."""


def test_a_closed_room_and_its_players_are_garbage() -> None:
    """Neither the hub nor the peer of a link that is still closing holds them."""
    server = MemoryServer(Hall, limits=LIMITS)
    (_, lost), (_, still_open) = server.join("hall"), server.join("hall")
    lost.lost(server.now_s, None)
    kept_by = {number: Kept() for number in range(2)}  # a player of the compiled build has no weak references itself
    for player, kept in zip(server.engine.players, kept_by.values(), strict=True):
        player.data = kept
    room, players = weakref.ref(server.engine.room), [weakref.ref(kept_by.pop(number)) for number in range(2)]
    del player, kept
    server.say(still_open, C.MESSAGE, "close", None)
    server.tick()
    assert server.hub.rooms == {}
    gc.collect()
    assert room() is None
    assert [player() for player in players] == [None, None]
