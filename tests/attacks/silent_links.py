"""64 links that never say anything from each of 20 addresses, and 64 more from as many addresses of one /64."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import PROXY, Refused, address, in_parallel

if TYPE_CHECKING:
    from tests.support.attack.target import Target

ADDRESSES: Final = 20
LINKS: Final = 64
NEWCOMERS: Final = 10


async def be_silent(target: Target, source: str, *lines: str) -> None:
    """Open a link, say nothing, and come again when it ends."""
    wire = await target.wire(source, *lines)
    await wire.close_code()


async def attack(target: Target) -> str:
    """Take all places, and see that newcomers find one."""
    silent = [partial(be_silent, target, address(n)) for n in range(ADDRESSES) for _ in range(LINKS)]
    silent += [partial(be_silent, target, PROXY, f"X-Forwarded-For: 2001:db8:0:7::{n + 1:x}") for n in range(LINKS)]
    async with in_parallel(*silent):
        await trio.sleep(3.0)
        refused = []
        for number in range(NEWCOMERS):
            try:
                wire, _ = await target.join(address(1_000 + number))
                await trio.aclose_forcefully(wire.stream)
            except Refused as error:
                refused.append(str(error))
            await trio.sleep(0.1)
    assert not refused, f"{len(refused)} of {NEWCOMERS} newcomers were refused: {refused[0]}"
    return f"{NEWCOMERS} newcomers joined"


ATTACK: Final = Attack("silent_links", "1280 links that never join, from 20 addresses and one IPv6 network", attack)

if __name__ == "__main__":
    main(ATTACK)
