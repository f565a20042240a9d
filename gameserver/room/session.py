"""One participant across links: who it is, what it was told, and what it may come back with.

A session holds everything that must outlive a lost link: the seat, the numbering of inputs, the cursor into the events,
the base of the next delta. It does no I/O; its link is whatever `LinkHandle` it was given, or None while it is
suspended.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from gameserver.protocol.codec import encode_events
from gameserver.protocol.constants import Role
from gameserver.sync.encode.views import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.hub.peer import Peer
    from gameserver.room.player import Player
    from gameserver.sync.encode.views import AnyView
    from gameserver.sync.events import EventLog
    from gameserver.sync.inputs import InputQueue
    from gameserver.sync.snapshot import Snapshot
    from gameserver.sync.window import Window


class LinkHandle(Protocol):
    """One WebSocket as the rest of the server sees it. No call blocks, raises, or calls back into the room."""

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now: the last one has left whole."""

    def offer(self, *messages: bytes) -> bool:
        """Take these binary messages whole, in order, or none of them and return False. Newest state wins: nothing
        queues up."""

    def send(self, message: bytes) -> None:
        """Take a message that must not be lost; it goes out in order. Too many waiting: the link closes with
        TOO_SLOW."""

    def close(self, code: int, reason: str) -> None:
        """Begin to close; idempotent. The link ends within a deadline, then its peer's `lost` is called."""

    def join_room(self, room_id: str) -> None:
        """From now on the room of this id drains this link at its tick."""

    def leave_room(self) -> None:
        """The link is on its own again."""


class Session:
    """See the module. `number` is the participant's number in its room."""

    __slots__ = (
        "base",
        "behind_since_s",
        "budget_bytes",
        "eye",
        "inputs",
        "is_player",
        "key",
        "leaving",
        "link",
        "lost_at_s",
        "number",
        "on_gone",
        "peer",
        "player",
        "previous_secret",
        "room_id",
        "scanned",
        "seated",
        "secret",
        "skipped_snapshots",
        "told",
        "view",
        "window",
    )

    def __init__(
        self, player: Player, room_id: str, inputs: InputQueue, window: Window, *, key: int = 0, secret: bytes = b""
    ) -> None:
        self.player = player
        self.is_player = player.role is Role.PLAYER
        self.key = key
        """The session's number in the whole process: the public part of its resume token."""
        self.number = player.number
        self.room_id = room_id
        self.inputs = inputs
        self.peer: Peer | None = None
        self.link: LinkHandle | None = None
        self.lost_at_s: float | None = None
        self.leaving = False
        """Its end is on its way to the next tick."""
        self.seated = False
        """Whether on_join has run: a session that is lost before has nobody to tell."""
        self.secret = secret
        self.previous_secret = b""
        """Still good until the client shows that it has the new one: the WELCOME that carried it may never have
        arrived."""
        self.base: Snapshot | None = None
        """What the client holds once it has read what was handed to its link; None: nothing that a delta could start
        from."""
        self.view: AnyView = ALL
        """What it sees of `base`."""
        self.eye: Sequence[float] = (math.nan, math.nan)
        """From where it looked last, in a room where players see what is near."""
        self.budget_bytes = 0.0
        """What is left of its budget, in a room that gives one."""
        self.window = window
        self.behind_since_s: float | None = None
        self.told = 0
        """The client's event cursor, if everything that was handed to its link arrives."""
        self.scanned = 0
        """How far the log has been looked through for it; between `told` and here is nothing of its own."""
        self.skipped_snapshots = 0
        self.on_gone: Callable[[Session], None] | None = None

    @property
    def steers(self) -> bool:
        """Whether it has a frame in each tick."""
        return self.seated and self.is_player

    def attach(self, peer: Peer) -> None:
        """The session goes on over this peer's link; nothing is in flight on it yet."""
        self.peer = peer
        self.link = peer.link
        self.lost_at_s = None
        self.behind_since_s = None
        self.window.restart()

    def detach(self, now_s: float) -> None:
        """The link is gone; what was in flight may or may not have arrived, so the client says so when it comes
        back."""
        self.peer = None
        self.link = None
        self.lost_at_s = now_s
        self.window.clear()
        self.inputs.clear()

    def resync(self) -> None:
        """The client holds nothing that a delta could start from."""
        self.base = None
        self.window.clear()

    def pending_events(self, log: EventLog) -> bytes | None:
        """The EVENTS message with all that this session has not been told, or None. Raises EventsLost.

        Nothing is marked as told: `events_sent` does that once the link has taken the message.
        """
        if self.scanned == log.newest:
            return None
        packed = log.after(self.scanned, self.number)
        if not packed:
            self.scanned = log.newest
            return None
        return encode_events(self.told, log.newest, packed)

    def state_sent(self, snapshot: Snapshot, view: AnyView, size: int) -> None:
        """The link has taken the delta that leads to `snapshot`, of `size` bytes."""
        self.base = snapshot
        self.view = view
        self.inputs.lead = None
        self.behind_since_s = None
        self.budget_bytes -= size
        self.window.sent(snapshot.tick)

    def events_sent(self, log: EventLog) -> None:
        self.told = self.scanned = log.newest
