"""Replication: from a room's snapshot to each viewer's link, events first, then the delta from what the viewer holds.

A viewer whose link is busy or whose window is full is skipped; nothing is queued for it, and its next delta spans the
gap. A viewer that stays behind too long is disconnected. Viewers that see everything and hold the same base share the
same bytes; viewers with views of their own are encoded together, base by base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.native import UNWRITTEN
from gameserver.protocol.codec import encode_state, shared_state_head
from gameserver.protocol.constants import MAX_SERVER_BYTES, CloseCode
from gameserver.state.errors import StateError
from gameserver.sync.encode.views import ALL
from gameserver.sync.events import EventsLost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.protocol.constants import Limits
    from gameserver.room.json_viewers import JsonViewers
    from gameserver.room.player_views import PlayerViews
    from gameserver.room.session import LinkHandle, Session
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.encode.views import AnyView
    from gameserver.sync.events import EventLog
    from gameserver.sync.snapshot import Snapshot

    ByBase = dict[Snapshot | None, list[Session]]


STATE_HEAD_BYTES: Final = 32
"""What stands before the body of a STATE takes at most so many bytes."""


MAX_FULL_STATE_BYTES: Final = 8 << 20
"""How many bytes of full states are handed to links in one tick; one viewer always gets its own."""


class Replicator:
    """Sends the snapshots and events of one room, and counts them."""

    __slots__ = (
        "_encoder",
        "_events",
        "_json_viewers",
        "_last_in_turn",
        "_limits",
        "_max_full_state_bytes",
        "_player_views",
        "skipped",
        "state_bytes",
        "states",
    )

    def __init__(
        self,
        encoder: DeltaEncoder,
        events: EventLog,
        limits: Limits,
        player_views: PlayerViews | None = None,
        json_viewers: JsonViewers | None = None,
        *,
        max_full_state_bytes: int = MAX_FULL_STATE_BYTES,
    ) -> None:
        """`player_views` is None in a room where everyone sees everything, `json_viewers` where nobody gets JSON."""
        self._max_full_state_bytes = max_full_state_bytes
        self._encoder = encoder
        self._events = events
        self._limits = limits
        self._player_views = player_views
        self._json_viewers = json_viewers
        self._last_in_turn = 0
        """The number of who got the last full state of a tick in which there were too many."""
        self.states = 0
        self.state_bytes = 0
        self.skipped = 0

    def set_tier_stretch(self, stretch: int) -> None:
        """Send what lies in a far tier `stretch` times less often than the room declares."""
        if self._player_views is not None:
            self._player_views.set_tier_stretch(stretch)

    def send(self, sessions: Iterable[Session], snapshot: Snapshot, now_s: float) -> None:
        """Send `snapshot` to every viewer whose link can take it now.

        What the author's `narrow_view` raises comes through.

        Raises:
            StateError: The state is larger than what a client takes.
        """
        self._encoder.prepare(snapshot)
        if self._json_viewers is not None:
            self._json_viewers.begin(snapshot)
        seeing_all, with_views, with_json = self._ready_by_base(sessions, now_s)
        for base, viewers in seeing_all.items():
            shared_head, body = _shared_head(base, snapshot), self._encoder.encode(base, snapshot)
            _check_size(body)
            ready = viewers if base is not None else self._first_of(viewers, len(body))
            for viewer in ready:
                self._offer(viewer, snapshot, ALL, shared_head, body)
        for base, viewers in with_views.items():
            self._send_views(viewers, base, snapshot)
        for session in with_json:
            self._send_json(session, snapshot, now_s)

    def _ready_by_base(self, sessions: Iterable[Session], now_s: float) -> tuple[ByBase, ByBase, list[Session]]:
        """Group the viewers that can take a snapshot by their base, and skip the others.

        The base is the last snapshot that was handed to the viewer's link.

        Returns:
            The viewers that see everything, those with views of their own, and those that get JSON, ready or not.
        """
        has_views = self._player_views is not None
        seeing_all: ByBase = {}
        with_views: ByBase = {}
        with_json: list[Session] = []
        for session in sessions:
            link = session.link
            if link is None or not session.seated:
                continue
            if session.json_link is not None:
                with_json.append(session)
                continue
            writer = session.writer
            if not (session.window.open and (link.ready if writer is None else writer.ready)):
                self._skip(session, now_s)
                continue
            groups = with_views if has_views and session.is_player else seeing_all
            group = groups.get(session.base)
            if group is None:
                groups[session.base] = [session]
            else:
                group.append(session)
        return seeing_all, with_views, with_json

    def _first_of(self, viewers: list[Session], size: int) -> list[Session]:
        """Return the viewers that get a full state in this tick; the others get theirs in a later one.

        To hand a link 1 MB takes about a millisecond, so a crowd that joins a full room at once would hold up its tick.
        They take turns, so that clients that ask for a full state in every tick (RESYNC) keep it from nobody.

        Args:
            viewers: Those that hold nothing.
            size: The full state's, in bytes.
        """
        count = max(1, self._max_full_state_bytes // size)
        if len(viewers) <= count:
            return viewers
        self.skipped += len(viewers) - count
        last = self._last_in_turn
        turns = sorted(viewers, key=lambda viewer: (viewer.number <= last, viewer.number))[:count]
        self._last_in_turn = turns[-1].number
        return turns

    def _send_json(self, session: Session, snapshot: Snapshot, now_s: float) -> None:
        """Offer one viewer its update, and skip it if its link is busy."""
        link = session.json_link
        if link is None or self._json_viewers is None or link.idle:
            return
        if not link.ready:
            self._skip(session, now_s)
            return
        size = self._json_viewers.offer(session, link, snapshot)
        if size > 0:
            self.states += 1
            self.state_bytes += size
        elif size < 0:
            self.skipped += 1

    def _send_views(self, viewers: list[Session], base: Snapshot | None, snapshot: Snapshot) -> None:
        """Send `snapshot` to viewers that have views of their own and hold the same base."""
        assert self._player_views is not None
        encoded = self._player_views.encode(viewers, snapshot)
        shared_head = _shared_head(base, snapshot)
        for row, (viewer, body) in enumerate(zip(viewers, encoded.bodies, strict=True)):
            _check_size(body)
            self._offer(viewer, snapshot, encoded.views[row], shared_head, body)

    def _offer(self, session: Session, snapshot: Snapshot, view: AnyView, shared_head: bytes, body: bytes) -> None:
        """Offer one viewer its STATE, with the events before it, and account for it if the link takes it.

        Args:
            session: The viewer.
            snapshot: What the STATE leads to.
            view: What the viewer sees of it.
            shared_head: The part before the viewer's own numbers, shared with others.
            body: The part behind them, shared with others.
        """
        link = session.link
        if link is None:  # closed by an offer to another session in this very tick
            return
        size = UNWRITTEN
        writer = session.writer
        if writer is not None and session.event_scan == self._events.newest:
            size = writer.offer_state(session.input_queue, session.window, shared_head, body, snapshot.tick)
            if size > 0:
                session.state_written(snapshot, view, size)
        if size == UNWRITTEN:
            size = self._offer_messages(session, link, snapshot, view, shared_head, body)
        if size:
            self.states += 1
            self.state_bytes += size
        else:
            self.skipped += 1

    def _offer_messages(
        self, session: Session, link: LinkHandle, snapshot: Snapshot, view: AnyView, shared_head: bytes, body: bytes
    ) -> int:
        """Offer one viewer its STATE, with the events before it, as messages. For the arguments see `_offer`.

        Returns:
            The size of the STATE; 0: the link has not taken it.
        """
        inputs = session.input_queue
        state = encode_state(shared_head, inputs.consumed, inputs.lead, body)
        if session.event_scan == self._events.newest:
            taken = link.offer(state)
        else:
            taken = self._offer_with_events(session, link, state)
        if not taken:
            return 0
        session.state_sent(snapshot, view, len(state))
        return len(state)

    def _offer_with_events(self, session: Session, link: LinkHandle, state: bytes) -> bool:
        """Offer the pending events and the STATE as one batch. Return whether the link has taken it."""
        try:
            message, upto = session.pending_events(self._events)
        except EventsLost:
            self._disconnect(session, "too many events missed")
            return False
        if message is None:
            return link.offer(state)
        taken = link.offer(message, state)
        if taken:
            session.events_sent(upto)
        return taken

    def _skip(self, session: Session, now_s: float) -> None:
        self.skipped += 1
        if session.behind_since_s is None:
            session.behind_since_s = now_s
        elif now_s - session.behind_since_s > self._limits.evict_after_s:
            self._disconnect(session, f"behind for {self._limits.evict_after_s:g} s")

    def _disconnect(self, session: Session, reason: str) -> None:
        """Close the viewer's link; its session is suspended and may resume."""
        if session.peer is not None:
            session.peer.close(CloseCode.TOO_SLOW, reason)


def _check_size(body: bytes) -> None:
    if len(body) > MAX_SERVER_BYTES - STATE_HEAD_BYTES:
        raise StateError(f"the state takes {len(body)} bytes; clients take messages of at most {MAX_SERVER_BYTES}")


def _shared_head(base: Snapshot | None, snapshot: Snapshot) -> bytes:
    return shared_state_head(snapshot.tick, 0 if base is None else snapshot.tick - base.tick)
