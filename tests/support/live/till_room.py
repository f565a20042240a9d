"""A room that lasts and books outside what it is sent; the test is the bank."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

import trio

from gameserver import Listing, Room

if TYPE_CHECKING:
    from collections.abc import Mapping

BANK_PORT = "TILL_BANK_PORT"
"""The environment variable with the bank's port."""


async def book(key: str, amount: int) -> str:
    """Send the bank a payment, and return its answer."""
    stream = await trio.open_tcp_stream("127.0.0.1", int(os.environ[BANK_PORT]))
    async with stream:
        await stream.send_all(f"{key} {amount}\n".encode())
        answer = b"".join([bytes(data) async for data in stream]).decode()
    if not answer:
        raise OSError("the bank hung up")
    return answer


class TillListing(Listing):
    booked: str = ""


class Till(Room):
    lasting = True
    single = True
    empty_close_s = 3600.0
    listing = TillListing()
    commands: ClassVar[Mapping[str, Any]] = {"pay": int, "pay_and_close": int}

    def on_command(self, name: str, payload: Any) -> None:
        self.effect(book, payload, then=self.note)
        if name == "pay_and_close":
            self.close()

    def note(self, answer: str) -> None:
        self.listing.booked = answer
