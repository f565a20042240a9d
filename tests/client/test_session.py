"""The client over links that come and go. The hub is real, the sockets are channels, the clock jumps."""

from __future__ import annotations

import random
import re
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio_websocket import ConnectionRejected, HandshakeError

from gameserver.client.backoff import CAP_S, FIRST_S
from gameserver.client.dial import opener
from gameserver.client.errors import EventsMissed, JoinFailed
from gameserver.client.event_stream import MAX_WAITING_EVENTS
from gameserver.client.link import RETRY_STATUSES
from gameserver.client.replica import Options
from gameserver.client.session import Session, connect, joined, room_choice
from gameserver.client.session_core import SessionCore
from gameserver.client.session_events import Joined, SessionState, Status
from gameserver.client.token import NoToken, Token
from gameserver.protocol import messages as m
from gameserver.protocol.constants import ClientMessage, CloseCode, Role
from tests.support.channel_server import ChannelServer, channel_server
from tests.support.sim.flight import Controls, Flight, Ship, fly

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from trio.testing import MockClock


def make_session(server: ChannelServer, kind: str = "flight", *, role: Role = Role.PLAYER, **more: Any) -> Session:
    core = SessionCore(m.Join(kind, None, role, {"name": "Ada"}), Options(predict=fly))
    return Session(core, server.open, rng=random.Random(1), **more)


@pytest.mark.parametrize(
    ("given", "room"),
    [
        ({}, None),
        ({"room": "r1"}, "r1"),
        ({"code": "K7P 2QX"}, {"code": "K7P 2QX"}),
        ({"create": True}, {"create": {}}),
        ({"create": True, "options": {"laps": 5}}, {"create": {"laps": 5}}),
        ({"options": {"laps": 5}}, {"options": {"laps": 5}}),
        ({"where": {}, "options": {"laps": 5}}, {"where": {}, "options": {"laps": 5}}),
        ({"room": ""}, ""),
        ({"room": "r1", "reservation": b"r" * 16}, {"room": "r1", "reservation": b"r" * 16}),
    ],
)
def test_join_says_which_room(given: dict[str, Any], room: object) -> None:
    assert (
        room_choice(
            **{
                "room": None,
                "code": None,
                "create": False,
                "options": None,
                "where": None,
                "reservation": None,
                **given,
            }
        )
        == room
    )


@pytest.mark.parametrize(
    "given",
    [
        {"room": "a", "code": "b"},
        {"code": "b", "create": True},
        {"room": "a", "create": True},
        {"room": "a", "options": {}},
        {"code": "a", "options": {}},
        {"room": "a", "where": {}},
        {"code": "a", "where": {}},
        {"create": True, "where": {}},
        {"reservation": b"r" * 16},
        {"code": "a", "reservation": b"r" * 16},
    ],
)
def test_ways_into_a_room_that_contradict_each_other_are_refused_at_once(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give one of|name one|of one room"):
        room_choice(
            **{
                "room": None,
                "code": None,
                "create": False,
                "options": None,
                "where": None,
                "reservation": None,
                **given,
            }
        )


ADDRESS = "ws://localhost:1/ws"
ODD: Any = "odd"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": 5}, "5 is no WebSocket address: write ws://host:port/ws"),
        ({"kind": ""}, "JOIN: item 2 'kind' must be a str that is not empty, got a 0-byte str"),
        ({"kind": "\ud800"}, "JOIN has half of a surrogate pair, which is no text"),
        ({"create": ODD}, "create is 'odd'; write True or False"),
        ({"options": ODD}, "options are 'odd'; write Options"),
        ({"params": ODD}, "params are 'odd'; write a dict"),
        ({"room_options": ODD, "create": True}, "room_options are 'odd'; write a dict"),
        ({"where": 5}, "where are 5; write a dict"),
        ({"token": 5}, "token is 5; write a str or a function, or None"),
        ({"token": "a\r\nX: y"}, "token has letters, digits and signs such as - _ . only"),
    ],
)
async def test_what_cannot_be_meant_is_refused_at_once(given: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(says)):
        async with connect(**{"url": ADDRESS, "kind": "flight", **given}):
            pytest.fail("it must not get here")


async def test_controls_that_are_no_inputs_are_refused(autojump_clock: MockClock) -> None:
    async with playing() as (_, session):
        with pytest.raises(TypeError, match=r"controls are {'x': 1}; write set_controls\(dx=1\), or an instance"):
            session.set_controls({"x": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("returned", "says"), [("two words", "token has letters"), (5, "token is 5"), (lambda: "a", "token is <function")]
)
async def test_what_a_function_returns_that_is_no_token_is_an_attempt_that_failed(returned: Any, says: str) -> None:
    token = Token(lambda: returned)
    with pytest.raises(NoToken, match=f"no token: {says}"):
        await token.get()


@asynccontextmanager
async def playing(**more: Any) -> AsyncGenerator[tuple[ChannelServer, Session]]:
    async with channel_server(Flight) as server:
        session = make_session(server, **more)
        async with joined(session):
            await session.updated()
            yield server, session


async def test_a_client_joins_steers_and_leaves_nothing_behind(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        session = make_session(server)
        async with joined(session):
            session.set_controls(thrust=True)
            await trio.sleep(1.0)
            ships: list[Ship] = session.view.entities("Ship")
            (ship,) = ships
            assert ship.name == "Ada"
            assert ship.vx > 0
            assert session.draw_avatar().vx > 0
            drawn = session.draw()
            assert drawn is not None
            assert len(drawn.tables[0]) == 1
        assert session.status.state is SessionState.CLOSED
        assert session.status.code == CloseCode.NORMAL
        await trio.sleep(0.1)
        assert len(server.engine.world) == 0
        assert server.engine.seats.sessions == {}
        assert all(socket.closed for socket in server.sockets)


async def test_inputs_may_be_given_as_an_instance_and_taken_back(autojump_clock: MockClock) -> None:
    async with playing() as (_, session):
        seat = session.core.seat
        assert seat is not None
        session.set_controls(Controls(turn=1))
        assert seat.frames.codes == (1, 0, 0)
        session.set_controls()
        assert seat.frames.codes == (0, 0, 0)
        with pytest.raises(TypeError, match="turn, thrust, fire"):
            session.set_controls(trhust=True)


async def test_messages_reach_the_room_and_its_events_come_back_in_order(autojump_clock: MockClock) -> None:
    async with playing() as (_, session):
        events = session.events()
        for number in range(5):
            session.send("mark", number)
        marks = []
        async for event in events:
            if event.name == "mark":
                marks.append(event.payload)
            if len(marks) == 5:
                break
        assert marks == [0, 1, 2, 3, 4]


async def test_a_spectators_message_does_not_wait_for_the_next_measurement(autojump_clock: MockClock) -> None:
    async with playing() as (server, session):
        watcher = make_session(server, role=Role.SPECTATOR)
        events = session.events()
        async with joined(watcher):
            await watcher.updated()
            start = trio.current_time()
            watcher.send("hello")
            async for event in events:
                if event.name == "hello":
                    break
            assert trio.current_time() - start < 0.1


async def test_a_cut_link_is_resumed_and_no_event_is_missing(autojump_clock: MockClock) -> None:
    seen: list[Any] = []
    async with playing(on_event=seen.append) as (server, session):
        events = session.events()
        for number in range(3):
            session.send("mark", number)
            await trio.sleep(2.0)
            server.sockets[-1].cut()
            await trio.sleep(2.0)
        marks = []
        async for event in events:
            if event.name == "mark":
                marks.append(event.payload)
            if marks == [0, 1, 2]:
                break
        assert [join.resumed for join in seen if isinstance(join, Joined)] == [False, True, True, True]
        assert len(server.engine.world) == 1


async def test_another_process_goes_on_in_the_same_seat_with_the_token_alone(autojump_clock: MockClock) -> None:
    async with playing() as (server, session):
        avatar, token = session.avatar_id, session.resume_token
        assert avatar is not None
        assert token is not None
        seen: list[Any] = []
        join = m.Join("flight", None, Role.PLAYER, {"name": "Ada"})
        core = SessionCore(join, Options(predict=fly), resume_token=token)
        later = Session(core, server.open, rng=random.Random(1), on_event=seen.append)
        async with joined(later):
            await later.updated()
            assert [join.resumed for join in seen if isinstance(join, Joined)] == [True]
            assert later.avatar_id == avatar
            assert later.resume_token not in (None, token)
            later.set_controls(Controls(thrust=True))
            await trio.sleep(2.0)
            assert core.counters.corrections == 0
            assert len(server.engine.world) == 1


async def test_status_tells_what_is_going_on(autojump_clock: MockClock) -> None:
    changes: list[Status] = []
    async with playing(on_status=changes.append) as (server, _):
        await trio.sleep(2.0)
        server.sockets[-1].cut()
        await trio.sleep(2.0)
    states = [change.state for change in changes]
    assert states == [
        SessionState.CONNECTING,
        SessionState.JOINED,
        SessionState.WAITING,
        SessionState.CONNECTING,
        SessionState.JOINED,
        SessionState.CLOSED,
    ]
    assert changes[2].reason == "the link broke"
    assert changes[2].retry_in_s is not None
    assert 0 <= changes[2].retry_in_s <= 0.5


async def test_waits_grow_while_the_server_is_away_and_start_over_once_a_link_has_held(
    autojump_clock: MockClock,
) -> None:
    waits: list[float] = []
    away = True

    def note(change: Status) -> None:
        if change.retry_in_s is not None:
            waits.append(change.retry_in_s)

    async with playing(on_status=note) as (server, session):
        server.refuse = lambda: HandshakeError("refused") if away else None
        await trio.sleep(2.0)
        server.sockets[-1].cut()
        await trio.sleep(120.0)
        assert max(waits) > 4.0
        away = False
        await trio.sleep(30.0)
        assert session.status.state is SessionState.JOINED
        waits.clear()
        server.sockets[-1].cut()
        await trio.sleep(1.0)
        assert waits[0] <= 0.5


async def test_a_token_that_was_replaced_in_time_is_tried_without_waiting_for_another(
    autojump_clock: MockClock,
) -> None:
    async with channel_server(Flight) as server:
        token = Token("old")

        @asynccontextmanager
        async def open_socket() -> AsyncGenerator[Any]:
            await token.get()
            async with server.open() as socket:
                yield socket

        core = SessionCore(m.Join("flight", None, Role.PLAYER, {}), Options(predict=fly))
        session = Session(core, open_socket, rng=random.Random(1), token=token)
        async with joined(session):
            await trio.sleep(2.0)
            session.token = "new"
            server.sockets[-1].close(CloseCode.UNAUTHORIZED, "the token has expired")
            await trio.sleep(3.0)
            assert session.status.state is SessionState.JOINED
            server.sockets[-1].close(CloseCode.UNAUTHORIZED, "the token has expired")
            await trio.sleep(120.0)
            assert session.status == Status(SessionState.WAITING, 4015, "the token has expired", 1, None)
            assert len(server.sockets) == 2
        await session.closed.wait()


async def test_a_kicked_client_does_not_come_back(autojump_clock: MockClock) -> None:
    async with playing() as (server, session):
        (seat,) = server.engine.seats.sessions.values()
        seat.player.kick("be gone")
        await session.closed.wait()
        assert session.status == Status(SessionState.CLOSED, CloseCode.KICKED, "be gone")
        await trio.sleep(60.0)
        assert len(server.sockets) == 1


async def test_a_room_that_cannot_be_joined_is_an_error_with_its_code(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        with pytest.raises(JoinFailed) as failed:
            async with joined(make_session(server, "chess")):
                pytest.fail("it must not get here")
        assert failed.value.code == CloseCode.UNKNOWN_KIND
        assert "flight" in failed.value.reason


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 421, 426, 501])
async def test_a_refused_upgrade_is_an_error_with_its_status(status: int, autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        server.refuse = lambda: ConnectionRejected(status, (), b"no token")
        with pytest.raises(JoinFailed, match=f"HTTP {status} no token"):
            async with joined(make_session(server)):
                pytest.fail("it must not get here")


async def test_a_server_that_is_not_there_yet_is_waited_for(autojump_clock: MockClock) -> None:
    tries = 0

    def refuse() -> BaseException | None:
        nonlocal tries
        tries += 1
        return None if tries > 3 else ConnectionRejected(503, (), None)

    async with channel_server(Flight) as server:
        server.refuse = refuse
        async with joined(make_session(server)):
            assert tries == 4


@pytest.mark.parametrize(
    "never_opened",
    [
        *[ConnectionRejected(status, (), None) for status in sorted(RETRY_STATUSES)],
        ConnectionRefusedError("nobody listens"),
        HandshakeError("no answer"),
    ],
    ids=repr,
)
async def test_a_link_that_never_opened_is_tried_again_with_a_back_off(
    never_opened: BaseException, autojump_clock: MockClock
) -> None:
    dialled_at_s: list[float] = []

    def refuse() -> BaseException:
        dialled_at_s.append(trio.current_time())
        return never_opened if len(dialled_at_s) < 8 else ConnectionRejected(404, (), None)

    async with channel_server(Flight) as server:
        server.refuse = refuse
        with pytest.raises(JoinFailed, match="HTTP 404"):
            async with joined(make_session(server)):
                pytest.fail("it must not get here")
    waits = [after - before for before, after in pairwise(dialled_at_s)]
    assert len(waits) == 7
    assert all(wait <= min(CAP_S, FIRST_S * 2**number) for number, wait in enumerate(waits))
    assert max(waits) > 1.0, "the waits grow"


async def test_who_does_not_want_to_come_back_hears_of_the_first_failure(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        server.refuse = lambda: HandshakeError("no server")
        with pytest.raises(JoinFailed, match="no server"):
            async with joined(make_session(server, reconnect=False)):
                pytest.fail("it must not get here")


async def test_a_link_that_is_stuck_sheds_inputs_and_goes_on_with_new_ones(autojump_clock: MockClock) -> None:
    async with playing() as (server, session):
        await trio.sleep(1.0)
        free = server.sockets[-1].may_send = trio.Event()
        await trio.sleep(3.0)
        seat = session.core.seat
        assert seat is not None
        assert seat.frames.shed > 100
        assert len(seat.frames.recent) < 40, "what is dropped is not waited for"
        assert seat.replica.predictor is not None
        assert seat.replica.predictor.pending < 40, "nor predicted"
        sent = len(server.sockets[-1].sent)
        free.set()
        await trio.sleep(1.0)
        assert len(server.sockets[-1].sent) - sent < 80, "a second's frames, and not those of three seconds more"
        assert server.engine.statistics()["trimmed_inputs"] <= 20
        assert session.status.state is SessionState.JOINED


async def test_a_server_that_says_nothing_is_given_up(autojump_clock: MockClock) -> None:
    async with playing() as (server, session):
        await trio.sleep(1.0)
        socket = server.sockets[-1]
        socket.carry = lambda message: None  # type: ignore[method-assign]
        await trio.sleep(12.0)
        assert socket.closed is not None
        assert socket.closed.code == CloseCode.DEAD
        assert session.status.state is SessionState.JOINED, "over a new link"
        assert len(server.sockets) == 2


async def test_nonsense_from_the_server_ends_the_client_with_the_code_of_what_was_wrong(
    autojump_clock: MockClock,
) -> None:
    async with playing() as (server, session):
        server.sockets[-1].send(b"\xc1")
        await session.closed.wait()
        assert session.status.code == CloseCode.MALFORMED
        closed = server.sockets[-1].closed
        assert closed is not None
        assert closed.code == CloseCode.MALFORMED


async def test_a_loop_that_does_not_take_its_events_is_told_so(autojump_clock: MockClock) -> None:
    async with playing() as (_, session):
        events = session.events()
        for number in range(MAX_WAITING_EVENTS + 10):
            session._take(m.Event(number, "beat", None))
        with pytest.raises(EventsMissed):
            async for _ in events:
                pass


async def test_a_loop_over_events_learns_that_some_may_be_lost(autojump_clock: MockClock) -> None:
    async with playing() as (_, session):
        events = session.events()
        session._take(m.Event(1, "beat", None))
        session._take(m.Notice("missed", {"events": 3}))
        assert (await anext(events)).name == "beat"
        with pytest.raises(EventsMissed):
            await anext(events)


async def test_a_loop_over_events_ends_with_the_client_or_when_it_is_closed(autojump_clock: MockClock) -> None:
    async with playing() as (_, session):
        events, unwanted = session.events(), session.events()
        unwanted.close()
        session._take(m.Event(1, "beat", None))
        assert [event async for event in unwanted] == []
    assert [event.name async for event in events][:1] == ["beat"]


async def test_an_error_in_the_users_block_comes_out_as_it_is_and_ends_the_client(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        session = make_session(server)
        with pytest.raises(ZeroDivisionError):
            async with joined(session):
                raise ZeroDivisionError
        assert session.closed.is_set()
        assert all(socket.closed for socket in server.sockets)


async def test_a_cancelled_client_is_gone_at_once(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        session = make_session(server)
        start = trio.current_time()
        with trio.move_on_after(2.0):
            async with joined(session):
                await trio.sleep_forever()
        assert trio.current_time() - start == pytest.approx(2.0, abs=0.1)
        assert session.closed.is_set()
        assert all(socket.closed for socket in server.sockets)


async def test_the_view_of_a_client_in_no_room_says_why_there_is_none(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        session = make_session(server)
        with pytest.raises(RuntimeError, match="has not joined a room"):
            _ = session.view
        assert session.avatar_id is None
        assert session.draw() is None
        session.set_controls(thrust=True)


async def test_inputs_are_sent_at_the_rooms_pace(autojump_clock: MockClock) -> None:
    async with playing() as (server, _):
        await trio.sleep(10.0)
        inputs = [data for data in server.sockets[-1].sent if data[1] == ClientMessage.INPUT]
        assert len(inputs) == pytest.approx(600, abs=15)


def test_an_address_that_is_none_says_what_to_write() -> None:
    with pytest.raises(ValueError, match="ws://host:port/ws"):
        opener("http://127.0.0.1:8000/")
