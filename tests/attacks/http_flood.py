"""400 connections from one address that ask for pages without end, and as many from 20 others that ask for metrics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel, join_as_clients_do, leave, until

if TYPE_CHECKING:
    from tests.support.attack.target import Target

CONNECTIONS: Final = 400
OTHERS: Final = 20
AT_ONCE: Final = 20
ATTACK_S: Final = 8.0
VISITORS: Final = 2
WITHIN_S: Final = 30.0
"""The visitors are in the same busy process as the flood: others are served in a fraction of a second."""


async def ask(target: Target, source: str, path: str) -> None:
    """Send requests on one connection, many at once, and read the answers until the server closes."""
    stream = await target.stream(source)
    while True:
        await stream.send_all(target.request(path) * AT_ONCE)
        if not await stream.receive_some(65_536):
            return


async def visit(target: Target, source: str) -> None:
    """Get a page, and a seat. What the server or this busy process was too slow for is tried again."""
    await until(partial(target.page, "/healthz", source), WITHIN_S, "a page")
    wire, _ = await join_as_clients_do(target, source, "arena")
    await leave(wire)


async def attack(target: Target) -> str:
    """Ask from all sides at once, and see that others get pages and seats."""
    flood = [partial(ask, target, address(0), "/healthz") for _ in range(CONNECTIONS)]
    flood += [partial(ask, target, address(1 + n % OTHERS), "/metrics") for n in range(CONNECTIONS)]
    async with in_parallel(*flood, pause_s=0.05):
        for number in range(VISITORS):
            await trio.sleep(ATTACK_S / VISITORS)
            await visit(target, address(1_000 + number))
    return f"{VISITORS} visitors got a page and a seat, each within {WITHIN_S:g} s"


ATTACK: Final = Attack("http_flood", "800 connections that ask for pages without end, 400 of one address", attack)

if __name__ == "__main__":
    main(ATTACK)
