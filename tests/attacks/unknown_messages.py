"""Messages that no rule knows, from 40 players: on a server that records, each is written to the disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.protocol.constants import ClientMessage
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, in_parallel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.attack.target import Target

PLAYERS: Final = 40
PER_S: Final = 15
"""In the limit on bytes of each link."""
MESSAGE: Final = "x" * 3_900
ATTACK_S: Final = 12.0
MIN_BYTES: Final = 16e6
MAX_BYTES: Final = 18e6
"""The room's recording ends at 16 MiB a minute; the rest is for other rooms."""
SAID: Final = b"bytes in a minute"


async def send(target: Target, source: str, sent: list[int]) -> None:
    """Join the bystanders' room, and send messages that mean nothing there."""
    wire, _ = await target.join(source, "arena", buffer=4_096)
    while True:
        await wire.send(ClientMessage.MESSAGE, "no such message", MESSAGE)
        sent[0] += len(MESSAGE)
        await trio.sleep(1 / PER_S)


async def attack(target: Target) -> str:
    """Send for some seconds, and see how much is written."""
    assert target.folder is not None, "what a server that was started elsewhere records is not known"
    sent = [0]
    async with in_parallel(*(partial(send, target, address(n), sent) for n in range(PLAYERS)), pause_s=0.2):
        await trio.sleep(ATTACK_S)
    written = size(target.folder)
    assert written < MAX_BYTES, f"{written / 1e6:.0f} MB of {sent[0] / 1e6:.0f} MB were recorded"
    said = SAID in target.log()
    assert said or written < MIN_BYTES, "the log does not say that the recording has ended"
    return f"of {sent[0] / 1e6:.0f} MB, {written / 1e6:.0f} MB were recorded{', and the log says why no more' * said}"


def size(folder: Path) -> int:
    """How many bytes the files below a folder have."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


ATTACK: Final = Attack("unknown_messages", "messages that no rule knows, to fill the recordings", attack, record=True)

if __name__ == "__main__":
    main(ATTACK)
