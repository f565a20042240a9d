"""4 KB of nested lists, which are dear to check: from as many links of one address as it may have, without end.

Also from one client that reconnects again and again and spends its burst each time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel, plays

if TYPE_CHECKING:
    from tests.support.attack.target import Target

LINKS: Final = 100
"""More than one process takes from one address."""
MESSAGE_BYTES: Final = 4_000
VALUES: Final = 480
ATTACK_S: Final = 8.0


def payload() -> list[object]:
    """As many values as a message may have, and as many bytes."""
    nested = [[[[1]]]] * (VALUES // 4)
    return [*nested, "x" * (MESSAGE_BYTES - VALUES)]


async def send(target: Target, source: str, count: int, pause_s: float) -> None:
    """Join, and send messages that no rule knows."""
    wire, _ = await target.join(source, "arena")
    for _ in range(count):
        await wire.send(ClientMessage.MESSAGE, "x", payload())
        await trio.sleep(pause_s)
    await trio.aclose_forcefully(wire.stream)


async def attack(target: Target) -> str:
    """Send from many links and from one that comes again and again, and see that another player plays."""
    steady = [partial(send, target, address(0), 200, 0.06) for _ in range(LINKS)]
    async with in_parallel(*steady, partial(send, target, address(1), 30, 0.0), pause_s=0.1):
        await trio.sleep(ATTACK_S)
        wire, _ = await target.join(address(1_000), "arena")
        await plays(wire)
        limited = await refused(target)
    return f"a newcomer plays in the same room; {limited:g} messages were refused with 4007"


async def refused(target: Target) -> float:
    """How many messages were refused because their sender has sent too much, or too much that is dear."""
    return (await target.metrics()).get('refused_total{code="RATE_LIMITED"}', 0.0)


ATTACK: Final = Attack("dear_messages", "nested messages of 4 KB, from many links and from one that reconnects", attack)

if __name__ == "__main__":
    main(ATTACK)
