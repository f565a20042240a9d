"""The server's end of TLS, against the client's end of `ssl`, in memory."""

from __future__ import annotations

import contextlib
import resource
import ssl
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.tls import TlsConnection, TlsStream
from gameserver.net.tls_transport import MAX_ANSWERS, TlsWriter
from gameserver.net.turnstile import PacedStream, Turnstile
from tests.support.link_rig import tls_contexts


class Client:
    """The other end, without a socket."""

    def __init__(self) -> None:
        context, of_server = tls_contexts()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.server = TlsConnection(of_server)

    def shake_hands(self) -> None:
        """Bring the connection up."""
        is_done = False
        while not is_done:
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.do_handshake()
            is_done = self.server.shake_hands(self.outgoing.read())
            self.incoming.write(self.server.take_outgoing())

    def encrypt(self, data: bytes) -> bytes:
        """What the client sends for `data`."""
        self.tls.write(data)
        return self.outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """What the client reads in `data`."""
        self.incoming.write(data)
        parts: list[bytes] = []
        while True:
            try:
                parts.append(self.tls.read(65_536))
            except ssl.SSLWantReadError:
                return b"".join(parts)


@given(messages=st.lists(st.binary(min_size=1, max_size=40_000), max_size=4), data=st.data())
def test_whatever_way_the_bytes_are_cut_all_come_out_in_order(messages: list[bytes], data: st.DataObject) -> None:
    client = Client()
    client.shake_hands()
    encrypted = b"".join(client.encrypt(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encrypted)), max_size=6)))
    pieces = [encrypted[start:end] for start, end in zip([0, *cuts], [*cuts, len(encrypted)], strict=True)]
    assert b"".join(client.server.decrypt(piece) for piece in pieces) == b"".join(messages)
    assert client.decrypt(b"".join(client.server.encrypt(message) for message in messages)) == b"".join(messages)


def test_the_end_that_the_client_announces_is_known_after_what_came_before() -> None:
    client = Client()
    client.shake_hands()
    last = client.encrypt(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    assert client.server.decrypt(last + client.outgoing.read()) == b"last"
    assert client.server.closed


def test_after_the_server_has_ended_its_half_the_client_is_still_read() -> None:
    client = Client()
    client.shake_hands()
    assert client.server.end() != b""
    assert client.server.decrypt(client.encrypt(b"one more")) == b"one more"


def test_damaged_bytes_are_an_error_and_answered_with_an_alert() -> None:
    client = Client()
    client.shake_hands()
    data = bytearray(client.encrypt(b"hello"))
    data[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        client.server.decrypt(bytes(data))
    assert client.server.take_outgoing() != b""


async def test_a_request_that_comes_with_the_last_bytes_of_the_handshake_is_read() -> None:
    """As browsers send it."""
    client, (near, far) = Client(), trio.testing.memory_stream_pair()
    stream = TlsStream(PacedStream(near, Turnstile()), tls_contexts()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.do_handshake)
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.do_handshake()
        await far.send_all(client.outgoing.read())
        client.incoming.write(await far.receive_some())
        client.tls.do_handshake()
        client.tls.write(b"GET /")
        await far.send_all(client.outgoing.read())
    with trio.fail_after(1):
        assert await stream.receive_some(3) == b"GET"
        assert await stream.receive_some() == b" /"


class Kernel:
    """A socket's buffer: it takes so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""

    def send(self, data: bytes | memoryview) -> int:
        """Take what there is room for."""
        if not self.room:
            raise BlockingIOError
        count = min(self.room, len(data))
        self.room -= count
        self.taken += data[:count]
        return count


def test_what_the_kernel_does_not_take_leaves_first_and_nothing_else_is_encrypted_meanwhile() -> None:
    client, kernel = Client(), Kernel(100)
    client.shake_hands()
    writer = TlsWriter(client.server, kernel.send)
    assert writer.send(bytes(500)) == 500
    assert writer.unsent
    with pytest.raises(BlockingIOError):
        writer.send(b"second")
    kernel.room = 10_000
    assert writer.send(b"third") == 5
    assert not writer.unsent
    assert client.decrypt(kernel.taken) == bytes(500) + b"third"


def test_a_large_message_leaves_no_large_buffer_behind() -> None:
    client = Client()
    client.shake_hands()
    before = rss()
    others = [Client() for _ in range(10)]
    for other in others:
        other.shake_hands()
        assert len(other.server.encrypt(bytes(4_000_000))) > 4_000_000
    assert rss() - before < 20_000_000


def rss() -> int:
    """The memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Answering:
    """Has an answer each time, as to a client that changes keys again and again."""

    has_answer = True

    def take_outgoing(self) -> bytes:
        """One answer."""
        return b"answer"


def test_answers_to_a_client_that_does_not_read_are_bounded() -> None:
    kernel = Kernel(0)
    writer = TlsWriter(Answering(), kernel.send)  # type: ignore[arg-type]
    assert [writer.answer() for _ in range(MAX_ANSWERS + 1)] == [True] * MAX_ANSWERS + [False]
    kernel.room = 100_000
    assert writer.flush()
    for _ in range(2 * MAX_ANSWERS):
        assert writer.answer(), "each has left at once"
    kernel.room = 0
    assert writer.answer()
