"""What one address may have before and beside its links, and what `ulimit -n` allows."""

from __future__ import annotations

import dataclasses
import logging
import re
from typing import TYPE_CHECKING

import trio

from gameserver.net.frames import CLOSE
from gameserver.protocol.constants import ClientMessage, CloseCode
from tests.support.live.process import ServerProcess
from tests.support.live.server import FAST, USUAL_TRANSPORT, Wire, get, playing, serving, until, upgrade_request
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    import pytest

JOIN = client_frame(b"\x95\x01\xa6meadow\xc0\x00\x80")


async def test_connections_of_one_address_are_bounded_and_the_one_that_was_silent_for_longest_goes() -> None:
    limits = dataclasses.replace(FAST, max_connections_per_address=10, head_timeout_s=30.0)
    async with serving(net_limits=limits, uncounted_addresses=("127.0.0.1",)) as server, playing(server.port) as player:
        linked = await Wire.open(server.port, source="127.0.0.9")
        silent = [await connect(server.port, "127.0.0.9") for _ in range(29)]
        await until(lambda: server.pending.evicted == 20)
        assert [await is_closed(stream) for stream in silent] == [True] * 20 + [False] * 9
        await linked.write(JOIN)
        assert await linked.next_frame() is not None, "the WELCOME"
        await player.sees(2)
        for stream in silent:
            await trio.aclose_forcefully(stream)


async def test_too_many_requests_of_one_address_are_refused_and_others_are_served() -> None:
    limits = dataclasses.replace(FAST, max_requests_per_s_per_address=0.1, max_requests_burst_per_address=2)
    async with serving(net_limits=limits, uncounted_addresses=("127.0.0.1",)) as server:
        stream = await connect(server.port, "127.0.0.9")
        request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
        await stream.send_all(request * 2)
        answer = b"".join([bytes(data) async for data in stream])
        assert re.findall(rb"HTTP/1.1 (\d+) |Retry-After: (\d+)", answer) == [(b"200", b""), (b"429", b""), (b"", b"5")]
        await trio.aclose_forcefully(stream)
        refused = await connect(server.port, "127.0.0.9")
        assert await is_closed(refused, within_s=1.0)
        await trio.aclose_forcefully(refused)
        async with playing(server.port):
            assert (await get(server.port, "/healthz"))[0] == 200


async def test_too_many_handshakes_of_one_address_are_closed_with_a_code_that_a_page_can_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    limits = dataclasses.replace(FAST, max_requests_per_s_per_address=0.1, max_requests_burst_per_address=14)
    async with serving(net_limits=limits, uncounted_addresses=("127.0.0.1",)) as server:
        first = await Wire.open(server.port, source="127.0.0.9")
        await first.send(ClientMessage.JOIN, "meadow", None, 0, {})
        frame = await first.next_frame()
        assert frame is not None
        assert frame.opcode != CLOSE
        second = await Wire.open(server.port, source="127.0.0.9")
        assert (second.status, await second.close_code()) == (101, CloseCode.SERVER_FULL)
        assert second.close_reason == "too many requests from one address: retry in 5 s"
        assert server.counters.closes["4014"] == 1
        assert server.hub.refusals.counts[CloseCode.SERVER_FULL] == 1
        assert "refused: too many requests from one address" in caplog.text
        request = upgrade_request(server.port, subprotocol="chat")
        stranger = await Wire.open(server.port, request, source="127.0.0.9")
        assert stranger.status == 429
        assert b"Retry-After: 5" in stranger.answer


async def test_a_server_with_few_descriptors_lets_players_in_while_strangers_connect() -> None:
    async with ServerProcess("--transport", USUAL_TRANSPORT, max_files=128) as server:
        assert b"(ulimit -n) allows 64 connections" in server.errors_so_far()
        streams = [await connect(server.port, "127.0.0.9") for _ in range(300)]
        wire = await Wire.open(server.port)
        await wire.send(ClientMessage.JOIN, "arena", None, 0, {})
        assert await wire.next_frame() is not None, "the WELCOME"
        assert server.open_files() < 128 - 32
        for stream in streams:
            await trio.aclose_forcefully(stream)
        assert b"cannot accept connections" not in server.errors_so_far()
        await wire.stream.aclose()


async def test_rooms_that_clients_make_leave_descriptors_for_those_who_come() -> None:
    async with ServerProcess(
        "--transport", USUAL_TRANSPORT, "--uncounted-address", "127.0.0.1", max_files=128
    ) as server:
        codes = []
        for _ in range(40):
            wire = await Wire.open(server.port)
            await wire.send(ClientMessage.JOIN, "arena", {"create": {}}, 0, {})
            frame = await wire.next_frame()
            assert frame is not None
            codes.append(frame.close_code if frame.opcode == CLOSE else 0)
            await trio.aclose_forcefully(wire.stream)
        assert codes == [0] * 16 + [int(CloseCode.SERVER_FULL)] * 24
        last = await Wire.open(server.port)
        await last.send(ClientMessage.JOIN, "arena", None, 0, {})
        assert await last.next_frame() is not None, "an open room has a seat"


async def connect(port: int, source: str) -> trio.SocketStream:
    """Connect from an address of this machine."""
    sock = trio.socket.socket()
    await sock.bind((source, 0))
    await sock.connect(("127.0.0.1", port))
    return trio.SocketStream(sock)


async def is_closed(stream: trio.SocketStream, within_s: float = 0.05) -> bool:
    """Whether the server closes a connection, or has closed it."""
    with trio.move_on_after(within_s):
        try:
            return await stream.receive_some(1) == b""
        except trio.BrokenResourceError:
            return True
    return False
