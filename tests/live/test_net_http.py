"""The HTTP side on a real socket: pages, refusals, limits on who may connect."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import trio

from gameserver.net.http.auth import AuthRefused
from gameserver.protocol.constants import ClientMessage, CloseCode
from tests.support.live.server import FAST, GoodPlayer, Wire, get, playing, serving, until, upgrade_request
from tests.support.websocket_frames import BINARY

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from gameserver.net.http.head import Head


async def test_pages_and_websockets_share_the_port() -> None:
    async with serving() as server, playing(server.port) as player:
        assert (await get(server.port, "/healthz"))[::2] == (200, b"ok\n")
        rooms = json.loads((await get(server.port, "/api/rooms"))[2])["rooms"]
        assert [(room["kind"], room["players"]) for room in rooms] == [("meadow", 1)]
        assert player.welcome["kind"] == "meadow"


async def test_the_given_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>mine")
    async with serving(web_root=tmp_path) as server:
        status, head, body = await get(server.port, "/")
        assert (status, body) == (200, b"<!doctype html>mine")
        assert b"Content-Security-Policy: script-src 'self' " in head
        assert (await get(server.port, "/../secret"))[0] == 404
        assert (await get(server.port, "/", method="HEAD"))[2] == b""
        assert (await get(server.port, "/", method="POST"))[0] == 405


async def test_a_file_of_any_size_is_served_while_the_rooms_tick(tmp_path: Path) -> None:

    content = os.urandom(1024) * 12 * 1024
    (tmp_path / "music.data").write_bytes(content)
    async with serving(web_root=tmp_path) as server, playing(server.port):
        status, head, body = await get(server.port, "/music.data")
        assert (status, body == content) == (200, True)
        assert f"Content-Length: {len(content)}".encode() in head


async def test_a_slow_head_is_answered_with_408_in_time() -> None:
    async with serving() as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        await stream.send_all(b"GET / HTTP/1.1\r\n")
        with trio.fail_after(FAST.head_timeout_s + 1):
            answer = await stream.receive_some(10_000)
        assert answer.startswith(b"HTTP/1.1 408 ")
        await stream.aclose()


async def test_connections_beyond_the_limit_are_closed_unread() -> None:
    async with serving(net_limits=dataclasses.replace(FAST, max_connections=3)) as server:
        wires = [await Wire.open(server.port) for _ in range(3)]
        assert [wire.status for wire in wires] == [101] * 3
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        assert await stream.receive_some(1) == b""
        assert server.counters.refused_connections == 1
        await stream.aclose()


async def test_links_from_one_address_are_limited_and_those_of_others_not() -> None:
    limits = dataclasses.replace(FAST, max_links_per_address=2)
    async with serving(net_limits=limits, uncounted_addresses=("127.0.0.1",)) as server:
        for _ in range(2):
            assert (await Wire.open(server.port, source="127.0.0.9")).status == 101
        third = await Wire.open(server.port, source="127.0.0.9")
        assert await third.close_code() == CloseCode.SERVER_FULL
        async with playing(server.port), playing(server.port), playing(server.port):
            assert len(server.links) == 5


async def test_only_a_trusted_proxy_names_the_client_s_address() -> None:
    limits = dataclasses.replace(FAST, max_links_per_address=1)
    async with serving(net_limits=limits, uncounted_addresses=(), trusted_proxies=("127.0.0.9",)) as server:

        async def come(source: str, forwarded: str) -> Wire:
            request = upgrade_request(server.port, f"X-Forwarded-For: {forwarded}")
            return await Wire.open(server.port, request, source=source)

        await come("127.0.0.9", "spoofed, 10.0.0.1")
        await come("127.0.0.9", "spoofed, 10.0.0.2")
        assert await (await come("127.0.0.9", "other, 10.0.0.2")).close_code() == CloseCode.SERVER_FULL
        await come("127.0.0.5", "10.0.0.3")
        assert await (await come("127.0.0.5", "10.0.0.4")).close_code() == CloseCode.SERVER_FULL


async def test_one_client_behind_a_proxy_is_one_however_the_proxy_writes_its_address() -> None:
    limits = dataclasses.replace(FAST, max_links_per_address=1)
    async with serving(net_limits=limits, uncounted_addresses=(), trusted_proxies=("127.0.0.8/29",)) as server:

        async def come(forwarded: str) -> Wire:
            request = upgrade_request(server.port, f"X-Forwarded-For: {forwarded}")
            return await Wire.open(server.port, request, source="127.0.0.9")

        first = await come("[2001:db8::1]:50123")
        for spelling in ("2001:DB8:0:0::1", "2001:db8::99", "spoofed, 2001:db8::1, 127.0.0.10"):
            assert await (await come(spelling)).close_code() == CloseCode.SERVER_FULL
        assert len(server.links) == 1
        assert first.status == 101
        await come("2001:db8:0:1::1")
        await come("192.0.2.1:50123")
        assert await (await come("192.0.2.1:50124")).close_code() == CloseCode.SERVER_FULL


async def test_a_page_of_an_allowed_origin_connects_however_the_operator_wrote_it() -> None:
    async with serving(origins=("HTTPS://Play.Example.org:443/",)) as server:
        own = await Wire.open(server.port, upgrade_request(server.port, "Origin: https://play.example.org"))
        await own.send(ClientMessage.PING, 1)
        frame = await own.next_frame()
        assert frame is not None
        assert frame.opcode == BINARY
        other = await Wire.open(server.port, upgrade_request(server.port, "Origin: https://other.example.org"))
        assert await other.close_code() == CloseCode.FORBIDDEN


async def test_another_version_is_refused_with_a_close_code() -> None:
    async with serving() as server:
        wire = await Wire.open(server.port, upgrade_request(server.port, subprotocol="gameserver.v7"))
        assert wire.status == 101
        assert b"sec-websocket-protocol: gameserver.v7" in wire.answer.lower()
        assert await wire.close_code() == CloseCode.UNSUPPORTED_VERSION
        assert (await Wire.open(server.port, upgrade_request(server.port, subprotocol="chat"))).status == 400


async def test_a_token_admits_and_is_never_sent_back(caplog: pytest.LogCaptureFixture) -> None:
    async def check(token: str | None, _head: Head) -> dict[str, Any]:
        if token != "eyJsecret":
            raise AuthRefused("no", HTTPStatus.FORBIDDEN if token else HTTPStatus.UNAUTHORIZED)
        return {"sub": "ada"}

    caplog.set_level(logging.INFO)
    async with serving(authenticator=check) as server:
        wrong = ("Authorization: Bearer eyJwrong",)
        assert await (await Wire.open(server.port)).close_code() == CloseCode.UNAUTHORIZED
        refused = await Wire.open(server.port, upgrade_request(server.port, *wrong))
        assert await refused.close_code() == CloseCode.FORBIDDEN
        # Who speaks another protocol gets the status.
        for lines, status in (((), 401), (wrong, 403)):
            stranger = upgrade_request(server.port, *lines, subprotocol="chat")
            assert (await Wire.open(server.port, stranger)).status == status
        lines_of_refusals = [record for record in caplog.records if record.name == "gameserver.refused"]
        assert [record.getMessage() for record in lines_of_refusals] == ["refused: no"] * 4
        assert [vars(record).get("code") for record in lines_of_refusals] == [4015, 4016, None, None]
        assert {vars(record)["address"] for record in lines_of_refusals} == {"127.0.0.1"}
        right = upgrade_request(server.port, subprotocol="gameserver.v1, token.eyJsecret")
        wire = await Wire.open(server.port, right)
        assert wire.status == 101
        assert b"eyJsecret" not in wire.answer
        assert "eyJ" not in caplog.text


async def test_an_authenticator_that_fails_or_hangs_costs_only_its_own_connection() -> None:
    async def check(token: str | None, _head: Head) -> dict[str, Any]:
        if token == "bug":
            raise RuntimeError("a bug of the operator's")
        await trio.sleep_forever()
        return {}

    limits = dataclasses.replace(FAST, upgrade_timeout_s=0.2)
    async with serving(authenticator=check, net_limits=limits) as server:
        for token in ("bug", "hang"):
            request = upgrade_request(server.port, f"Authorization: Bearer {token}")
            with trio.fail_after(5):
                assert await (await Wire.open(server.port, request)).close_code() == CloseCode.UNAVAILABLE
        assert server.counters.errors == 1
        assert (await get(server.port, "/healthz"))[0] == 200


async def test_the_server_stops_in_good_order() -> None:
    async with serving() as server:
        player = GoodPlayer(await Wire.open(server.port))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player.play)
            await player.sees(2)
            idle = await Wire.open(server.port)
            with trio.fail_after(server.settings.drain_s):
                nursery.start_soon(server.stop)
                await player.over.wait()
                assert await idle.close_code() == CloseCode.GOING_AWAY
        assert "draining" in player.notices
        assert player.closed_with == CloseCode.GOING_AWAY
        assert player.closed_why == "retry in 2 s"


async def test_a_stopping_server_refuses_links_and_ends_in_time() -> None:
    async with serving(drain_s=1.0, net_limits=dataclasses.replace(FAST, close_timeout_s=60)) as server:
        stuck = await Wire.open(server.port)  # never answers the Close
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.stop)
            await trio.sleep(0.05)
            assert (await get(server.port, "/readyz"))[0] == 503
            assert (await get(server.port, "/healthz"))[0] == 200
            late = await Wire.open(server.port)
            assert await late.close_code() == CloseCode.GOING_AWAY
            assert late.close_reason == "retry in 2 s"
            stranger = await Wire.open(server.port, upgrade_request(server.port, subprotocol="chat"))
            assert stranger.status == 503
            assert b"Retry-After: 2" in stranger.answer
        await until(lambda: not server.links, within_s=3)
        assert stuck.status == 101
