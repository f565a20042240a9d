"""Rules that raise what ends a process, call themselves without end, or send 100 MB, in rooms beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage, CloseCode
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, leave, plays, within

if TYPE_CHECKING:
    from tests.support.attack.target import Target

MISTAKES: Final = ("raise", "exit", "interrupt", "recurse", "shout")
ROUNDS: Final = 4
PAYLOAD: Final = "\x1b[2J\r\n2026-01-01 forged"


async def attack(target: Target) -> str:
    """Make each mistake happen, and see that its room ends and the process does not."""
    before = {worker["pid"]: worker["restarts"] for worker in (await target.statistics()).get("workers", [])}
    for number in range(ROUNDS):
        for mistake in MISTAKES:
            wire, _ = await target.join(address(number), "fragile")
            await wire.send(ClientMessage.MESSAGE, mistake, PAYLOAD)
            with within(5.0, f"the end of a room after {mistake!r}"):
                code = await wire.close_code()
            assert code == CloseCode.ROOM_FAILED, f"{mistake!r} ended with {code}"
            await trio.aclose_forcefully(wire.stream)
    after = await target.statistics()
    assert before == {worker["pid"]: worker["restarts"] for worker in after.get("workers", [])}, "a worker has ended"
    assert not await target.rooms("fragile"), "a room that failed is still there"
    wire, _ = await target.join(address(1_000), "fragile")
    await plays(wire)
    await leave(wire)
    return f"{ROUNDS * len(MISTAKES)} rooms ended with 4021; no process did, and a new room of that kind runs"


ATTACK: Final = Attack("failing_rules", "rules that raise SystemExit, recurse, or broadcast 100 MB", attack)

if __name__ == "__main__":
    main(ATTACK)
