"""256 file descriptors: connections that wait, and joins that each make a room, take more than there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel, join_as_clients_do, leave, plays

if TYPE_CHECKING:
    from tests.support.attack.target import Target

MAX_FILES: Final = 256
SILENT: Final = 400
OWNERS: Final = 40
"""They have a room each, which takes descriptors besides the connection's, before the attack."""
MAKERS: Final = 80
"""They make rooms during it."""
ADDRESSES: Final = 20
NEWCOMERS: Final = 10
ATTACK_S: Final = 6.0


async def wait(target: Target, source: str) -> None:
    """Connect, and come again when the server closes."""
    stream = await target.tcp(source)
    await stream.receive_some(1)


async def make_room(target: Target, source: str) -> None:
    """Open a room and play in it, and leave."""
    wire, _ = await target.join(source, "own")
    await plays(wire)
    await leave(wire)


async def attack(target: Target) -> str:
    """Take all descriptors, and see that rooms are there whole or not at all, and that all is well afterwards."""
    owners = [await target.join(address(200 + number % ADDRESSES), "own") for number in range(OWNERS)]
    makers = [partial(make_room, target, address(100 + n % ADDRESSES)) for n in range(MAKERS)]
    silent = [partial(wait, target, address(n % ADDRESSES)) for n in range(SILENT)]
    async with in_parallel(*makers, *silent, pause_s=0.5):
        await trio.sleep(ATTACK_S)
    for wire, _ in owners:
        await plays(wire)
    ticks = {room["id"]: room["tick"] for room in await target.rooms("own")}
    assert len(ticks) >= OWNERS, f"{OWNERS - len(ticks)} rooms have ended"
    for number in range(NEWCOMERS):
        wire, _ = await join_as_clients_do(target, address(1_000 + number), "square")
        await plays(wire)
        await leave(wire)
    stopped = [room["id"] for room in await target.rooms("own") if room["tick"] <= ticks.get(room["id"], -1)]
    assert not stopped, f"{len(stopped)} of {len(ticks)} rooms have stopped"
    return f"{OWNERS} rooms ran on; afterwards {NEWCOMERS} newcomers joined without naming a room, and played"


ATTACK: Final = Attack("descriptors", "256 descriptors, all taken while joins make rooms", attack, max_files=MAX_FILES)

if __name__ == "__main__":
    main(ATTACK)
