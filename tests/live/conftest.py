"""What live tests share: an arena, and the closing of the raw sockets that a test left open."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trio

from tests.support.live.process import ServerProcess
from tests.support.live.server import Wire


@pytest.fixture(autouse=True)
def close_wires() -> Iterator[None]:
    yield
    for wire in Wire.opened:
        assert isinstance(wire.stream, trio.SocketStream)
        with suppress(OSError):  # closed by the test
            os.close(wire.stream.socket.detach())  # outside of trio, whose own `close` works only inside
    Wire.opened.clear()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where an arena listens that all tests of a module share."""
    with ServerProcess() as server:
        yield server.port
