"""https and wss on one port, with certificates that may change."""

from __future__ import annotations

import dataclasses
import ssl
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio

from gameserver.net import NetSettings
from gameserver.net.listeners import Certificates
from gameserver.protocol.constants import CloseCode
from tests.support.live.certificates import Authority
from tests.support.live.server import FAST, GoodPlayer, Wire, get, serving, until, upgrade_request
from tests.support.websocket_frames import PING, PONG, TEXT, client_frame

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def dial(port: int, context: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
    stream = await trio.open_ssl_over_tcp_stream("localhost", port, ssl_context=context, https_compatible=True)
    try:
        await stream.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return stream


async def test_a_player_plays_over_wss(authority: Authority) -> None:
    async with serving(cert=authority.cert, key=authority.key, host="localhost") as server:
        wire = Wire(await dial(server.port, authority.client()))
        Wire.opened.append(wire)
        await wire.shake_hands(upgrade_request(server.port))
        player = GoodPlayer(wire)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player.play)
            await player.sees(10)
            await wire.write(client_frame(b"text", TEXT))
            await player.over.wait()
        assert player.closed_with == CloseCode.TEXT_FRAME
        await until(lambda: not server.links)
        assert server.counters.errors == 0


async def test_a_ping_is_answered_over_wss(authority: Authority) -> None:
    async with serving(cert=authority.cert, key=authority.key, host="localhost") as server:
        wire = Wire(await dial(server.port, authority.client()))
        Wire.opened.append(wire)
        await wire.shake_hands(upgrade_request(server.port))
        await wire.write(client_frame(b"?", PING))
        frame = await wire.next_frame()
        assert frame is not None
        assert (frame.opcode, frame.payload) == (PONG, b"?")


async def test_pages_come_over_https(authority: Authority) -> None:
    async with serving(cert=authority.cert, key=authority.key, host="localhost") as server:
        stream = await dial(server.port, authority.client())
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join([bytes(data) async for data in stream])
        assert answer.endswith(b"ok\n")
        await stream.aclose()


async def test_handshakes_of_one_address_are_limited_more_than_connections_without_tls(authority: Authority) -> None:
    """Each takes two milliseconds of the processor."""
    limits = dataclasses.replace(FAST, max_requests_per_s_per_address=0.1, max_requests_burst_per_address=10)
    counted = partial(serving, net_limits=limits, uncounted_addresses=("203.0.113.1",), host="localhost")
    async with counted(cert=authority.cert, key=authority.key) as server:
        for _ in range(2):
            await trio.aclose_forcefully(await dial(server.port, authority.client()))
        with pytest.raises(trio.BrokenResourceError):
            await dial(server.port, authority.client())
        assert server.counters.refused_connections == 1
    async with counted() as server:
        for _ in range(10):
            await trio.aclose_forcefully(await trio.open_tcp_stream("localhost", server.port))
        await until(lambda: server.counters.connections == 10)


async def test_a_changed_certificate_is_used_for_new_connections(authority: Authority) -> None:
    async with serving(cert=authority.cert, key=authority.key, host="localhost") as server:
        old = await dial(server.port, authority.client())
        before = old.getpeercert(binary_form=True)
        authority.issue()
        assert server.certificates.reload()
        new = await dial(server.port, authority.client())
        assert new.getpeercert(binary_form=True) != before
        await old.send_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await old.receive_some(1_000)).startswith(b"HTTP/1.1 200")
        await trio.aclose_forcefully(old)
        await trio.aclose_forcefully(new)


async def test_when_a_certificate_cannot_be_read_the_old_one_stays(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(cert=authority.cert, key=authority.key, host="localhost") as server:
        authority.key.write_text("nonsense")
        assert not server.certificates.reload()
        assert "was not reloaded" in caplog.text
        await trio.aclose_forcefully(await dial(server.port, authority.client()))


async def test_old_tls_is_refused(authority: Authority) -> None:
    context = authority.client()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(cert=authority.cert, key=authority.key, host="localhost") as server:
        with pytest.raises(trio.BrokenResourceError):
            await dial(server.port, context)
        assert server.counters.errors == 0


async def test_plain_http_half_handshakes_and_random_bytes_end_in_time(authority: Authority) -> None:
    limits = dataclasses.replace(FAST, tls_timeout_s=0.3)
    async with serving(cert=authority.cert, key=authority.key, net_limits=limits) as server:
        for data in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01", b"", b"\xff" * 100):
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            await stream.send_all(data)
            with trio.fail_after(3):
                await _read_to_end(stream)
            await stream.aclose()
        assert server.counters.errors == 0
        with pytest.raises((OSError, ValueError, IndexError)):
            await get(server.port, "/healthz")


async def _read_to_end(stream: trio.SocketStream) -> None:
    try:
        while await stream.receive_some(1_000):
            pass
    except trio.BrokenResourceError:
        pass


def test_a_key_without_its_certificate_is_refused_at_once(authority: Authority) -> None:
    with pytest.raises(ValueError, match="come together"):
        NetSettings(key=authority.key)
    with pytest.raises(OSError, match="absent"):
        Certificates(NetSettings(cert=authority.cert.parent / "absent", key=authority.key))


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    with pytest.raises(
        OSError, match=r"not a certificate chain in PEM, or .*junk\.pem is not its private key"
    ) as failed:
        Certificates(NetSettings(cert=junk, key=junk))
    assert failed.value.filename == str(junk)
