"""Join and leave the bystanders' room as often as the server takes it, while sessions without a link come back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel, plays

if TYPE_CHECKING:
    from tests.support.attack.target import Target

ADDRESSES: Final = 20
TASKS: Final = 60
VICTIMS: Final = 5
AWAY_S: Final = 3.0
"""How long a victim has no link, each time."""
TIMES: Final = 2


async def come_and_go(target: Target, source: str, *, politely: bool) -> None:
    """Join, and leave or vanish at once."""
    wire, _ = await target.join(source, "arena")
    if politely:
        await wire.send(ClientMessage.LEAVE)
    await trio.aclose_forcefully(wire.stream)


async def attack(target: Target) -> str:
    """Storm, and see that sessions that lost their link meanwhile come back."""
    victims = [await target.join(address(1_000 + number), "arena") for number in range(VICTIMS)]
    before = (await target.metrics())["joins_total"]
    storm = [partial(come_and_go, target, address(n % ADDRESSES), politely=n % 2 > 0) for n in range(TASKS)]
    async with in_parallel(*storm):
        for _ in range(TIMES):
            for wire, _ in victims:
                await trio.aclose_forcefully(wire.stream)
            await trio.sleep(AWAY_S)
            for number, (_, welcome) in enumerate(victims):
                victims[number] = await target.resume(address(1_000 + number), welcome["token"], welcome["tick"])
            assert all(welcome["resumed"] for _, welcome in victims)
        joins = (await target.metrics())["joins_total"] - before
    for wire, _ in victims:
        await plays(wire)
    return f"{joins:g} joins; {VICTIMS} sessions without a link resumed {TIMES} times among them, and play"


ATTACK: Final = Attack("join_storm", "joining and leaving the bystanders' room as often as it goes", attack)

if __name__ == "__main__":
    main(ATTACK)
