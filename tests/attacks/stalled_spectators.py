"""60 spectators that stop reading while players send as many large events as the limits allow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage, Role
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel

if TYPE_CHECKING:
    from tests.support.attack.target import Target

SPECTATORS: Final = 60
PLAYERS: Final = 20
MESSAGE: Final = "x" * 3_900
BUFFER_BYTES: Final = 4_096
PER_S: Final = 15
"""In the limit on bytes."""
MAX_GROWTH_BYTES: Final = 150e6


async def stall(target: Target, source: str) -> None:
    """Watch without reading."""
    await target.join(source, "square", role=Role.SPECTATOR, buffer=BUFFER_BYTES)
    await trio.sleep_forever()


async def shout(target: Target, source: str) -> None:
    """Have the room repeat large messages to everyone."""
    wire, _ = await target.join(source, "square", buffer=BUFFER_BYTES)
    while True:
        await wire.send(ClientMessage.MESSAGE, "x", MESSAGE)
        await trio.sleep(1 / PER_S)


async def attack(target: Target) -> str:
    """Stall and shout, and watch the server's memory."""
    before = (await target.metrics()).get("resident_bytes", 0.0)
    actions = [partial(stall, target, address(n)) for n in range(SPECTATORS)]
    actions += [partial(shout, target, address(100 + n)) for n in range(PLAYERS)]
    async with in_parallel(*actions, pause_s=0.5):
        await trio.sleep(6.0)
        grown = (await target.metrics()).get("resident_bytes", 0.0) - before
    assert grown < MAX_GROWTH_BYTES, f"the server's memory grew by {grown / 1e6:.0f} MB"
    return f"memory grew by {grown / 1e6:.0f} MB"


ATTACK: Final = Attack("stalled_spectators", "60 spectators that stop reading among 20 players who shout", attack)

if __name__ == "__main__":
    main(ATTACK)
