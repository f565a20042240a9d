"""A client that applies an encoder's bodies, and what the server has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.sync.encode.views import ALL, AnyView
from tests.support.sync_world import Message, same

if TYPE_CHECKING:
    from gameserver.sync.decode.decoder import DeltaDecoder
    from gameserver.sync.snapshot import Snapshot


class Viewer:
    """A client, and the base and view that the server has of it."""

    def __init__(self, decoder: DeltaDecoder) -> None:
        self.decoder = decoder
        self.base: Snapshot | None = None
        self.view: AnyView = ALL
        self.state = decoder.empty()

    def apply(self, body: bytes, new: Snapshot, view: AnyView) -> None:
        """Apply a body, and check that the state is exactly what the viewer shall see."""
        self.state = self.decoder.apply(self.state, Message.of(body, new, self.base))
        self.base, self.view = new, view
        expected = new.tables if view is ALL else view.tables()
        assert same(self.state.tables, expected)
        assert self.state.tick == new.tick
