"""What a client leaves behind is freed at once, without the garbage collector, which halts every room."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest
import trio

from gameserver.hub.peer import Peer
from gameserver.net.link import Link
from gameserver.net.transport import Transport
from gameserver.protocol.constants import ClientMessage, Limits, Role
from gameserver.room.player import Player
from gameserver.room.session import Session
from tests.support.live.server import TRANSPORTS, Dot, Wire, serving, until
from tests.support.websocket_frames import client_close

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.net.settings import TransportMode

CLIENTS: Final = 5
OF_A_CLIENT: Final = (Link, Transport, Peer, Session, Player, Dot)


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive() -> Counter[str]:
    """How many objects there are of each class that a client has one of."""
    return Counter(type(found).__name__ for found in gc.get_objects() if isinstance(found, OF_A_CLIENT))


async def playing(port: int) -> Wire:
    """A client that has joined."""
    wire = await Wire.open(port)
    await wire.send(ClientMessage.JOIN, "meadow", None, int(Role.PLAYER), {})
    assert await wire.next_frame() is not None
    return wire


async def end(wire: Wire, how: str) -> None:
    """End a client's link in one of the ways in which links end."""
    match how:
        case "closes":
            await wire.write(client_close(1000))
        case "leaves":
            await wire.send(ClientMessage.LEAVE)
        case "breaks a rule":
            await wire.send(99)
        case "vanishes":
            await trio.aclose_forcefully(wire.stream)


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("how", ["closes", "leaves", "breaks a rule", "vanishes"])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_clients_that_are_gone_leave_no_cycles(transport: TransportMode, how: str) -> None:
    before = alive()
    async with serving(transport, limits=Limits(resume_grace_s=0.1)) as server:
        wires = [await playing(server.port) for _ in range(CLIENTS)]
        assert min((alive() - before)[cls.__name__] for cls in (Link, Peer, Session, Player, Dot)) >= CLIENTS
        for wire in wires:
            await end(wire, how)
        # a loop, or a tick, still holds what it looked at last
        await until(lambda: max((alive() - before).values(), default=0) <= 1)
