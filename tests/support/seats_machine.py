"""Seats, tokens and links agree after any order of joins, losses, resumes, kicks, refusals, closes and ticks.

`AnyOrder` drives a whole server in memory and keeps a model of its sessions. At each RESUME the model says whether it
succeeds; the invariants hold after each step; at the end all links are lost, and nothing may be left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gameserver.hub.peer import PeerState
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.constants import ServerMessage as S
from tests.support.field_room import Dot
from tests.support.hall import DEEDS, PARAMS, Client, Hall, Member, Reserved
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Job
    from gameserver.room.session import Session

pytestmark = pytest.mark.slow

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
CURSORS = st.sampled_from(["newest", "newest", "first", "beyond", "none"])
PAUSES = st.sampled_from([0, 0, 0, 1, 1, 2, 4])
"""Ticks after a step. Without a tick between them steps are concurrent."""
CHOSEN = st.sampled_from([*[None] * 6, "chosen"])
"""The id of the room that a director chose for a link."""


class AnyOrder(RuleBasedStateMachine):
    """Clients of one server that do, in any order, what clients may do and what they may not."""

    hall: type[Hall] = Hall
    limits = LIMITS

    @initialize()
    def begin(self) -> None:
        self.server = MemoryServer(self.hall, limits=self.limits)
        self.hub = self.server.hub
        self.engines: list[RoomEngine] = []
        self.clients: list[Client] = []
        self.members: list[Member] = []
        self.tokens: dict[bytes, Member] = {}
        self.attempts: dict[bytes, tuple[Member, Role]] = {}
        self.reservations: dict[bytes, Reserved] = {}
        self.seq = 0
        self.announced = (0, 0)
        self.jobs: list[tuple[RoomEngine, Job]] = []
        self.hub.run_work = self.run_work
        self.hub.on_room_opened = self.engines.append
        self.hub.on_rooms_changed = self.announce

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
        attempt = len(self.members).to_bytes(16)
        self.server.say(client.peer, C.JOIN, "hall", room, int(role), params, attempt)
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
            self.note_joined(client, engine, session.number, attempt, role)
        self.tick(pause)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), pause=PAUSES)
    def join_again(self, data: st.DataObject, pause: int) -> None:
        """Repeat a JOIN: it gives the seat of the first one for as long as that is taken."""
        attempt = data.draw(st.sampled_from(list(self.attempts)))
        member, role = self.attempts[attempt]
        session = member.engine.seats.sessions.get(member.number)
        client = self.connect()
        if client.link.closed is not None:
            return
        self.server.say(client.peer, C.JOIN, "hall", None, int(role), {}, attempt)
        joined, engine = client.peer.session, client.peer.engine
        if session is not None and not session.leaving:
            assert joined is session
            client.member = member
            member.rejoined(client.link)
        elif joined is not None and engine is not None:
            self.note_joined(client, engine, joined.number, attempt, role)
        self.tick(pause)

    @precondition(lambda self: self.hub.rooms)
    @rule(data=st.data(), role=st.sampled_from(Role), ticks=st.integers(1, 8))
    def reserve(self, data: st.DataObject, role: Role, ticks: int) -> None:
        engine = data.draw(st.sampled_from(list(self.hub.rooms.values())))
        had_free = engine.has_free_seat(role)
        key = engine.room.reserve(role=role, seconds=ticks * engine.tick_s)
        assert (key is not None) is had_free
        if key is not None:
            self.reservations[key] = Reserved(engine, role, engine.tick_number + ticks)

    @precondition(lambda self: self.reservations)
    @rule(data=st.data(), pause=PAUSES)
    def join_reserved(self, data: st.DataObject, pause: int) -> None:
        """Join by a reservation: its seat until it expires, the same seat again, and never another one."""
        key = data.draw(st.sampled_from(list(self.reservations)))
        reserved = self.reservations[key]
        engine, role, session = reserved.engine, reserved.role, reserved.session
        client = self.connect()
        if client.link.closed is not None:
            return
        self.server.say(client.peer, C.JOIN, "hall", {"room": engine.id, "reservation": key}, int(role), {})
        joined = client.peer.session
        if self.hub.rooms.get(engine.id) is not engine:
            assert joined is None or client.peer.engine is not engine
            return
        assert (joined is not None) is reserved.counts
        if joined is not None and session is not None:
            assert joined is session
            assert reserved.member is not None
            client.member = reserved.member
            reserved.member.rejoined(client.link)
        elif joined is not None:
            self.note_joined(client, engine, joined.number, None, role)
            reserved.member = client.member
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
            for session in self.sessions_here():
                assert session.player.connected is (session.link is not None) or session.leaving
                assert session.lost_at_s is None or self.server.now_s - session.lost_at_s <= LIMITS.resume_grace_s
            for client in self.clients:
                client.peer.check(self.server.now_s)

    def note_joined(self, client: Client, engine: RoomEngine, number: int, attempt: bytes | None, role: Role) -> None:
        client.member = self.new_member(engine, number, client.link)
        self.members.append(client.member)
        if attempt is not None:
            self.attempts[attempt] = client.member, role

    def new_member(self, engine: RoomEngine, number: int, link: MemoryLink) -> Member:
        """Return the model of a session that has just taken a seat."""
        return Member(engine, number, link)

    @property
    def in_rooms(self) -> list[Client]:
        """The clients whose link is in a room and takes messages."""
        return [client for client in self.clients if client.peer.state in (PeerState.PLAYING, PeerState.WATCHING)]

    def sessions(self) -> Iterator[Session]:
        """All sessions of all rooms that run."""
        return (session for engine in self.hub.rooms.values() for session in engine.seats.sessions.values())

    def sessions_here(self) -> Iterator[Session]:
        """The same without those that are only on the way from another room."""
        return (session for session in self.sessions() if not (session.expected or session.arriving))

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
        knows_the_room = session is None or not session.unseen
        if refusal is None and event == "beyond" and knows_the_room:
            refusal = CloseCode.INVALID_FIELD
        cursors = {"newest": cursor, "first": 0, "beyond": cursor + 1, "none": None}
        self.server.say(client.peer, C.RESUME, token, 0 if event == "none" else 1, cursors[event])
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
            assert len(welcomes) <= 1 + len(member.link.of(S.MOVED))
            if welcomes:
                token: bytes = welcomes[-1][1]["token"]
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
    def the_seats_that_are_kept_are_those_of_the_reservations_that_nobody_has_used(self) -> None:
        for engine in self.hub.rooms.values():
            of_room = [reserved for reserved in self.reservations.values() if reserved.engine is engine]
            waiting = [reserved for reserved in of_room if reserved.counts and reserved.session is None]
            assert sum(engine.seats.taken) == len(engine.seats.sessions) + len(waiting)

    @invariant()
    def a_session_has_at_most_one_link_and_a_link_at_most_one_session(self) -> None:
        by_link: dict[int, Session] = {}
        for session in self.sessions():
            if session.expected:
                assert (session.link, session.peer, session.lost_at_s) == (None, None, None)
                continue
            assert (session.link is None) == (session.peer is None) == (session.lost_at_s is not None)
            if session.link is not None:
                assert by_link.setdefault(id(session.link), session) is session

    @invariant()
    def tokens_seats_and_peers_agree(self) -> None:
        rooms = self.hub.rooms.values()
        seated = {
            (id(session), id(engine))
            for engine in rooms
            for session in engine.seats.sessions.values()
            if not session.expected
        }
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
                seated = {s.number: (s.player.connected, s.player.avatar) for s in sessions if s.seated}
                assert {entry.number: (entry.connected, entry.avatar) for entry in room.roster} == seated
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
            assert isinstance(engine.room, Hall)
            assert len(owners) + len(engine.room.roster) == len(engine.world)
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
            found = [engine.id for engine in self.hub.open_rooms.fullest_first("hall", role)]
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
