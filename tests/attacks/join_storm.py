"""Join and leave the room of the bystanders as often as the server takes it, from one address and from twenty."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel

if TYPE_CHECKING:
    from tests.support.attack.target import Target

ADDRESSES: Final = 20
TASKS: Final = 60
ABROAD_S: Final = 3.0
"""How long the victim has no link."""


async def come_and_go(target: Target, source: str) -> None:
    """Join, and vanish at once."""
    wire, _ = await target.join(source, "arena")
    await trio.aclose_forcefully(wire.stream)


async def attack(target: Target) -> str:
    """Storm, and see that a session that lost its link meanwhile comes back."""
    wire, welcome = await target.join(address(1_000), "arena")
    await trio.aclose_forcefully(wire.stream)
    async with in_parallel(*(partial(come_and_go, target, address(n % ADDRESSES)) for n in range(TASKS))):
        await trio.sleep(ABROAD_S)
        await target.resume(address(1_000), welcome["token"])
        await trio.sleep(ABROAD_S)
    return "a session that had lost its link came back"


ATTACK: Final = Attack("join_storm", "joining and leaving the bystanders' room as often as it goes", attack)

if __name__ == "__main__":
    main(ATTACK)
