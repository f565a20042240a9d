"""400 connections from one address that ask for pages without end, and as many from 20 others that ask for metrics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel

if TYPE_CHECKING:
    from tests.support.attack.target import Target

CONNECTIONS: Final = 400
OTHERS: Final = 20
AT_ONCE: Final = 20


async def ask(target: Target, source: str, path: str) -> None:
    """Send requests on one connection, many at once, and read the answers until the server closes."""
    stream = await target.stream(source)
    while True:
        await stream.send_all(target.request(path) * AT_ONCE)
        if not await stream.receive_some(65_536):
            return


async def attack(target: Target) -> None:
    """Ask from all sides at once."""
    flood = [partial(ask, target, address(0), "/healthz") for _ in range(CONNECTIONS)]
    flood += [partial(ask, target, address(1 + n % OTHERS), "/metrics") for n in range(CONNECTIONS)]
    async with in_parallel(*flood, pause_s=0.05):
        await trio.sleep_forever()


ATTACK: Final = Attack("http_flood", "800 connections that ask for pages without end, 400 of one address", attack)

if __name__ == "__main__":
    main(ATTACK)
