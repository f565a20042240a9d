"""Rooms watched without a WebSocket, over real sockets: streams of Server-Sent Events, and polls."""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import msgpack
import pytest
import trio

from gameserver import Entity, Float
from gameserver.net.http.auth import AuthRefused
from gameserver.net.stream_link import StreamLink
from gameserver.protocol.constants import ClientMessage, Limits, Role
from gameserver.room.output_gate import OutputGate
from tests.support.live.certificates import Authority
from tests.support.live.fault_proxy import faulty
from tests.support.live.server import FAST, Wire, get, until
from tests.support.live.watched_room import EventStream, Wall, Watched, poll, watched
from tests.support.wallboard import Wallboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from gameserver.net.http.head import Head

ELSEWHERE = "https://elsewhere.example"


# -- streams -----------------------------------------------------------------------------------------------------------


async def test_a_stream_begins_with_the_room_and_its_state_and_then_says_what_changes() -> None:
    async with watched() as wall:
        stream = await EventStream.open(wall.port, wall.path("stream") + '?params=%7B"name":"Ada"%7D')
        assert stream.status == 200
        assert b"Content-Type: text/event-stream" in stream.head
        assert b"X-Accel-Buffering: no" in stream.head
        room = await stream.next()
        assert (room.name, room.data["kind"], room.data["room"]) == ("room", "wall", wall.engine.id)
        assert (room.data["resumed"], room.data["missed"]) == (False, 0)
        first = await stream.next()
        assert (first.name, first.data["entities"]["Card"]) == ("state", [{"id": 1, "x": 0.0, "label": "first"}])
        wall.command("move", 2.25)
        wall.command("put", "second")
        wall.command("say", "hello\nworld")
        change = await stream.next()
        assert change.name == "change"
        assert change.data["entities"]["Card"] == [{"id": 1, "x": 2.25}, {"id": 2, "x": 0.0, "label": "second"}]
        (event,) = change.data["events"]
        assert (event["name"], event["payload"]) == ("said", "hello\nworld")
        assert event["tick"] <= change.data["tick"]
        wall.command("take", "second")
        assert (await stream.next()).data["gone"] == {"Card": [2]}
        assert wall.rules.seen == ["spectate Ada"]
        assert [player.role.name for player in wall.rules.spectators] == ["SPECTATOR"]


async def test_a_resting_room_sends_nothing_but_a_sign_of_life() -> None:
    async with watched(limits=Limits(dead_after_s=0.9)) as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"))
        await stream.next("state")
        await trio.sleep(1.5)  # longer than the dead time: the server takes the client for alive
        wall.command("move", 1)
        change = await stream.next()
        assert change.data["entities"]["Card"] == [{"id": 1, "x": 1.0}]
        assert 3 <= stream.beats <= 8


async def test_a_viewer_that_comes_back_gets_each_event_once_and_the_change_since() -> None:
    async with watched() as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"))
        board = Wallboard()
        board.take((await stream.next("state")).data, full=True)
        for number in range(3):
            wall.command("say", number)
        while len(board.events) < 3:
            board.take((await stream.next("change")).data, full=False)
        await stream.stream.aclose()
        await until(lambda: wall.rules.seen[-1] == "suspend")
        for number in range(3, 6):
            wall.command("say", number)
        wall.command("put", "while away")
        await trio.sleep(0.1)
        again = await EventStream.open(wall.port, wall.path("stream"), f"Last-Event-ID: {stream.last_id}")
        room = await again.next("room")
        assert (room.data["resumed"], room.data["missed"]) == (True, 0)
        change = await again.next()
        assert change.name == "change", "no full state is needed"
        board.take(change.data, full=False)
        assert board.events == [0, 1, 2, 3, 4, 5]
        assert board.labels() == ["first", "while away"]
        assert wall.rules.seen == ["spectate", "suspend", "resume"]
        assert len(wall.engine.seats.sessions) == 1, "it is the same seat"


async def test_a_stream_that_its_client_ends_gives_its_seat_back_soon_and_one_that_breaks_does_not() -> None:
    async with watched(limits=Limits(going_away_grace_s=0.2)) as wall:
        broken = await EventStream.open(wall.port, wall.path("stream"))
        closed = await EventStream.open(wall.port, wall.path("stream"))
        for stream in (broken, closed):
            await stream.next("state")
        assert isinstance(broken.stream, trio.SocketStream)
        broken.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        for stream in (broken, closed):
            await stream.stream.aclose()
        await until(lambda: "leave" in wall.rules.seen)
        await trio.sleep(0.2)
        assert wall.rules.seen.count("leave") == 1
        assert wall.server.counters.closes == {"lost": 1, "peer": 1}
        again = await EventStream.open(wall.port, wall.path("stream"), f"Last-Event-ID: {broken.last_id}")
        assert (await again.next("room")).data["resumed"] is True
        anew = await EventStream.open(wall.port, wall.path("stream"), f"Last-Event-ID: {closed.last_id}")
        assert (await anew.next("room")).data["resumed"] is False
        assert (await anew.next()).name == "state"


async def test_after_more_events_than_are_kept_the_viewer_learns_how_many_it_has_missed() -> None:
    async with watched(limits=Limits(max_held_events=10)) as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"))
        await stream.next("state")
        await stream.stream.aclose()
        await until(lambda: wall.rules.seen[-1] == "suspend")
        for number in range(40):
            wall.command("say", number)
        await trio.sleep(0.1)
        again = await EventStream.open(wall.port, wall.path("stream"), f"Last-Event-ID: {stream.last_id}")
        missed = (await again.next("room")).data["missed"]
        update = await again.next("change", "state")
        got = [event["payload"] for event in update.data["events"]]
        assert got == list(range(missed, 40))
        assert missed >= 30


async def test_a_viewer_whose_session_is_over_begins_anew_and_learns_what_it_has_missed() -> None:
    async with watched() as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"))
        await stream.next("state")
        wall.command("kick")
        closed = await stream.next("close")
        assert closed.data == {"code": 4022, "reason": "enough"}
        assert await stream.has_ended()
        for number in range(4):
            wall.command("say", number)
        await trio.sleep(0.1)
        again = await EventStream.open(wall.port, wall.path("stream"), f"Last-Event-ID: {stream.last_id}")
        room = await again.next("room")
        assert (room.data["resumed"], room.data["missed"]) == (False, 4)
        assert (await again.next()).name == "state"


@pytest.mark.parametrize("junk", ["", "7", "x" * 2_000, "A" * 32 + ".99999999999.1", "A" * 32 + ".1.1", "\xff"])
async def test_a_last_event_id_that_is_none_begins_anew(junk: str) -> None:
    async with watched() as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"), f"Last-Event-ID: {junk}")
        if junk == "\xff":
            assert stream.status == 400
            return
        assert (await stream.next("room")).data["resumed"] is False


async def test_a_slow_reader_holds_one_update_and_is_closed_in_the_end() -> None:
    class Crowd(Wall):
        def on_create(self, options: Any) -> None:
            super().on_create(options)
            for _ in range(300):
                self.spawn(Card300, x=0)

        def on_tick(self) -> None:
            for card in self.all(Card300):
                card.x = self.random.uniform(0, 1_000)

    class Card300(Entity):
        x = Float(step=1 / 64)

    Crowd.entities = (*Wall.entities, Card300)  # type: ignore[assignment]
    async with watched(room=Crowd, limits=Limits(evict_after_s=2.0)) as wall:
        good = await EventStream.open(wall.port, wall.path("stream"))
        await good.next("state")
        slow = [await EventStream.open(wall.port, wall.path("stream"), buffer=4_096) for _ in range(3)]
        held: list[int] = []
        with trio.fail_after(10):
            while wall.engine.replicator.skipped <= 20:
                await good.next("change")
                held += [link._outbox.queued_bytes for link in wall.server.links if isinstance(link, StreamLink)]
        assert max(held) < 60_000, "one update at most"
        with trio.fail_after(10):
            while len(wall.server.links) > 1:
                await good.next("change")
        assert wall.server.counters.closes["4026"] == len(slow)
        assert (await good.next("change")).data["tick"] > 0


async def test_streams_and_polls_work_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with watched(cert=authority.cert, key=authority.key) as wall:
        tcp = await trio.open_tcp_stream("127.0.0.1", wall.port)
        tls = trio.SSLStream(tcp, authority.client(), server_hostname="localhost", https_compatible=True)
        stream = await EventStream.open(wall.port, wall.path("stream"), stream=tls)
        await stream.next("state")
        for number in range(20):
            wall.command("say", number)
            wall.command("move", number)
            assert (await stream.next("change")).data["events"][0]["payload"] == number


async def test_a_stream_goes_on_through_resets_without_losing_or_repeating_an_event() -> None:
    async with watched() as wall, faulty(wall.port) as network, trio.open_nursery() as nursery:
        board, last_id, connections = Wallboard(), "", 0

        async def say() -> None:
            for number in range(150):
                wall.command("say", number)
                wall.command("move", number)
                await trio.sleep(0.01)

        async def break_off() -> None:
            while True:
                await trio.sleep(0.15)
                network.reset_all()

        network.down.update(delay_s=0.01, jitter_s=0.01)
        nursery.start_soon(say)
        nursery.start_soon(break_off)
        with trio.fail_after(15):
            while board.events[-1:] != [149]:
                try:
                    lines = (f"Last-Event-ID: {last_id}",) if last_id else ()
                    stream = await EventStream.open(network.port, wall.path("stream"), *lines)
                    connections += 1
                    while board.events[-1:] != [149]:
                        sent = await stream.next("state", "change")
                        board.take(sent.data, full=sent.name == "state")
                        last_id = sent.id
                except (trio.BrokenResourceError, OSError):
                    continue
        nursery.cancel_scope.cancel()
    assert board.events == list(range(board.events[0], 150)), "none lost, none doubled"
    assert connections > 3


# -- polls -------------------------------------------------------------------------------------------------------------


async def test_polls_get_the_state_then_changes_and_keep_one_seat() -> None:
    async with watched() as wall:
        status, first, etag = await poll(wall.port, wall.path("state"))
        assert (status, first["full"], first["room"]["kind"]) == (200, True, "wall")
        assert etag == f'"{first["next"]}"'
        wall.command("put", "second")
        wall.command("say", 1)
        await trio.sleep(0.06)
        board = Wallboard()
        board.take(first, full=True)
        _, second, _ = await poll(wall.port, f"{wall.path('state')}?since={first['next']}")
        assert second["full"] is False
        board.take(second, full=False)
        assert (board.labels(), board.events) == (["first", "second"], [1])
        _, nothing, _ = await poll(wall.port, f"{wall.path('state')}?since={second['next']}")
        assert set(nothing) == {"next", "full"}
        assert wall.rules.seen == ["spectate"]
        assert len(wall.server.links) == 1


async def test_what_has_not_changed_is_not_sent_again() -> None:
    async with watched() as wall:
        _, first, etag = await poll(wall.port, wall.path("state"))
        for _ in range(3):
            status, nothing, again = await poll(wall.port, wall.path("state"), f"If-None-Match: {etag}")
            assert (status, nothing, again) == (304, {"error": ""}, etag)
        wall.command("move", 3)
        await trio.sleep(0.06)
        status, whole, _ = await poll(wall.port, wall.path("state"), f"If-None-Match: {etag}")
        assert (status, whole["full"]) == (200, True)
        assert whole["entities"]["Card"] == [{"id": 1, "x": 3.0, "label": "first"}]
        assert wall.rules.seen == ["spectate"], "the ETag is the viewer's own"
        assert first["entities"]["Card"][0]["x"] == 0


async def test_a_long_poll_is_answered_when_something_changes_or_its_time_is_over() -> None:
    async with watched() as wall, trio.open_nursery() as nursery:
        _, first, _ = await poll(wall.port, wall.path("state"))
        path = f"{wall.path('state')}?since={first['next']}"
        began_s = trio.current_time()
        _, nothing, _ = await poll(wall.port, f"{path}&wait=0.4")
        assert "tick" not in nothing
        assert 0.35 < trio.current_time() - began_s < 1.5

        async def say_later() -> None:
            await trio.sleep(0.2)
            wall.command("say", "now")

        nursery.start_soon(say_later)
        began_s = trio.current_time()
        _, change, _ = await poll(wall.port, f"{path}&wait=10")
        assert change["events"][0]["payload"] == "now"
        assert trio.current_time() - began_s < 2


async def test_an_answer_that_was_lost_comes_again() -> None:
    async with watched() as wall:
        _, first, _ = await poll(wall.port, wall.path("state"))
        path = f"{wall.path('state')}?since={first['next']}"
        wall.command("say", "once")
        await trio.sleep(0.06)
        _, lost, _ = await poll(wall.port, path)
        _, again, _ = await poll(wall.port, path)
        assert [event["payload"] for event in lost["events"]] == ["once"]
        assert [event["payload"] for event in again["events"]] == ["once"]
        assert again["room"]["resumed"] is True
        _, after, _ = await poll(wall.port, f"{wall.path('state')}?since={again['next']}")
        assert "events" not in after


async def test_of_two_requests_of_one_viewer_the_later_one_is_answered() -> None:
    async with watched() as wall, trio.open_nursery() as nursery:
        _, first, _ = await poll(wall.port, wall.path("state"))
        path = f"{wall.path('state')}?since={first['next']}&wait=3"
        statuses: list[int] = []

        async def ask() -> None:
            statuses.append((await poll(wall.port, path))[0])

        nursery.start_soon(ask)
        await trio.sleep(0.1)
        nursery.start_soon(ask)
        await trio.sleep(0.1)
        wall.command("move", 1)
        await until(lambda: len(statuses) == 2)
        assert statuses == [409, 200]


async def test_a_viewer_that_polls_no_more_gives_its_seat_back_at_once() -> None:
    limits = Limits(dead_after_s=2)
    async with watched(limits=limits, net_limits=dataclasses.replace(FAST, poll_seat_s=0.5)) as wall:
        _, first, _ = await poll(wall.port, wall.path("state"))
        await until(lambda: wall.rules.seen[-1] == "leave", 3)
        assert not wall.server.links
        assert not wall.server.polls
        wall.command("say", 1)
        await trio.sleep(0.06)
        _, again, _ = await poll(wall.port, f"{wall.path('state')}?since={first['next']}")
        assert (again["full"], again["room"]["resumed"], again["room"]["missed"]) == (True, False, 1)


async def test_a_client_that_leaves_during_a_long_poll_costs_nothing_more() -> None:
    async with watched() as wall:
        _, first, _ = await poll(wall.port, wall.path("state"))
        with trio.move_on_after(0.2):
            await poll(wall.port, f"{wall.path('state')}?since={first['next']}&wait=20")
        (link,) = wall.server.links
        await until(lambda: link.idle)  # type: ignore[attr-defined]
        wall.command("say", 1)
        await trio.sleep(0.06)
        _, change, _ = await poll(wall.port, f"{wall.path('state')}?since={first['next']}")
        assert [event["payload"] for event in change["events"]] == [1]


# -- a durable room ----------------------------------------------------------------------------------------------------


class DurableWall(Wall):
    lasting = durable = True


class Disk:
    """Stores each tick of a durable room soon, unless it is stuck."""

    def __init__(self, wall: Watched) -> None:
        self._gate = wall.engine.gate = OutputGate(durable=True, max_ahead=1_000)
        self.is_stuck = False
        wall.server.hub.keeper = Mock()

    async def run(self) -> None:
        while True:
            if not self.is_stuck:
                self._gate.release(self._gate.tick)
            await trio.sleep(0.005)


@asynccontextmanager
async def watched_durable() -> AsyncIterator[tuple[Watched, Disk]]:
    async with watched(room=DurableWall) as wall, trio.open_nursery() as nursery:
        disk = Disk(wall)
        nursery.start_soon(disk.run)
        yield wall, disk
        nursery.cancel_scope.cancel()


async def test_a_change_that_is_stored_after_its_poll_has_gone_comes_with_the_next_poll() -> None:
    async with watched_durable() as (wall, disk):
        _, first, _ = await poll(wall.port, wall.path("state"))
        disk.is_stuck = True
        wall.command("say", 1)
        wall.command("move", 1)
        with trio.move_on_after(0.2):
            await poll(wall.port, f"{wall.path('state')}?since={first['next']}&wait=20")
        (link,) = wall.server.links
        await until(lambda: link.idle)  # type: ignore[attr-defined]
        disk.is_stuck = False
        await trio.sleep(0.06)
        _, change, _ = await poll(wall.port, f"{wall.path('state')}?since={first['next']}")
        assert [event["payload"] for event in change["events"]] == [1]
        assert change["entities"]["Card"] == [{"id": 1, "x": 1.0}]
        _, after, _ = await poll(wall.port, f"{wall.path('state')}?since={change['next']}")
        assert "events" not in after


async def test_a_change_that_is_stored_while_something_else_leaves_on_the_stream_comes_behind_it() -> None:
    async with watched_durable() as (wall, disk):
        stream = await EventStream.open(wall.port, wall.path("stream"), buffer=4_096)
        await stream.next("state")
        disk.is_stuck = True
        wall.command("say", 1)
        wall.command("move", 1)
        (link,) = wall.server.links
        assert isinstance(link, StreamLink)
        await until(lambda: wall.engine.replicator.skipped > 0)  # the change waits
        link._put(b":" + b" " * 1_000_000 + b"\n\n")
        disk.is_stuck = False
        await trio.sleep(0.06)
        assert not link.ready
        change = await stream.next()
        assert [event["payload"] for event in change.data["events"]] == [1]
        assert change.data["entities"]["Card"] == [{"id": 1, "x": 1.0}]


QUERIES = [
    "since=x",
    "since=" + "A" * 32 + ".1",
    "since=" + "A" * 32 + ".1.99999999999",
    "wait=-1",
    "wait=26",
    "wait=nan",
    "wait=1e9",
    "format=xml",
    "params=[]",
    "params=%7B%22a%22:99999999999999999999999%7D",
    "params=" + "%5B" * 500,
    "color=red",
    "wait=1&wait=2",
    "&".join(f"a{number}=1" for number in range(50)),
]


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_that_is_wrong_is_refused_and_takes_no_seat(query: str) -> None:
    async with watched() as wall:
        for what in ("state", "stream"):
            status, _, body = await get(wall.port, f"{wall.path(what)}?{query}")
            assert status == 400, (what, body)
        assert not wall.engine.seats.sessions


# -- who may watch -----------------------------------------------------------------------------------------------------


async def both(wall: Watched, query: str = "", *lines: str, room: str | None = None) -> list[tuple[int, str]]:
    """Ask for a stream and a poll that are both refused. Return each status and reason."""
    paths = [f"/api/rooms/{room or wall.engine.id}/{what}{query}" for what in ("stream", "state")]
    got = []
    for path in paths:
        with trio.fail_after(5):
            status, _, body = await get(wall.port, path, *lines)
        got.append((status, body.decode().strip()))
    return got


async def test_private_rooms_are_not_there_and_unlisted_ones_are_by_their_id() -> None:
    async with watched() as wall:
        wall.command("hide", "private")
        await trio.sleep(0.06)
        assert await both(wall) == [(404, "no such room")] * 2
        assert await both(wall, room="zzzzzz") == [(404, "no such room")] * 2
        wall.command("hide", "unlisted")
        await trio.sleep(0.06)
        assert (await poll(wall.port, wall.path("state")))[0] == 200
        assert json.loads((await get(wall.port, "/api/rooms"))[2])["rooms"] == []


async def test_locked_and_full_rooms_and_those_whose_rules_refuse_are_said_so() -> None:
    async with watched() as wall:
        assert await both(wall, "?params=%7B%22refuse%22:1%7D") == [(403, "not today")] * 2
        streams = [await EventStream.open(wall.port, wall.path("stream")) for _ in range(8)]
        assert [stream.status for stream in streams] == [200] * 8
        assert await both(wall) == [(503, "no free seat in this room")] * 2
        assert len(wall.server.links) == 8, "who was refused has no link"
        wall.command("lock")
        await trio.sleep(0.06)
        assert await both(wall) == [(403, "the room takes nobody new now")] * 2


async def test_links_from_one_address_are_limited_streams_and_polls_included() -> None:
    net_limits = dataclasses.replace(FAST, max_links_per_address=2)
    async with watched(net_limits=net_limits, uncounted_addresses=()) as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"))
        await stream.next("state")
        assert (await poll(wall.port, wall.path("state")))[0] == 200
        assert await both(wall) == [(429, "at most 2 links from one address")] * 2
        await stream.stream.aclose()
        await until(lambda: len(wall.server.links) == 1)
        assert (await poll(wall.port, wall.path("state")))[0] == 200


async def check_token(token: str | None, _head: Head) -> Mapping[str, object]:
    """Let in who has the token of a name."""
    if token is None:
        raise AuthRefused("a token is needed")
    return {"sub": token}


async def test_tokens_come_in_a_header_or_in_the_query_and_a_session_is_its_subjects() -> None:
    async with watched(authenticator=check_token) as wall:
        assert [status for status, _ in await both(wall)] == [401, 401]
        assert [status for status, _ in await both(wall, "?token=ada", "Authorization: Bearer bob")] == [400, 400]
        stream = await EventStream.open(wall.port, wall.path("stream") + "?token=ada")
        await stream.next("state")
        _, state, _ = await poll(wall.port, wall.path("state"), "Authorization: Bearer ada")
        assert state["full"]
        known = f"Last-Event-ID: {stream.last_id}"
        stolen = await EventStream.open(wall.port, wall.path("stream") + "?token=eve", known)
        assert stolen.status == 400
        status, _, _ = await poll(wall.port, f"{wall.path('state')}?token=eve&since={state['next']}")
        assert status == 400


async def test_a_players_token_does_not_let_it_watch_in_its_place() -> None:
    async with watched() as wall:
        wire = await Wire.open(wall.port)
        await wire.send(ClientMessage.JOIN, "wall", wall.engine.id, Role.PLAYER, {})
        frame = await wire.next_frame()
        assert frame is not None
        token = msgpack.unpackb(frame.payload)[1]["token"]
        cursor = f"{base64.urlsafe_b64encode(token).decode()}.0.0"
        assert {status for status, _ in await both(wall, f"?since={cursor}")} == {403}


async def test_pages_of_other_origins_read_what_is_allowed_to_them() -> None:
    async with watched(origins=(ELSEWHERE,)) as wall:
        stream = await EventStream.open(wall.port, wall.path("stream"), f"Origin: {ELSEWHERE}")
        assert f"Access-Control-Allow-Origin: {ELSEWHERE}".encode() in stream.head
        _, head, _ = await get(wall.port, wall.path("state"), f"Origin: {ELSEWHERE}")
        assert f"Access-Control-Allow-Origin: {ELSEWHERE}".encode() in head
        assert {status for status, _ in await both(wall, "", "Origin: https://strange.example")} == {403}
        hidden = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")
        assert {status for status, _ in await both(wall, "", *hidden)} == {403}
        asked = ("Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization")
        status, head, _ = await get(wall.port, wall.path("stream"), f"Origin: {ELSEWHERE}", *asked, method="OPTIONS")
        assert (status, b"Access-Control-Allow-Headers: authorization" in head) == (204, True)
        assert (await get(wall.port, wall.path("stream"), method="POST"))[0] == 405
        assert (await get(wall.port, wall.path("stream"), method="HEAD"))[0] == 405


async def test_a_stopping_server_ends_streams_and_long_polls_and_says_when_to_come_again() -> None:
    async with watched(retry_after_s=3.0) as wall, trio.open_nursery() as nursery:
        stream = await EventStream.open(wall.port, wall.path("stream"))
        await stream.next("state")
        _, first, _ = await poll(wall.port, wall.path("state"))
        statuses: list[int] = []

        async def wait_long() -> None:
            statuses.append((await poll(wall.port, f"{wall.path('state')}?since={first['next']}&wait=20"))[0])

        nursery.start_soon(wait_long)
        await trio.sleep(0.1)
        wall.server.hub.drain(3.0)
        assert (await stream.next("notice")).data == {"name": "draining", "detail": {"retry_after_s": 3.0}}
        assert (await stream.next("close")).data == {"code": 1001, "reason": "retry in 3 s"}
        await until(lambda: statuses == [503])


async def test_events_for_one_viewer_reach_that_one_only() -> None:
    async with watched() as wall:
        first = await EventStream.open(wall.port, wall.path("stream"))
        await first.next("state")
        second = await EventStream.open(wall.port, wall.path("stream"))
        await second.next("state")
        wall.command("whisper", "for you")
        wall.command("say", "for all")
        assert [event["payload"] for event in (await first.next("change")).data["events"]] == ["for you", "for all"]
        assert [event["payload"] for event in (await second.next("change")).data["events"]] == ["for all"]
