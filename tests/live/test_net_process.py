"""The server as a process: what signals do to it, and that nothing a client does ends it."""

from __future__ import annotations

import signal
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trio

from gameserver.protocol.constants import CloseCode
from tests.support.live.certificates import Authority
from tests.support.live.process import ServerProcess
from tests.support.live.server import TRANSPORTS, Wire, get
from tests.support.websocket_frames import PING, TEXT, client_frame

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.settings import TransportMode

JOIN = client_frame(b"\x95\x01\xa5arena\xc0\x00\x80")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_closes_every_link_with_1001_and_ends_the_process_quietly(number: signal.Signals) -> None:
    async with ServerProcess() as server:
        wire = await Wire.open(server.port)
        await wire.write(JOIN)
        assert await wire.next_frame() is not None, "the WELCOME"
        ended: list[tuple[int, str]] = []
        async with trio.open_nursery() as nursery:

            async def end() -> None:
                ended.append(await server.end(number))

            nursery.start_soon(end)
            assert await wire.close_code() == CloseCode.GOING_AWAY
            await wire.stream.aclose()
        status, errors = ended[0]
        assert status == 0
        assert "Traceback" not in errors


def served_certificate(port: int) -> bytes:
    """The certificate that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as sock, context.wrap_socket(sock) as secure:
        return secure.getpeercert(binary_form=True) or b""


async def test_sighup_reloads_the_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with ServerProcess("--cert", str(authority.cert), "--key", str(authority.key)) as server:
        before = await trio.to_thread.run_sync(served_certificate, server.port)
        authority.issue()
        assert await trio.to_thread.run_sync(served_certificate, server.port) == before
        server.process.send_signal(signal.SIGHUP)
        with trio.fail_after(5):
            while await trio.to_thread.run_sync(served_certificate, server.port) == before:  # noqa: ASYNC110
                await trio.sleep(0.02)
        status, errors = await server.end(signal.SIGTERM)
        assert status == 0
        assert "Traceback" not in errors


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_no_client_ends_the_process(transport: TransportMode) -> None:
    oversized = client_frame(bytes(70_000))
    async with ServerProcess("--transport", transport) as server:
        for joins in (b"", JOIN):
            for data in (
                client_frame(b"", TEXT) + client_frame(b"?", PING) * 3,
                oversized + client_frame(b"?", PING),
                oversized * 3,
                client_frame(b"\xc1") * 3,
                b"\xff" * 1_000,
            ):
                wire = await Wire.open(server.port)
                await wire.write(joins + data)
                await wire.close_code()
                await wire.stream.aclose()
        assert (await get(server.port, "/healthz"))[0] == 200
        metrics = (await get(server.port, "/metrics"))[2].decode()
        assert "gameserver_connection_errors_total 0" in metrics
        status, errors = await server.end(signal.SIGTERM)
        assert status == 0
        assert "Traceback" not in errors
