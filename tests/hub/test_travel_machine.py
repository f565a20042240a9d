"""Moves in any order with joins, losses, resumes, takeovers, kicks, refusals, closes and ticks: nobody ever has two
seats or none, and nothing is left over.

`Travelling` is the machine of the seats, in a hall whose players move. All that must hold there holds here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.constants import ServerMessage as S
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.moves import AnyRoom, MoveFailed, NewRoom
from gameserver.room.player import JoinRefused, Player
from tests.support.hall import HOOKS, PARAMS, Client, Hall, Member
from tests.support.seats_machine import PAUSES, AnyOrder

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine
    from tests.support.memory_server import MemoryLink

MOVES = st.sampled_from([*["move"] * 4, "move new", "move all", "move all new"])
TRAVELLERS = st.one_of(PARAMS, st.builds(lambda hook, move: {hook: move}, HOOKS, MOVES))
"""Params of a JOIN, which go along with a move: so hooks act in both rooms."""


class Terminal(Hall):
    """A hall whose players go to another one."""

    kind = "hall"

    def on_create(self, options: Any) -> None:
        super().on_create(options)
        self.refused = 0

    def act(self, player: Player, deed: object) -> None:
        match deed:
            case "move":
                self.move(player, AnyRoom("hall"))
            case "move new":
                self.move(player, NewRoom("hall"))
            case "move all":
                self.move_all(AnyRoom("hall"))
            case "move all new":
                self.move_all(NewRoom("hall"))
            case _:
                try:
                    super().act(player, deed)
                except JoinRefused:
                    self.refused += 1
                    raise

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        assert player.number in self.inside
        assert str(failure)


@dataclass(eq=False)
class Traveller(Member):
    """A session that may go on in another room."""

    key: int = 0
    has_moved: bool = False

    @property
    def joined(self) -> bool:
        return self.has_moved or super().joined

    def may_resume(self, token: bytes) -> bool:
        session = self.engine.seats.sessions.get(self.number)
        if session is None or not session.arriving:
            return super().may_resume(token)
        is_leaving = self.leaving or session.leaving
        return not self.engine.closed and not is_leaving and token in (self.current, self.previous)


class Travelling(AnyOrder):
    """Clients of one server whose rooms send them to each other."""

    hall = Terminal

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.known: dict[MemoryLink, int] = {}
        self.recordings: list[tuple[RoomEngine, bytearray]] = []
        self.hub.open_recording = self.record

    def record(self, engine: RoomEngine) -> Recorder:
        data = bytearray()
        self.recordings.append((engine, data))
        return Recorder(engine, data.extend)

    # -- steps ---------------------------------------------------------------------------------------------------------

    @rule(params=TRAVELLERS, pause=PAUSES)
    def join_and_travel(self, params: dict[str, str], pause: int) -> None:
        client = self.connect()
        attempt = len(self.members).to_bytes(16)
        self.server.say(client.peer, C.JOIN, "hall", None, 0, params, attempt)
        session, engine = client.peer.session, client.peer.engine
        if session is not None and engine is not None:
            self.note_joined(client, engine, session.number, attempt, session.player.role)
        self.tick(pause)

    @precondition(lambda self: self.in_rooms)
    @rule(data=st.data(), move=MOVES, pause=PAUSES)
    def travel(self, data: st.DataObject, move: str, pause: int) -> None:
        self.say(data.draw(st.sampled_from(self.in_rooms)), C.MESSAGE, move, None)
        self.tick(pause)

    @precondition(lambda self: self.arriving)
    @rule(data=st.data(), pause=PAUSES)
    def arrive(self, data: st.DataObject, pause: int) -> None:
        """The client has read a WELCOME that followed a MOVED."""
        client = data.draw(st.sampled_from(self.arriving))
        self.known[client.link] = self.known.get(client.link, 0) + 1
        self.say(client, C.ARRIVED)
        assert client.link.closed is None
        self.tick(pause)

    @precondition(lambda self: any(not client.peer._moves for client in self.in_rooms))
    @rule(data=st.data())
    def arrive_nowhere(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from([c for c in self.in_rooms if not c.peer._moves]))
        self.server.say(client.peer, C.ARRIVED)
        assert client.link.closed is not None
        assert client.link.closed.code == CloseCode.OUT_OF_STATE

    # -- the model -----------------------------------------------------------------------------------------------------

    def new_member(self, engine: RoomEngine, number: int, link: MemoryLink) -> Member:
        return Traveller(engine, number, link, key=engine.seats.sessions[number].key)

    @property
    def arriving(self) -> list[Client]:
        """The clients that have not sent ARRIVED for each WELCOME that came after a MOVED."""
        return [client for client in self.in_rooms if self.due(client.link) > self.known.get(client.link, 0)]

    def due(self, link: MemoryLink) -> int:
        kinds = [message[0] for message in link.messages if message[0] in (S.MOVED, S.WELCOME)]
        return sum(pair == (S.MOVED, S.WELCOME) for pair in pairwise(kinds))

    def read_welcomes(self) -> None:
        self.follow()
        super().read_welcomes()

    def follow(self) -> None:
        """Find out who has moved. A session that has gone has a reason for it."""
        for member in self.members:
            assert isinstance(member, Traveller)
            session = self.hub.tokens.session_of(member.key)
            if session is not None:
                engine = self.hub.tokens.engine_of(session)
                member.has_moved |= engine is not member.engine
                member.engine, member.number = engine, session.number

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def nobody_has_two_seats(self) -> None:
        keys = [session.key for session in self.sessions() if not session.expected]
        assert len(set(keys)) == len(keys)

    @invariant()
    def whoever_has_a_link_has_a_seat(self) -> None:
        """None is lost on the way: a link that is open, and has joined, belongs to a session that has its seat."""
        for client in self.in_rooms:
            session = client.peer.session
            assert session is not None
            assert self.hub.tokens.session_of(session.key) is session
            assert not session.expected

    @invariant()
    def a_seat_that_is_kept_belongs_to_a_move(self) -> None:
        kept = {id(session) for session in self.sessions() if session.expected and not session.leaving}
        of_moves = {
            id(session)
            for engine in self.hub.rooms.values()
            for move in engine.moves._moves.values()
            for session in getattr(move.carrier, "_seats", {}).values()
        }
        assert kept <= of_moves

    @invariant()
    def after_moved_comes_nothing_but_the_welcome(self) -> None:
        for member in self.members:
            messages = [message[0] for message in member.link.messages if message[0] not in (S.PING, S.PONG, S.NOTICE)]
            for one, other in pairwise(messages):
                assert one != S.MOVED or other in (S.WELCOME, S.MOVED)

    @invariant()
    def events_go_on_from_each_other_in_each_room(self) -> None:
        for client in self.clients:
            cursor = None
            for message in client.link.messages:
                if message[0] == S.WELCOME:
                    cursor = message[1]["event"]
                elif message[0] == S.EVENTS:
                    assert message[1] == cursor
                    cursor = message[2]

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        super().teardown()
        assert all(len(engine.moves) == 0 for engine in self.engines)
        if not self.reservations:  # those are made from outside, between ticks
            for engine, data in self.recordings:
                if engine.failure is None:
                    assert verify(Recording(bytes(data)), engine.kind).differs_at is None


TestTravelling = Travelling.TestCase
TestTravelling.settings = settings(max_examples=200, stateful_step_count=40)
