"""4 KB of nested lists, which are dear to check: from 24 links of one address, as often as the limits allow.

Also from one client that reconnects again and again and spends its burst each time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel

if TYPE_CHECKING:
    from tests.support.attack.target import Target

LINKS: Final = 24
MESSAGE_BYTES: Final = 4_000


def payload() -> list[object]:
    """As many values as a message of this size holds."""
    return [[[[1]]]] * (MESSAGE_BYTES // 4)


async def send(target: Target, source: str, count: int, pause_s: float) -> None:
    """Join, and send messages that no rule knows."""
    wire, _ = await target.join(source, "arena")
    for _ in range(count):
        await wire.send(ClientMessage.MESSAGE, "x", payload())
        await trio.sleep(pause_s)
    await trio.aclose_forcefully(wire.stream)


async def attack(target: Target) -> None:
    """Send from many links, and from one that comes again and again."""
    steady = [partial(send, target, address(0), 200, 0.06) for _ in range(LINKS)]
    async with in_parallel(*steady, partial(send, target, address(1), 30, 0.0), pause_s=0.1):
        await trio.sleep_forever()


ATTACK: Final = Attack("dear_messages", "nested messages of 4 KB, from 24 links and from one that reconnects", attack)

if __name__ == "__main__":
    main(ATTACK)
