"""Slowloris: connections that send their request one byte at a time, from one address and from twenty."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel, join_as_clients_do, leave

if TYPE_CHECKING:
    from tests.support.attack.target import Target

CONNECTIONS: Final = 800
ADDRESSES: Final = 20
PAUSE_S: Final = 0.5
ATTACK_S: Final = 8.0
NEWCOMERS: Final = 10


async def drip(target: Target, source: str) -> None:
    """Send a request that never ends."""
    stream = await target.stream(source)
    for byte in target.request("/", "X: " + "y" * 1_000):
        await stream.send_all(bytes([byte]))
        await trio.sleep(PAUSE_S)


async def attack(target: Target) -> str:
    """Drip from all sides, and see that newcomers find a place."""
    slow = [partial(drip, target, address(0 if n % 2 else n % ADDRESSES)) for n in range(CONNECTIONS)]
    async with in_parallel(*slow, pause_s=PAUSE_S):
        for number in range(NEWCOMERS):
            await trio.sleep(ATTACK_S / NEWCOMERS)
            wire, _ = await join_as_clients_do(target, address(1_000 + number), "arena")
            await leave(wire)
    return f"{NEWCOMERS} newcomers joined and left"


ATTACK: Final = Attack("slow_heads", "800 connections that send their request a byte at a time", attack)

if __name__ == "__main__":
    main(ATTACK)
