"""A server inside of a program, on real sockets: its block, its settings, its rooms."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio

from gameserver import open_server
from gameserver.client import JoinFailed, connect
from gameserver.protocol.constants import CloseCode
from gameserver.server import Request, RoomNotMade
from tests.support.live.embedded import Field, Handlers, embedded, post, request_bytes
from tests.support.live.server import GoodPlayer, Wire, get, playing, until
from tests.support.page_blocks import modules_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_players_pages_and_routes_share_one_port() -> None:
    handlers = Handlers()
    async with embedded(handlers) as server:
        assert server.url == f"http://127.0.0.1:{server.port}/"
        room = server.rooms.create(Field)
        async with playing(server.port), connect(server.websocket_url, "meadow", room=room.id):
            assert room.players >= 1
            status, head, body = await post(server.port, "/hooks/score?by=Ada", b"goal", "X-Key: 7")
            assert (status, json.loads(body)) == (200, {"got": 4})
            assert b"Content-Type: application/json" in head
            assert (await get(server.port, "/healthz"))[0] == 200
            assert (await get(server.port, "/hooks/other"))[0] == 404
            (got,) = handlers.got
            assert (got.method, got.path, got.query, got.body) == ("POST", "/hooks/score", {"by": "Ada"}, b"goal")
            assert (got.headers["x-key"], got.claims, got.address) == ("7", None, "127.0.0.1")


async def test_a_handler_sends_a_room_what_came_from_outside() -> None:
    async with embedded(Handlers()) as server:
        room = server.rooms.create("meadow")

        @server.route("POST", "/rain")
        async def rain(request: Request) -> None:
            for one in server.rooms.find(Field):
                one.send("rain", request.json())

        assert (await post(server.port, "/rain", b'{"mm": 3}'))[0] == 204
        rules = cast("Field", server._server.hub.rooms[room.id].room)
        await until(lambda: bool(rules.got))
        assert [got[1:] for got in rules.got] == [("rain", {"mm": 3})]
        status, _, why = await post(server.port, "/rain", b"{")
        assert (status, why) == (400, b"the body is not JSON\n")


async def test_handlers_end_with_the_server() -> None:
    handlers = Handlers()
    async with embedded(handlers) as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        await stream.send_all(request_bytes(server.port, "/hang", b"", method="GET"))
        await until(lambda: handlers.began == 1)
        await server.stop()
        assert handlers.cancelled == 1
        assert await stream.receive_some() == b""
        await stream.aclose()
        with pytest.raises(RoomNotMade):
            server.rooms.create(Field)


async def test_the_end_of_the_block_stops_the_server_in_good_order() -> None:
    async with trio.open_nursery() as nursery:
        async with open_server(Field, port=0) as server:
            player = GoodPlayer(await Wire.open(server.port))
            nursery.start_soon(player.play)
            await player.sees(2)
        await player.over.wait()
    assert server.stopping
    assert "draining" in player.notices
    assert player.closed_with == CloseCode.GOING_AWAY
    with pytest.raises(OSError, match="all attempts"):
        await trio.open_tcp_stream("127.0.0.1", server.port)


async def test_a_stop_goes_on_when_the_one_who_asked_for_it_is_cancelled() -> None:
    with trio.fail_after(8):
        async with open_server(Field, port=0) as server:
            deaf = await Wire.open(server.port)  # reads no Close, so that stopping takes a while
            with trio.move_on_after(0.05) as scope:
                await server.stop()
            assert scope.cancelled_caught
            assert server.stopping
            await server.wait_stopped()
            await server.stop()
        await deaf.stream.aclose()


async def test_signals_stop_the_server_and_the_program_goes_on() -> None:
    stopping: list[str] = []
    with trio.fail_after(8):
        async with open_server(Field, port=0) as server, trio.open_nursery() as nursery:
            await nursery.start(server.serve_until_signal, lambda: stopping.append("yes"))
            os.kill(os.getpid(), signal.SIGTERM)
            await server.wait_stopped()
    assert stopping == ["yes"]


async def test_what_the_block_raises_leaves_it_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_server(Field, port=0):
            raise KeyError("mine")
    async with open_server(Field, port=0) as first:
        with pytest.raises(OSError, match="in use"):
            async with open_server(Field, port=first.port):
                raise AssertionError("the port is taken")
    with trio.move_on_after(0.1) as scope:
        async with open_server(Field, port=0):
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_settings_that_cannot_be_are_refused_by_name(tmp_path: Path) -> None:
    for settings, error, named in (
        ({"port": 70_000}, ValueError, "port"),
        ({"origin": "nonsense"}, ValueError, "nonsense"),
        ({"csp": "default-src 'self'"}, ValueError, "csp"),
        ({"web": tmp_path / "none"}, OSError, "web"),
        ({"cert": tmp_path / "cert.pem"}, ValueError, "cert"),
        ({"auth": tmp_path / "auth.toml"}, OSError, "auth.toml"),
    ):
        with pytest.raises(cast("type[Exception]", error), match=named):
            async with open_server(Field, **{"port": 0, **cast("dict[str, Any]", settings)}):
                pass
    with pytest.raises(TypeError, match="room class"):
        async with open_server(port=0):
            pass


async def test_the_match_of_the_page_is_joined_by_those_whose_seats_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = modules_of("docs/guide/embedding.md")
    for name, source in modules.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in modules:
        monkeypatch.delitem(sys.modules, name, raising=False)
    club, matches = (importlib.import_module(name) for name in modules)
    async with open_server(club.Club, port=0) as server:
        club.add_routes(server)
        matches.add_matches(server)
        assert (await post(server.port, "/matches", b""))[0] == 403
        status, _, body = await post(server.port, "/matches", b"", "X-Shop-Secret: for development")
        assert status == 200
        match = json.loads(body)
        first, second = map(bytes.fromhex, match["seats"])
        url, room = server.websocket_url, match["room"]
        async with (
            connect(url, "club", room=room, reservation=first, params={"name": "Ada"}),
            connect(url, "club", room=room, reservation=second, params={"name": "Bob"}) as bob,
        ):
            assert bob.code == room.upper()
            prize = json.dumps({"player": "Ada", "points": 50}).encode()
            assert (await post(server.port, "/shop/prize", prize, "X-Shop-Secret: for development"))[0] == 204
            found = server.rooms.get(room)
            assert found is not None
            rules = server._server.hub.rooms[room].room
            await until(lambda: sum(member.points for member in rules.all(club.Member)) == 50)
            assert found.players == 2
        with pytest.raises(JoinFailed):
            async with connect(url, "club", room=room, reservation=b"x" * 16):
                pass
    for name in modules:
        del sys.modules[name]
