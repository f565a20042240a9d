"""Tokens that are signed well, with claims that msgpack cannot carry, on a server that records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.protocol.constants import ClientMessage, CloseCode
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, leave, plays, refusal, welcome

if TYPE_CHECKING:
    from tests.support.attack.target import Target


def nested(depth: int) -> list[Any]:
    """Lists in lists."""
    claim: list[Any] = []
    for _ in range(depth):
        claim = [claim]
    return claim


CANNOT_BE_CARRIED: Final[tuple[dict[str, Any], ...]] = (
    {"name": "\ud800"},
    {"\udfff": 1},
    {"number": 2**64},
    {"number": -(2**63) - 1},
    {"number": float("nan")},
    {"number": float("inf")},
    {"deep": nested(100)},
    {"deep": {"name": ["\ud800"]}},
)
STRANGE: Final[tuple[dict[str, Any], ...]] = (
    {"name": "\0\x1b[2J\u202e"},
    {"number": 2**53 - 1},
    {"__proto__": {"constructor": 1}},
    {"deep": nested(10)},
    {"sub": ""},
    {"wide": list(range(1_000))},
)
JOINS: Final = 60
SEATS: Final = 10
"""Of a room of the kind `few`."""


async def enter(target: Target, source: str, kind: str, claims: dict[str, Any]) -> None:
    """Join with a token, play and leave. Raises Refused if the server does not let in."""
    wire = await target.wire(source, request=target.upgrade(token=target.signed(**claims)))
    await wire.send(ClientMessage.JOIN, kind, None, 0, {})
    await welcome(wire)
    await plays(wire)
    await leave(wire)


async def attack(target: Target) -> str:
    """Join the bystanders' room with each, many at once, and see that no seat is lost by it."""
    codes: list[int | None] = []

    async def join(number: int) -> None:
        claims = CANNOT_BE_CARRIED[number % len(CANNOT_BE_CARRIED)]
        codes.append(await refusal(enter(target, address(number), ("arena", "few")[number % 2], claims)))

    async with trio.open_nursery() as nursery:
        for number in range(JOINS):
            nursery.start_soon(join, number)
    assert set(codes) == {CloseCode.FORBIDDEN}, f"claims that cannot be carried got {set(codes)}"
    for number, claims in enumerate(STRANGE):
        code = await refusal(enter(target, address(number), "arena", claims))
        assert code in (None, CloseCode.FORBIDDEN, 431), f"the claims of {list(claims)} got {code}"
    before = await target.statistics()
    async with trio.open_nursery() as nursery:
        for number in range(SEATS):
            nursery.start_soon(partial(enter, target, address(100 + number), "few", {"name": f"player {number}"}))
        await trio.sleep(0.1)
    rooms = (await target.statistics())["rooms_opened"] - before["rooms_opened"]
    assert rooms == 1, f"{SEATS} players got {rooms} rooms of {SEATS} seats: seats are lost"
    return f"{JOINS} joins were refused with 4016, and {SEATS} players share a room of {SEATS} seats afterwards"


ATTACK: Final = Attack(
    "strange_claims", "signed tokens with claims that cannot be carried", attack, auth=True, record=True
)

if __name__ == "__main__":
    main(ATTACK)
