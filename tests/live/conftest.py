"""What every live test gets: the raw sockets that it left open are closed at its end."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trio

from tests.support.live.server import Wire


@pytest.fixture(autouse=True)
def close_wires() -> Iterator[None]:
    yield
    for wire in Wire.opened:
        assert isinstance(wire.stream, trio.SocketStream)
        with suppress(OSError):  # closed by the test
            os.close(wire.stream.socket.detach())  # outside of trio, whose own `close` works only inside
    Wire.opened.clear()
