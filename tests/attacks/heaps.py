"""30 links of one address that each send two thousand small messages in the same moment, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgpack
import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import Refused, address, plays, read_on
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    from tests.support.attack.target import Target
    from tests.support.live.server import Wire

LINKS: Final = 30
HEAP: Final = client_frame(msgpack.packb([ClientMessage.PING, 1])) * 2_040
"""As many as the network may have held up for the dead time."""
ROUNDS: Final = 4
PAUSE_S: Final = 2.0
"""Until the address may spend as much again."""


async def attack(target: Target) -> str:
    """Send heaps, and see that another player of that room gets its states meanwhile."""
    wire, _ = await target.join(address(1_000), "arena")
    for _ in range(ROUNDS):
        wires: list[Wire] = []
        for _ in range(LINKS):
            try:
                wires.append((await target.join(address(0), "arena"))[0])
            except Refused:  # for a while, it had as many joins as an address may have
                break
        async with trio.open_nursery() as nursery:
            for one in wires:
                nursery.start_soon(one.write, HEAP)
                nursery.start_soon(read_on, one)
            await trio.sleep(PAUSE_S)
            nursery.cancel_scope.cancel()
        for one in wires:
            await trio.aclose_forcefully(one.stream)
    await plays(wire)
    return f"{ROUNDS} times {LINKS} heaps of messages; another player of the room got its states"


ATTACK: Final = Attack("heaps", "30 links of one address that spend their whole burst in one moment", attack)

if __name__ == "__main__":
    main(ATTACK)
