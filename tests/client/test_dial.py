"""Opening WebSockets, over streams in memory: what a server may do before, during and after the upgrade."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair
from trio_websocket import ConnectionClosed, ConnectionRejected, HandshakeError, WebSocketRequest, wrap_server_stream

from gameserver.client import dial
from gameserver.client.dial import CLOSE_WITHIN_S, CONNECT_WITHIN_S, NotTrusted, open_socket, opener, parse
from gameserver.client.token import Token
from gameserver.protocol.constants import SUBPROTOCOL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trio.testing import MemoryReceiveStream, MemorySendStream

    Stapled = trio.StapledStream[MemorySendStream, MemoryReceiveStream]
    Serve = Callable[[Stapled, trio.Nursery], Awaitable[None]]

ADDRESS = parse("ws://game.example:8000/ws")


@asynccontextmanager
async def serving(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[list[Stapled]]:
    """Every connection made in the block is served by `serve`; the list holds the client's ends."""
    ends: list[Stapled] = []
    async with trio.open_nursery() as nursery:

        async def connect(*_: object) -> Stapled:
            client, server = memory_stream_pair()
            ends.append(client)
            nursery.start_soon(serve, server, nursery)
            return client

        monkeypatch.setattr(dial, "_connect", connect)
        yield ends
        nursery.cancel_scope.cancel()


def is_closed(stream: Stapled) -> bool:
    try:
        stream.receive_stream.put_data(b"x")
    except trio.ClosedResourceError:
        return True
    return False


async def upgrade(stream: Stapled, nursery: trio.Nursery) -> WebSocketRequest:
    return await wrap_server_stream(nursery, stream)


async def echo(stream: Stapled, nursery: trio.Nursery) -> None:
    request = await upgrade(stream, nursery)
    token = dict(request.headers).get(b"authorization", b"none")
    socket = await request.accept(subprotocol=SUBPROTOCOL)
    await socket.send_message(token)
    try:
        while True:
            await socket.send_message(await socket.get_message())
    except ConnectionClosed:
        pass


async def test_an_opened_socket_speaks_our_subprotocol_and_is_closed_in_the_end(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async with serving(echo, monkeypatch) as ends:
        async with open_socket(ADDRESS) as socket:
            assert socket.subprotocol == SUBPROTOCOL
            assert await socket.get_message() == b"none"
            await socket.send_message(b"hello")
            assert await socket.get_message() == b"hello"
        assert is_closed(ends[0])


async def test_a_token_goes_into_a_header(monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock) -> None:
    async with serving(echo, monkeypatch), open_socket(ADDRESS, Token("abc")) as socket:
        assert await socket.get_message() == b"Bearer abc"


async def test_a_function_is_asked_for_a_token_each_time_and_may_take_its_time(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    tokens = iter(["first", "second", "third"])

    async def ask() -> str:
        await trio.sleep(10 * CONNECT_WITHIN_S)  # a person may be asked
        return next(tokens)

    for source, expected in ((ask, "first"), (lambda: next(tokens), "second"), (ask, "third")):
        open_again = opener("ws://game.example/ws", source)
        async with serving(echo, monkeypatch), open_again() as socket:
            assert await socket.get_message() == f"Bearer {expected}".encode()


async def test_a_function_that_has_no_token_is_an_attempt_that_failed(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    def fail() -> str:
        raise LookupError("not logged in")

    async with serving(echo, monkeypatch) as ends:
        with pytest.raises(HandshakeError, match="no token: not logged in"):
            async with opener("ws://game.example/ws", fail)():
                pytest.fail("it must not get here")
        assert ends == []


async def test_a_server_that_hangs_up_during_the_upgrade_is_noticed_at_once(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def hang_up(stream: Stapled, _: trio.Nursery) -> None:
        await stream.receive_some()
        await stream.aclose()

    async with serving(hang_up, monkeypatch) as ends:
        start = trio.current_time()
        with pytest.raises(HandshakeError, match="hung up"):
            async with open_socket(ADDRESS):
                pytest.fail("it must not get here")
        assert trio.current_time() - start < 0.1
        assert is_closed(ends[0])


async def test_a_server_that_is_gone_before_the_upgrade_is_noticed_at_once(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def vanish(stream: Stapled, _: trio.Nursery) -> None:
        await stream.aclose()

    async with serving(vanish, monkeypatch) as ends:
        with pytest.raises(HandshakeError, match="hung up"):
            async with open_socket(ADDRESS):
                pytest.fail("it must not get here")
        assert is_closed(ends[0])


async def test_a_server_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def stare(stream: Stapled, _: trio.Nursery) -> None:
        await trio.sleep_forever()

    async with serving(stare, monkeypatch) as ends:
        start = trio.current_time()
        with pytest.raises(HandshakeError, match=f"no answer within {CONNECT_WITHIN_S:g} s"):
            async with open_socket(ADDRESS):
                pytest.fail("it must not get here")
        assert trio.current_time() - start == pytest.approx(CONNECT_WITHIN_S, abs=0.1)
        assert is_closed(ends[0])


async def test_a_refusal_comes_with_its_status_and_text(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def refuse(stream: Stapled, nursery: trio.Nursery) -> None:
        request = await upgrade(stream, nursery)
        await request.reject(403, body=b"the token has expired")

    async with serving(refuse, monkeypatch) as ends:
        with pytest.raises(ConnectionRejected) as refused:
            async with open_socket(ADDRESS):
                pytest.fail("it must not get here")
        assert (refused.value.status_code, refused.value.body) == (403, b"the token has expired")
        assert is_closed(ends[0])


async def test_when_the_server_closes_first_the_stream_is_closed_too(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """trio-websocket alone would leave it to the garbage collector."""

    async def close(stream: Stapled, nursery: trio.Nursery) -> None:
        socket = await (await upgrade(stream, nursery)).accept(subprotocol=SUBPROTOCOL)
        await socket.aclose(4022, "be gone")

    async with serving(close, monkeypatch) as ends:
        async with open_socket(ADDRESS) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.get_message()
            assert closed.value.reason is not None
            assert (closed.value.reason.code, closed.value.reason.reason) == (4022, "be gone")
        assert is_closed(ends[0])


async def test_a_server_that_never_answers_the_close_does_not_hold_us(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def freeze(stream: Stapled, nursery: trio.Nursery) -> None:
        async with trio.open_nursery() as reader:
            await (await upgrade(stream, reader)).accept(subprotocol=SUBPROTOCOL)
            reader.cancel_scope.cancel()

    async with serving(freeze, monkeypatch) as ends:
        start = trio.current_time()
        async with open_socket(ADDRESS):
            pass
        assert trio.current_time() - start <= CLOSE_WITHIN_S + 0.1
        assert is_closed(ends[0])


async def test_an_error_in_the_block_comes_out_as_it_is(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async with serving(echo, monkeypatch) as ends:
        with pytest.raises(ZeroDivisionError):
            async with open_socket(ADDRESS):
                raise ZeroDivisionError
        assert is_closed(ends[0])


async def test_a_cancelled_block_closes_at_once(monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock) -> None:
    async with serving(echo, monkeypatch) as ends:
        with trio.move_on_after(1.0):
            async with open_socket(ADDRESS):
                await trio.sleep_forever()
        assert is_closed(ends[0])


async def test_a_server_that_does_not_speak_tls_is_not_trusted(autojump_clock: MockClock) -> None:
    client, server = memory_stream_pair()

    async def talk_plain() -> None:
        await server.receive_some()
        await server.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk_plain)
        with pytest.raises(NotTrusted, match="TLS"):
            await dial._encrypt(client, "game.example", ssl.create_default_context())  # type: ignore[arg-type]
    assert is_closed(client)


async def test_a_server_that_hangs_up_in_the_tls_handshake_may_be_tried_again(autojump_clock: MockClock) -> None:
    client, server = memory_stream_pair()
    await server.aclose()
    with pytest.raises(HandshakeError, match="hung up") as failed:
        await dial._encrypt(client, "game.example", None)  # type: ignore[arg-type]
    assert not isinstance(failed.value, NotTrusted)
    assert is_closed(client)


@pytest.mark.parametrize(
    ("url", "authority", "port", "resource", "secure"),
    [
        ("ws://a.example/ws", "a.example", 80, "/ws", False),
        ("wss://a.example/ws", "a.example", 443, "/ws", True),
        ("ws://127.0.0.1:8000", "127.0.0.1:8000", 8000, "/", False),
        ("ws://[::1]:8000/ws?x=1", "[::1]:8000", 8000, "/ws?x=1", False),
        ("wss://a.example:80/", "a.example:80", 80, "/", True),
    ],
)
def test_addresses(url: str, authority: str, port: int, resource: str, secure: bool) -> None:
    address = parse(url)
    assert (address.authority, address.port, address.resource, address.secure) == (authority, port, resource, secure)


@pytest.mark.parametrize(
    "url", ["", "http://a.example/ws", "ws://", "ws:///ws", "ws://a:notaport/", "game.example:8000"]
)
def test_what_is_no_address_says_what_to_write(url: str) -> None:
    with pytest.raises(ValueError, match="write ws://host:port/ws"):
        parse(url)
