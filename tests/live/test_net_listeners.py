"""The options and limits of sockets before the first byte is read."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio

from gameserver.net import NetSettings
from gameserver.net.listeners import accept_forever, open_listeners, tune

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def accepted() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client that reads nothing, with a small window, and the server's end of its connection."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()) as ours:
            ours.setblocking(False)
            theirs, _ = listener.accept()
            with theirs:
                yield ours, theirs


async def test_the_kernel_keeps_little_for_a_client_that_does_not_read(
    accepted: tuple[socket.socket, socket.socket],
) -> None:
    """What waits there is old when it leaves. Without the option the kernel takes megabytes, with trio's 16 KiB 22,000
    bytes.
    """
    ours, _ = accepted
    tune(ours, NetSettings().notsent_lowat_bytes)
    taken = 0
    for _ in range(1_000):
        try:
            taken += ours.send(bytes(400))
        except BlockingIOError:
            await trio.sleep(0.001)
    assert taken < 14_000


async def test_small_messages_do_not_wait_for_each_other(accepted: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = accepted
    tune(ours, 4_096)
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_name_with_several_addresses_gets_one_port() -> None:
    listeners = await open_listeners(NetSettings(host="localhost", port=0))
    try:
        assert len({listener.getsockname()[1] for listener in listeners}) == 1
    finally:
        for listener in listeners:
            listener.close()


@pytest.mark.parametrize("host", ["::", "[::]", "0:0::0"])
async def test_all_addresses_are_those_of_ipv6_and_ipv4(host: str) -> None:
    """Each client's address comes in its own family's spelling."""
    listeners = await open_listeners(NetSettings(host=host, port=0))
    port = listeners[0].getsockname()[1]
    seen: list[str] = []

    def note(sock: socket.socket, remote: str) -> None:
        seen.append(remote)
        sock.close()

    async with trio.open_nursery() as nursery:
        for listener in listeners:
            nursery.start_soon(accept_forever, listener, note)
        for address in ("127.0.0.1", "::1"):
            async with await trio.open_tcp_stream(address, port) as stream:
                assert await stream.receive_some(1) == b""
        nursery.cancel_scope.cancel()
    for listener in listeners:
        listener.close()
    assert seen == ["127.0.0.1", "::1"]


class Resolver(trio.abc.HostnameResolver):
    """Resolves every name to the same addresses, the first of which can be none of this machine."""

    async def getaddrinfo(self, host: Any, port: Any, family: Any = 0, *more: Any) -> list[Any]:
        here = [] if host == b"elsewhere.test" else [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", port, 0, 0)), *here]

    async def getnameinfo(self, *arguments: Any) -> tuple[str, str]:
        raise NotImplementedError


async def test_addresses_of_a_name_that_this_machine_does_not_have_are_left_out() -> None:
    """`localhost` has an IPv6 address also where IPv6 is turned off."""
    trio.socket.set_custom_hostname_resolver(Resolver())
    (listener,) = await open_listeners(NetSettings(host="both.test", port=0))
    assert listener.getsockname()[0] == "127.0.0.1"
    listener.close()
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number says which
        await open_listeners(NetSettings(host="elsewhere.test", port=0))
    assert caught.value.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    (first,) = await open_listeners(NetSettings(port=0))
    with first, pytest.raises(OSError, match="in use") as caught:
        await open_listeners(NetSettings(port=first.getsockname()[1]))
    assert caught.value.errno == errno.EADDRINUSE


async def test_accepting_goes_on_when_file_descriptors_run_out(caplog: pytest.LogCaptureFixture) -> None:
    (listener,) = await open_listeners(NetSettings(port=0))
    taken: list[socket.socket] = []

    class Exhausted:
        """A listener that has run out once."""

        fails = 1

        def fileno(self) -> int:
            return listener.fileno()

        def accept(self) -> tuple[socket.socket, object]:
            if self.fails:
                self.fails -= 1
                raise OSError(errno.EMFILE, "too many open files")
            return listener.accept()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept_forever, cast("socket.socket", Exhausted()), lambda sock, _peer: taken.append(sock))
        with socket.create_connection(listener.getsockname()), trio.fail_after(5):
            while not taken:  # noqa: ASYNC110 - a listener has no event for it
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert "cannot accept" in caplog.text
    listener.close()
    taken[0].close()
