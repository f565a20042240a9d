"""Storms of joins while workers are killed and the director stands still: seats are promised that nobody takes."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel, join_as_clients_do, leave, plays, welcome

if TYPE_CHECKING:
    from tests.support.attack.target import Target

ADDRESSES: Final = 5
TASKS: Final = 20
KILLS: Final = 3
BETWEEN_S: Final = 1.5
STANDSTILL_S: Final = 3.0
PROMISED_S: Final = 16.0
"""For longer, no seat is promised to a link that does not come."""
JOINERS: Final = 50
SEATS: Final = 10
"""Of a room of the kind `few`."""


async def come_and_go(target: Target, source: str, *, politely: bool) -> None:
    """Ask for a seat, and leave it, or be gone before it is given."""
    wire = await target.wire(source)
    await wire.send(ClientMessage.JOIN, "few", None, 0, {})
    if politely:
        await welcome(wire)
        await leave(wire)
    else:
        await wire.send(ClientMessage.LEAVE)


async def kill_a_worker(target: Target) -> None:
    """Kill a worker that does not have the room of the bystanders."""
    statistics = await target.statistics()
    theirs = {room["worker"] for room in statistics["rooms"] if room["kind"] == "arena"}
    for worker in statistics["workers"]:
        if worker["worker"] not in theirs and worker["up"]:
            os.kill(worker["pid"], signal.SIGKILL)
            return


async def attack(target: Target) -> str:
    """Storm, kill and stop, and see that no seat is lost by it."""
    assert target.server is not None, "workers and director are processes of a server that was started here"
    storm = [partial(come_and_go, target, address(n % ADDRESSES), politely=n % 2 > 0) for n in range(TASKS)]
    async with in_parallel(*storm, pause_s=0.1):
        for _ in range(KILLS):
            await trio.sleep(BETWEEN_S)
            await kill_a_worker(target)
        await trio.sleep(BETWEEN_S)
        target.server.process.send_signal(signal.SIGSTOP)
        await trio.sleep(STANDSTILL_S)
        target.server.process.send_signal(signal.SIGCONT)
        await trio.sleep(BETWEEN_S)
    await trio.sleep(PROMISED_S)
    before = await free_seats(target)
    for number in range(JOINERS):
        wire, _ = await join_as_clients_do(target, address(1_000 + number), "few")
        await plays(wire)
    after = await free_seats(target)
    opened = [room for room in after if room not in before]
    needed = max(0, -(-(JOINERS - sum(before.values())) // SEATS))
    assert len(opened) <= needed, f"{JOINERS} players opened {len(opened)} rooms, where {needed} were needed: {before}"
    return (
        f"{KILLS} workers were killed; {JOINERS} players took the {min(JOINERS, sum(before.values()))} seats left free"
    )


async def free_seats(target: Target) -> dict[str, int]:
    """How many seats each room of the kind has free. Sessions without a link keep theirs for the grace time."""
    return {room["id"]: SEATS - room["players"] for room in await target.rooms("few")}


ATTACK: Final = Attack(
    "joins_while_workers_die", "storms of joins, workers killed, the director stopped", attack, workers=True
)

if __name__ == "__main__":
    main(ATTACK)
