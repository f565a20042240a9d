"""Players of a server with several workers, as this process's clients."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from gameserver.client.session import connect
from gameserver.client.session_events import Joined

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gameserver.client.session import Session


class Player:
    """A client that rejoins by itself, and a record of what it has joined."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.joined: list[Joined] = []
        self.codes: list[int | None] = []

    @property
    def room(self) -> str:
        return self.joined[-1].welcome.room

    @property
    def server(self) -> str:
        """The process of its room."""
        return self.joined[-1].welcome.server

    async def play(self, port: int, *, task_status: trio.TaskStatus[Player], room: str | None = None) -> None:
        """Join, and stay until cancelled."""
        async with connect(
            f"ws://127.0.0.1:{port}/ws",
            "small",
            room=room,
            on_event=lambda event: self.joined.append(event) if isinstance(event, Joined) else None,
            on_status=lambda status: self.codes.append(status.code),
        ) as self.session:
            task_status.started(self)
            await trio.sleep_forever()

    async def sees(self, states: int = 2) -> None:
        """Wait for more states."""
        assert self.session is not None
        for _ in range(states):
            with trio.fail_after(10):
                await self.session.updated()


@asynccontextmanager
async def players(port: int, count: int) -> AsyncIterator[list[Player]]:
    """Join `count` players, one after the other."""
    async with trio.open_nursery() as nursery:
        yield [await nursery.start(Player().play, port) for _ in range(count)]
        nursery.cancel_scope.cancel()
