"""One participant across links: its seat, its input queue, what its client holds, and how it may resume.

A session holds everything that must outlive a lost link. It does no I/O: its link is a `LinkHandle`, or None while the
session is suspended.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from gameserver.protocol.constants import Role
from gameserver.sync.encode.views import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.protocol.constants import CloseCode
    from gameserver.room.player import Player
    from gameserver.sync.encode.views import AnyView
    from gameserver.sync.events import Backlog, EventLog
    from gameserver.sync.inputs import InputQueue
    from gameserver.sync.snapshot import Snapshot
    from gameserver.sync.window import Window


class LinkHandle(Protocol):
    """One WebSocket as the rooms see it. No call blocks, raises, or calls back into the room."""

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now: the last batch has left completely."""

    def offer(self, *messages: bytes) -> bool:
        """Take these binary messages whole and in order, or take none and return False; nothing is queued."""

    def send(self, message: bytes) -> None:
        """Queue a message that must not be lost. The link closes with TOO_SLOW when too many bytes wait."""

    def close(self, code: int, reason: str) -> None:
        """Begin to close. Idempotent. The link ends within a deadline; then its peer's `lost` is called."""

    def join_room(self, room_id: str) -> None:
        """From now on the poller of this room reads the link at each tick."""

    def leave_room(self) -> None:
        """The link's own task reads it again."""


class SessionPeer(Protocol):
    """The server side of the connection that a session runs over: what a room needs of `gameserver.hub.peer.Peer`."""

    @property
    def link(self) -> LinkHandle: ...

    @property
    def claims(self) -> Mapping[str, object] | None: ...

    def close(self, code: CloseCode, reason: str) -> None:
        """Take no more messages and close the link."""

    def replaced(self) -> None:
        """Close, because the session continues over another link."""

    def release_session(self) -> None:
        """From now on the link belongs to no session."""


class Session:
    """One participant of a room. `number` is its number in the room, `key` its number in the process."""

    __slots__ = (
        "base",
        "behind_since_s",
        "budget_bytes",
        "event_cursor",
        "event_scan",
        "going_away",
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
        "seated",
        "secret",
        "view",
        "viewpoint",
        "window",
    )

    def __init__(
        self, player: Player, room_id: str, inputs: InputQueue, window: Window, *, key: int = 0, secret: bytes = b""
    ) -> None:
        self.player = player
        self.is_player = player.role is Role.PLAYER
        self.key = key
        """The public part of the resume token."""
        self.number = player.number
        self.room_id = room_id
        self.inputs = inputs
        self.peer: SessionPeer | None = None
        self.link: LinkHandle | None = None
        self.lost_at_s: float | None = None
        self.going_away = False
        """Whether the client closed its last link with 1001."""
        self.leaving = False
        """True once a Leave command for it is queued."""
        self.seated = False
        """True once `on_join` or `on_spectate` has run, until the seat is free again."""
        self.secret = secret
        self.previous_secret = b""
        """The secret before the last RESUME, valid until `confirm_token`: the WELCOME with the new one may not have
        arrived."""
        self.base: Snapshot | None = None
        """The snapshot that the client holds once it has read everything handed to its link; None: a full state is
        needed."""
        self.view: AnyView = ALL
        """What the client sees of `base`."""
        self.viewpoint: Sequence[float] = (math.nan, math.nan)
        """The position that the player last looked from, in a room with `interest`."""
        self.budget_bytes = 0.0
        """Bytes that the next delta may have, in a room with a byte budget."""
        self.window = window
        self.behind_since_s: float | None = None
        self.event_cursor = 0
        """Number of the newest event that the client has once it has read everything handed to its link."""
        self.event_scan = 0
        """Number of the newest event that was checked for this session. None of the events between `event_cursor` and
        this one is for it."""
        self.on_gone: Callable[[Session], None] | None = None

    @property
    def steers(self) -> bool:
        """Whether the room consumes one input frame of it in each tick."""
        return self.seated and self.is_player

    def confirm_token(self) -> None:
        """The client has sent something over this link, so it has the token of the last WELCOME."""
        self.previous_secret = b""

    def attach(self, peer: SessionPeer) -> None:
        """Continue over this peer's link. Nothing is in flight on it yet."""
        self.peer = peer
        self.link = peer.link
        self.lost_at_s = None
        self.going_away = False
        self.behind_since_s = None
        self.window.restart()

    def detach(self, now_s: float, *, going_away: bool = False) -> None:
        """Continue without a link. The client says what it received when it resumes."""
        self.peer = None
        self.link = None
        self.lost_at_s = now_s
        self.going_away = going_away
        self.window.clear()
        self.inputs.clear()

    def resync(self) -> None:
        """The client asked for a full state: forget what it holds."""
        self.base = None
        self.window.clear()

    def pending_events(self, log: EventLog) -> Backlog:
        """Encode the events that this session has not been sent.

        The cursor moves only in `events_sent`, once the link has taken the message.

        Raises:
            EventsLost: The log no longer holds all of them.
        """
        backlog = log.backlog(self.event_cursor, self.event_scan, self.number)
        if backlog.message is None:
            self.event_scan = backlog.upto
        return backlog

    def state_sent(self, snapshot: Snapshot, view: AnyView, size: int) -> None:
        """The link has taken a STATE of `size` bytes that leads to `snapshot`."""
        self.base = snapshot
        self.view = view
        self.inputs.lead = None
        self.behind_since_s = None
        self.budget_bytes -= size
        self.window.sent(snapshot.tick)

    def events_sent(self, upto: int) -> None:
        """The link has taken the message with the events up to this number."""
        self.event_cursor = self.event_scan = upto
