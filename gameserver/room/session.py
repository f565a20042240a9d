"""One participant across links: its seat, its input queue, what its client holds, and how it may resume.

A session holds everything that must outlive a lost link. It does no I/O: its link is a `LinkHandle`, or None while the
session is suspended.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gameserver.protocol.constants import Role
from gameserver.sync.encode.views import ALL
from gameserver.sync.events import EventsLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.native import LinkWriter
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

    @property
    def writer(self) -> LinkWriter | None:
        """Writes STATEs natively, as `offer` does; None: only `offer` does."""

    def offer(self, *messages: bytes) -> bool:
        """Take these binary messages whole and in order, or take none and return False; nothing is queued."""

    def send(self, *messages: bytes) -> None:
        """Queue messages that must not be lost. The link closes with TOO_SLOW when too many bytes wait."""

    def close(self, code: int, reason: str) -> None:
        """Begin to close. Idempotent. The link ends within a deadline; then its peer's `lost` is called."""

    def start_polling(self, room_id: str) -> None:
        """From now on the poller of this room reads the link at each tick."""

    def stop_polling(self) -> None:
        """The link's own task reads it again."""


class Update(NamedTuple):
    """What one viewer is offered at a snapshot."""

    data: bytes
    """A JSON object."""
    full: bool
    """Whether it has the whole state, which replaces what the viewer has."""
    tick: int
    """The snapshot's."""
    event: int
    """The number of the newest event that the viewer has with it."""


class JsonLink(LinkHandle, Protocol):
    """The link of a spectator that gets the room as JSON, and acks nothing."""

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an update now, and nobody is behind: between two polls."""

    @property
    def wants_full(self) -> bool:
        """Whether an update must have the whole state."""

    def offer_update(self, update: Update) -> bool:
        """Take an update, or return False; nothing is queued."""

    def send_update(self, update: Update) -> None:
        """Take an update that has been accounted for, although the link is not ready any more: queue it, or see to it
        that its viewer goes on from before it."""

    def note_unchanged(self) -> None:
        """The newest state is the one that the viewer has."""


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
        "address",
        "arriving",
        "base",
        "behind_since_s",
        "budget_bytes",
        "event_cursor",
        "event_scan",
        "expected",
        "first_event",
        "generation",
        "going_away",
        "input_queue",
        "instance",
        "is_player",
        "json_link",
        "key",
        "leaving",
        "link",
        "lost_at_s",
        "migrated",
        "newest_restore",
        "number",
        "on_decided",
        "on_gone",
        "peer",
        "player",
        "previous_secret",
        "restored_event",
        "restored_tick",
        "rolled_back_to",
        "room_id",
        "seated",
        "secret",
        "unseen",
        "view",
        "viewpoint",
        "welcomed",
        "window",
        "writer",
    )

    def __init__(
        self,
        player: Player,
        room_id: str,
        input_queue: InputQueue,
        window: Window,
        *,
        key: int = 0,
        secret: bytes = b"",
    ) -> None:
        self.player = player
        self.is_player = player.role is Role.PLAYER
        self.key = key
        """The public part of the resume token."""
        self.instance = b""
        """What its token begins with, if another process has issued it; empty: as those of this one."""
        self.number = player.number
        self.room_id = room_id
        self.input_queue = input_queue
        self.peer: SessionPeer | None = None
        self.link: LinkHandle | None = None
        self.json_link: JsonLink | None = None
        """The same link, where its viewer gets JSON."""
        self.writer: LinkWriter | None = None
        """What writes STATEs to the link natively; None: the link does it."""
        self.address = ""
        """The client's, of its newest link; empty: it had none since the start."""
        self.welcomed = False
        """Whether its WELCOME was sent over this link. Nothing of the room goes out before it."""
        self.lost_at_s: float | None = None
        self.going_away = False
        """Whether the client closed its last link with 1001."""
        self.expected = False
        """Whether it is a seat that is kept for a participant of another room, who has not left that yet."""
        self.arriving = False
        """Whether that participant has left there, and comes in at the next tick."""
        self.unseen = False
        """Whether the client has not said yet that it knows the room that its session has moved to (ARRIVED)."""
        self.on_decided: Callable[[Session, str | None], None] | None = None
        """Called when the rules have decided on an expected participant: None lets it come, or a text says why not."""
        self.leaving = False
        """True once a Leave command for it is queued."""
        self.seated = False
        """True once `on_join` or `on_spectate` has run, until the seat is free again."""
        self.secret = secret
        self.previous_secret = b""
        """The secret before the last RESUME, valid until `confirm_token`: the WELCOME with the new one may not have
        arrived."""
        self.generation = 1
        """How many secrets there have been."""
        self.rolled_back_to: int | None = None
        """What the next WELCOME says: the tick of the restored room, if the client had seen later ones."""
        self.restored_tick: int | None = None
        """The tick at which the room was restored, until the client has the first WELCOME after that: what it says of
        itself may be of ticks and events that are lost. If the room was restored several times since then, the first
        of them: later ticks of the client are of a game that did not go on. None: it knows this room as it is."""
        self.newest_restore = 0
        """The tick at which this process has restored the room."""
        self.restored_event = 0
        """The number of the newest event at `restored_tick`."""
        self.migrated = False
        """Whether the room was restored in another build, until the client has the first WELCOME after that."""
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
        self.first_event = 0
        """The event cursor that it began with."""
        self.on_gone: Callable[[Session], None] | None = None

    @property
    def steers(self) -> bool:
        """Whether the room consumes one input frame of it in each tick."""
        return self.seated and self.is_player

    @property
    def keeps_seat(self) -> bool:
        """Whether it goes on without a link, until its grace time is over."""
        return (self.seated or self.arriving) and not self.leaving

    def confirm_token(self) -> None:
        """The client has sent something over this link, so it has the token of the last WELCOME."""
        self.previous_secret = b""
        self.restored_tick = self.rolled_back_to = None
        self.migrated = False

    def attach(self, peer: SessionPeer) -> None:
        """Continue over this peer's link. Nothing is in flight on it yet."""
        self.peer = peer
        self.link = peer.link
        self.writer = peer.link.writer
        self.json_link = None
        self.welcomed = False
        self.lost_at_s = None
        self.going_away = False
        self.behind_since_s = None
        self.window.restart()

    def detach(self, now_s: float, *, going_away: bool = False) -> None:
        """Continue without a link. The client says what it received when it resumes."""
        self.peer = None
        self.link = self.json_link = self.writer = None
        self.welcomed = False
        self.lost_at_s = now_s
        self.going_away = going_away
        self.window.clear()
        self.input_queue.clear()

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

    def send_last_events(self, log: EventLog) -> None:
        """Send the events that are pending, as far as the log has them, before the session leaves the room: no snapshot
        will bring them, and a game often says how it ended just before its room ends."""
        link = self.link
        while link is not None and self.welcomed and self.json_link is None and self.event_cursor < log.newest:
            try:
                backlog = self.pending_events(log)
            except EventsLost:
                return
            if backlog.message is None:
                return
            link.send(backlog.message)
            self.events_sent(backlog.upto)

    def state_sent(self, snapshot: Snapshot, view: AnyView, size: int) -> None:
        """The link has taken a STATE of `size` bytes that leads to `snapshot`."""
        self.input_queue.lead = None
        self.window.sent(snapshot.tick)
        self.state_written(snapshot, view, size)

    def state_written(self, snapshot: Snapshot, view: AnyView, size: int) -> None:
        """The same, when the link's writer has noted it in queue and window."""
        self.base = snapshot
        self.view = view
        self.behind_since_s = None
        self.budget_bytes -= size

    def events_sent(self, upto: int) -> None:
        """The link has taken the message with the events up to this number."""
        self.event_cursor = self.event_scan = upto
