"""256 file descriptors for each of several workers, all taken while links pass from one worker to the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.attacks.descriptors import MAX_FILES, wait
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import Refused, address, in_parallel, join_as_clients_do, leave, plays, welcome

if TYPE_CHECKING:
    from tests.support.attack.target import Target

SILENT: Final = 700
OWNERS: Final = 70
"""They have a room each, in either worker."""
JOINERS: Final = 40
"""Each has an address of its own: of two who have as many connections, either may have to go."""
ADDRESSES: Final = 20
NEWCOMERS: Final = 10
ATTACK_S: Final = 6.0


async def join(target: Target, source: str, cut: list[str]) -> None:
    """Join the one room of all, whichever worker has it, and note if the link is cut without a code."""
    wire = await target.wire(source)
    await wire.send(ClientMessage.JOIN, "square", None, 0, {})
    try:
        await welcome(wire)
    except Refused as error:
        if error.code is None:
            cut.append(source)
        raise
    await leave(wire)


async def attack(target: Target) -> str:
    """Take all descriptors, and see that no worker ends, nobody is cut without a code, and who plays, plays on."""
    owners = [await target.join(address(200 + number % ADDRESSES), "own") for number in range(OWNERS)]
    before = await target.statistics()
    cut: list[str] = []
    joiners = [partial(join, target, address(100 + n), cut) for n in range(JOINERS)]
    silent = [partial(wait, target, address(n % ADDRESSES)) for n in range(SILENT)]
    async with in_parallel(*joiners, *silent, pause_s=0.5):
        await trio.sleep(ATTACK_S)
    for wire, _ in owners:
        await plays(wire)
    for number in range(NEWCOMERS):
        wire, _ = await join_as_clients_do(target, address(1_000 + number), "square")
        await plays(wire)
        await leave(wire)
    after = await target.statistics()
    handovers = after["handovers"] - before["handovers"]
    assert before["workers"] == after["workers"], f"workers have ended: {after['workers']}"
    assert handovers, "no link passed from one worker to the other"
    assert not cut, f"{len(cut)} links were cut without a code"
    return f"{handovers} links passed between workers; {OWNERS} rooms ran on; {NEWCOMERS} newcomers joined and played"


ATTACK: Final = Attack(
    "descriptors_handover",
    "256 descriptors a worker, all taken while links pass between them",
    attack,
    workers=True,
    max_files=MAX_FILES,
)

if __name__ == "__main__":
    main(ATTACK)
