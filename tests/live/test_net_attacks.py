"""Inputs that end a process which uses trio-websocket alone, and other attacks: only the attacker's link ends."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import trio

from gameserver.protocol.constants import ClientMessage, CloseCode
from tests.support.live.server import FAST, TRANSPORTS, Wire, playing, serving, until, upgrade_request
from tests.support.websocket_frames import PING, TEXT, client_close, client_frame

if TYPE_CHECKING:
    from gameserver.net.settings import TransportMode

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)

OVERSIZED = client_frame(bytes(FAST.max_wire_message_bytes + 1))
JOIN = client_frame(b"\x95\x01\xa6meadow\xc0\x00\x80")


async def test_pings_while_the_server_closes(transport: TransportMode) -> None:
    async with serving(transport) as server, playing(server.port):
        wire = await Wire.open(server.port)
        await wire.write(client_frame(b"text", TEXT) + client_frame(b"?", PING) * 5)
        assert await wire.close_code() == CloseCode.TEXT_FRAME
        assert server.counters.errors == 0


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(
    "rest",
    [client_frame(b"?", PING), OVERSIZED * 2, client_frame(b"?", PING) + client_close(1000) + b"\xff" * 100],
    ids=["then a ping", "several", "then rubbish"],
)
async def test_oversized_messages(transport: TransportMode, rest: bytes, joined: bool) -> None:
    async with serving(transport) as server, playing(server.port):
        wire = await Wire.open(server.port)
        async with trio.open_nursery() as nursery:
            if joined:
                await wire.write(JOIN)
                assert await wire.next_frame() is not None, "the WELCOME"
            nursery.start_soon(wire.write, OVERSIZED + rest)
            assert await wire.close_code() == CloseCode.MESSAGE_TOO_BIG
        assert server.counters.errors == 0


@pytest.mark.parametrize(
    "line",
    [
        "Sec-WebSocket-Protocol: caf\xe9",
        "Sec-WebSocket-Extensions: caf\xe9",
        "Connection: caf\xe9",
        "Upgrade: caf\xe9",
    ],
)
async def test_handshakes_that_are_not_ascii_are_bad_requests(transport: TransportMode, line: str) -> None:
    async with serving(transport) as server, playing(server.port):
        wire = await Wire.open(server.port, upgrade_request(server.port, line))
        assert wire.status == 400
        assert server.counters.errors == 0


async def test_an_origin_that_is_not_ascii_is_refused_with_a_close_code(transport: TransportMode) -> None:
    async with serving(transport) as server, playing(server.port):
        wire = await Wire.open(server.port, upgrade_request(server.port, "Origin: caf\xe9"))
        assert wire.status == 101
        assert await wire.close_code() == CloseCode.FORBIDDEN
        assert server.counters.errors == 0


@pytest.mark.parametrize("line", ["X-Name: caf\xe9", "Cookie: \xff\xfe", "User-Agent: \x80", "Authorization: caf\xe9"])
async def test_other_headers_may_hold_any_bytes(transport: TransportMode, line: str) -> None:
    async with serving(transport) as server, playing(server.port):
        assert (await Wire.open(server.port, upgrade_request(server.port, line))).status == 101


@pytest.mark.parametrize("host", ["xn--", "a..b", "." * 70, "x" * 300, "xn--0000000", "é"])
async def test_hosts_that_idna_cannot_encode(transport: TransportMode, host: str) -> None:
    async with serving(transport) as server, playing(server.port):
        request = upgrade_request(server.port).replace(f"127.0.0.1:{server.port}".encode(), host.encode())
        assert (await Wire.open(server.port, request)).status in {101, 400}
        assert server.counters.errors == 0


async def test_an_unexpected_exception_ends_only_the_link_of_its_client(
    transport: TransportMode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(transport) as server, playing(server.port):

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a bug of ours")

        monkeypatch.setattr(server.hub, "open", fail)
        wire = await Wire.open(server.port)
        assert await wire.close_code() is None
        assert server.counters.errors == 1
        assert "a bug of ours" in caplog.text


async def test_rules_that_raise_end_their_room_and_nothing_else(transport: TransportMode) -> None:
    async with serving(transport) as server:
        wire = await Wire.open(server.port)
        await wire.write(JOIN)
        assert await wire.next_frame() is not None, "the WELCOME"
        await wire.send(ClientMessage.MESSAGE, "boom", None)
        assert await wire.close_code() == CloseCode.ROOM_FAILED
        async with playing(server.port):
            assert server.counters.errors == 0


async def test_a_thousand_half_open_handshakes(transport: TransportMode) -> None:
    limits = dataclasses.replace(FAST, max_pending=100, head_timeout_s=30.0)
    async with serving(transport, net_limits=limits) as server, playing(server.port) as player:
        streams = []
        for number in range(1_000):
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            await stream.send_all((b"", b"G", b"GET /ws HTTP/1.1\r\nHost: a\r\n")[number % 3])
            streams.append(stream)
        await player.sees(2)
        async with playing(server.port):
            assert len(server.pending) <= 100
        assert server.pending.evicted >= 890
        for stream in streams:
            await trio.aclose_forcefully(stream)


async def test_closes_are_counted_by_code_only_when_this_side_chose_it(transport: TransportMode) -> None:
    async with serving(transport) as server:
        for code in (1000, CloseCode.ROOM_FAILED, CloseCode.TOO_SLOW, 3_000, 4_999):
            wire = await Wire.open(server.port)
            await wire.write(client_close(code))
            assert await wire.close_code() == code
        wire = await Wire.open(server.port)
        await wire.write(client_frame(b"text", TEXT))
        assert await wire.close_code() == CloseCode.TEXT_FRAME
        await until(lambda: not server.links)
        assert server.totals().closes == {"peer": 5, "4002": 1}
