"""Three addresses that make as many arenas as they may, with one player in each: each takes time at every tick."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import Refused, address, in_parallel, plays, read_on, welcome

if TYPE_CHECKING:
    from tests.support.attack.target import Target

ADDRESSES: Final = 3
ROOMS: Final = 40
ATTACK_S: Final = 10.0
MAX_ROOMS: Final = 32
"""MAX_ROOMS_PER_ADDRESS."""


async def make(target: Target, source: str, made: list[None]) -> None:
    """Make a room, play in it, and stay."""
    wire = await target.wire(source)
    await wire.send(ClientMessage.JOIN, "arena", {"create": {}}, 0, {})
    try:
        await welcome(wire)
    except Refused:
        await trio.sleep(1.0)
        raise
    made.append(None)
    await read_on(wire)


async def attack(target: Target) -> str:
    """Make rooms, and see that there are no more than allowed, and that another player joins and plays."""
    made: list[None] = []
    makers = [partial(make, target, address(n % ADDRESSES), made) for n in range(ADDRESSES * ROOMS)]
    async with in_parallel(*makers, pause_s=0.2):
        await trio.sleep(ATTACK_S)
        running = len(await target.rooms("arena"))
        wire, _ = await target.join(address(1_000), "arena")
        await plays(wire)
    assert made, "nobody could make a room"
    processes = len((await target.statistics()).get("workers", [0]))
    most = ADDRESSES * MAX_ROOMS * processes + 1
    assert running <= most, f"{running} rooms run; {ADDRESSES} addresses may have {most}"
    return f"{ADDRESSES} addresses had {running} rooms, and another player joined and played"


ATTACK: Final = Attack("many_rooms", "three addresses that make as many rooms as they may", attack)

if __name__ == "__main__":
    main(ATTACK)
