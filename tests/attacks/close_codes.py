"""Clients that close with codes of their own choosing, such as the server's alarm that rules have raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, leave
from tests.support.websocket_frames import client_close

if TYPE_CHECKING:
    from tests.support.attack.target import Target

CODES: Final = (1000, 1001, 1011, *range(3_000, 3_100), *range(4_000, 4_100), 4_999)
ADDRESSES: Final = 20
PEER: Final = 'link_closes_total{code="peer"}'


async def attack(target: Target) -> str:
    """Close with each code, before and after joining, and see under which names the closes are counted."""
    before = await target.metrics()
    for number, code in enumerate(CODES):
        source = address(number % ADDRESSES)
        wire = await target.wire(source) if number % 2 else (await target.join(source, "arena"))[0]
        await wire.write(client_close(code))
        await wire.close_code()
        await trio.aclose_forcefully(wire.stream)
    after = await target.metrics()
    closes = {name for name in after if name.startswith("link_closes_total") and after[name] > before.get(name, 0.0)}
    assert closes == {PEER}, f"closes by clients are counted as {sorted(closes)}"
    assert after[PEER] - before.get(PEER, 0.0) == len(CODES)
    wire, _ = await target.join(address(1_000), "arena")
    await leave(wire)
    return f"{len(CODES)} close codes of clients are counted as one: peer"


ATTACK: Final = Attack("close_codes", "clients that close with the server's own codes, 4021 among them", attack)

if __name__ == "__main__":
    main(ATTACK)
