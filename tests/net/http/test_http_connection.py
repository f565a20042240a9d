"""HTTP on a memory stream and a fake clock: pages, keep-alive, limits and refusals."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from gameserver.net.http.http_connection import HttpConnection, Upgrade
from gameserver.net.http.responses import FileBody, Response
from gameserver.net.settings import NetLimits
from gameserver.net.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gameserver.net.http.head import Head, RequestRefused

LIMITS = NetLimits(max_head_bytes=1_000, max_requests=3)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class Conversation:
    """A client's end of an HTTP connection that is being served."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.upgrade: Upgrade | None = None
        self.over = trio.Event()
        self.requests: list[str] = []
        self.refused: list[RequestRefused] = []
        self.responses = 0

    async def respond(self, head: Head, body: bytes) -> Response:
        assert body == b""
        self.requests.append(f"{head.method} {head.path}")
        return Response(HTTPStatus.OK, b"page", "text/plain")

    def note_in_use(self) -> None:
        self.responses += 1

    async def serve(self, stream: trio.abc.Stream) -> None:
        http = HttpConnection(stream, LIMITS, Turnstile(), self.respond, self.refused.append)
        self.upgrade = await http.serve("/ws", self.note_in_use)
        self.over.set()
        if self.upgrade is None:
            await stream.aclose()

    async def read_all(self) -> bytes:
        """Read everything up to the end of the connection."""
        return b"".join([data async for data in self.stream])

    async def read_some(self) -> bytes:
        """Read what has been sent by now."""
        await trio.testing.wait_all_tasks_blocked()
        return bytes(await self.stream.receive_some())


@asynccontextmanager
async def conversation() -> AsyncIterator[Conversation]:
    client, server = trio.testing.memory_stream_pair()
    talk = Conversation(client)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve, server)
        yield talk
        nursery.cancel_scope.cancel()


async def get_file(body: FileBody, method: str = "GET") -> tuple[bytes, bytes]:
    """Ask for a file that is read while it is sent; return the head and the body that came."""
    client, server = trio.testing.memory_stream_pair()

    async def respond(_head: Head, _body: bytes) -> Response:
        return Response(HTTPStatus.OK, file=body)

    async def serve() -> None:
        with suppress(trio.BrokenResourceError):
            await HttpConnection(server, LIMITS, Turnstile(), respond, id).serve("/ws", int)
        await server.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        await client.send_all(f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join([bytes(data) async for data in client])
        await client.aclose()
    head, _, received = answer.partition(b"\r\n\r\n")
    return head, received


async def test_a_large_file_is_sent_as_it_was_when_the_request_came(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1_000
    (tmp_path / "music").write_bytes(content)
    for size in (len(content), len(content) - 10):  # it may have grown
        head, body = await get_file(FileBody(tmp_path / "music", size))
        assert f"Content-Length: {size}".encode() in head
        assert body == content[:size]
    assert (await get_file(FileBody(tmp_path / "music", len(content)), "HEAD"))[1] == b""


async def test_the_connection_ends_when_a_large_file_has_become_shorter_or_is_gone(tmp_path: Path) -> None:
    (tmp_path / "music").write_bytes(b"short")
    head, body = await get_file(FileBody(tmp_path / "music", 100))
    assert b"Content-Length: 100" in head
    assert body == b"short"
    assert (await get_file(FileBody(tmp_path / "gone", 100)))[1] == b""


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def exchange(raw: bytes) -> bytes:
    """Send `raw`, end the connection, and return all that came back."""
    async with conversation() as talk:
        await talk.stream.send_all(raw)
        assert isinstance(talk.stream, trio.StapledStream)
        await talk.stream.send_eof()
        return await talk.read_all()


async def test_a_page_is_answered_with_its_length_and_strict_headers() -> None:
    head, _, body = (await exchange(GET)).partition(b"\r\n\r\n")
    assert body == b"page"
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert b"Content-Length: 4" in lines
    assert b"X-Content-Type-Options: nosniff" in lines
    policy = next(line for line in lines if line.startswith(b"Content-Security-Policy: "))
    assert b"default-src 'self'" in policy
    assert b"unsafe" not in policy


async def test_head_gets_the_length_and_no_body() -> None:
    head, _, body = (await exchange(GET.replace(b"GET", b"HEAD"))).partition(b"\r\n\r\n")
    assert b"Content-Length: 4" in head
    assert body == b""


async def test_a_connection_is_kept_for_a_bounded_number_of_requests() -> None:
    answer = await exchange(GET * 5)
    assert answer.count(b"HTTP/1.1 200 OK") == LIMITS.max_requests
    assert answer.count(b"Connection: keep-alive") == LIMITS.max_requests - 1
    assert answer.count(b"Connection: close") == 1


async def test_a_request_in_single_bytes_is_one_request() -> None:
    async with conversation() as talk:
        for at in range(len(GET)):
            await talk.stream.send_all(GET[at : at + 1])
        assert status_of(await talk.read_some()) == 200
    assert talk.requests == ["GET /"]


async def test_nothing_is_answered_after_connection_close() -> None:
    answer = await exchange(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + GET)
    assert answer.count(b"HTTP/1.1 200 OK") == 1


async def test_an_upgrade_comes_with_the_bytes_after_its_head() -> None:
    async with conversation() as talk:
        await talk.stream.send_all(GET + UPGRADE + b"\x82\x80frames")
        await talk.over.wait()
        assert talk.upgrade is not None
        assert talk.upgrade.head.path == "/ws"
        assert talk.upgrade.tail == b"\x82\x80frames"
    assert talk.requests == ["GET /"]


async def test_an_upgrade_at_another_path_is_a_plain_request() -> None:
    async with conversation() as talk:
        await talk.stream.send_all(UPGRADE.replace(b"/ws", b"/other"))
        assert status_of(await talk.read_some()) == 200
    assert talk.upgrade is None


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0;" + b"e" * 9_000, 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2_000 + b"\r\n\r\n", 431),
        (b"x" * 2_000, 431),
        (b"\r\n\r\n", 400),
    ],
)
async def test_a_refused_request_gets_its_status_and_nothing_after_it_is_read(raw: bytes, status: int) -> None:
    async with conversation() as talk:
        await talk.stream.send_all(raw + GET)
        answer = await talk.read_all()
    assert status_of(answer) == status
    assert [refused.status for refused in talk.refused] == [status]
    assert answer.endswith(f"{talk.refused[0].reason}\n".encode())
    assert answer.count(b"\r\nDate: ") == 1
    assert b"Connection: close" in answer


async def test_a_head_of_exactly_the_limit_is_read() -> None:
    padding = b"x" * (LIMITS.max_head_bytes - len(GET) - len(b"X: \r\n"))
    raw = GET.replace(b"\r\n\r\n", b"\r\nX: " + padding + b"\r\n\r\n")
    assert len(raw) == LIMITS.max_head_bytes
    assert status_of(await exchange(raw)) == 200
    assert status_of(await exchange(raw.replace(b"X: ", b"X: x"))) == 431


async def test_a_head_without_an_end_is_refused_at_the_limit() -> None:
    async with conversation() as talk:
        await talk.stream.send_all(b"GET /" + b"x" * LIMITS.max_head_bytes)
        assert status_of(await talk.read_some()) == 431


async def test_a_slow_head_is_answered_with_408(autojump_clock: trio.testing.MockClock) -> None:
    async with conversation() as talk:
        began = trio.current_time()
        for byte in (b"G", b"E", b"T", b" "):  # each in time, but not all together
            await talk.stream.send_all(byte)
            await trio.sleep(LIMITS.head_timeout_s / 5)
        assert status_of(await talk.read_all()) == 408
        assert trio.current_time() - began < LIMITS.head_timeout_s * 1.5


async def test_a_slow_body_is_answered_with_408(autojump_clock: trio.testing.MockClock) -> None:
    async with conversation() as talk:
        await talk.stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert status_of(await talk.read_all()) == 408


async def test_a_silent_connection_is_closed_without_a_response(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with conversation() as talk:
        began = trio.current_time()
        assert await talk.read_all() == b""
        assert trio.current_time() - began == pytest.approx(LIMITS.head_timeout_s)


async def test_an_idle_kept_connection_is_closed_without_a_response(autojump_clock: trio.testing.MockClock) -> None:
    async with conversation() as talk:
        await talk.stream.send_all(GET)
        answer = await talk.read_all()
        assert answer.count(b"HTTP/1.1") == 1
        assert trio.current_time() >= LIMITS.idle_timeout_s


async def test_a_client_that_reads_no_response_is_dropped(autojump_clock: trio.testing.MockClock) -> None:
    client, server = trio.testing.lockstep_stream_pair()
    talk = Conversation(client)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.send_all, GET)
        with pytest.raises(trio.TooSlowError):
            await HttpConnection(server, LIMITS, Turnstile(), talk.respond, id).serve("/ws", int)
    assert trio.current_time() == pytest.approx(LIMITS.response_timeout_s)
