"""1433 sessions that vanish, all of one address: each keeps its seat for the grace time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import Refused, address, in_parallel, plays

if TYPE_CHECKING:
    from tests.support.attack.target import Target

SESSIONS: Final = 1_433
AT_ONCE: Final = 20
ATTACK_S: Final = 15.0
SETTLE_S: Final = 1.0
"""A seat is free at the next tick."""
MAX_SUSPENDED: Final = 64
"""MAX_SUSPENDED_PER_ADDRESS, which holds for each process."""


async def vanish(target: Target, vanished: list[None]) -> None:
    """Join, and be gone without a word."""
    if len(vanished) >= SESSIONS:
        await trio.sleep_forever()
    try:
        wire, _ = await target.join(address(0), "arena")
    except Refused:
        await trio.sleep(0.1)
        return
    vanished.append(None)
    await trio.aclose_forcefully(wire.stream)


async def attack(target: Target) -> str:
    """Vanish again and again, and see how many seats are held, and that another's session is not pushed out."""
    vanished: list[None] = []
    wire, mine = await target.join(address(1_000), "arena")
    await trio.aclose_forcefully(wire.stream)
    async with in_parallel(*[partial(vanish, target, vanished)] * AT_ONCE):
        await trio.sleep(ATTACK_S)
    await trio.sleep(SETTLE_S)
    statistics = await target.statistics()
    held = sum(room["suspended"] for room in statistics["rooms"])
    processes = len(statistics.get("workers", [0]))
    assert held <= MAX_SUSPENDED * processes + 1, f"{held} seats are held for {len(vanished)} sessions that vanished"
    wire, _ = await target.resume(address(1_000), mine["token"])
    await plays(wire)
    return f"{len(vanished)} sessions of one address vanished, {held} keep a seat, and another's session came back"


ATTACK: Final = Attack("suspended_seats", "one address that joins and vanishes, 1433 times if it can", attack)

if __name__ == "__main__":
    main(ATTACK)
