"""From a room's snapshot to each viewer's link: events first, then the delta from what that viewer holds.

A viewer whose link is busy or whose window is full is skipped; nothing queues behind it, and its next delta spans the
gap. One that stays behind too long is let go. Viewers who see everything share the bytes of all with the same base;
those with a view of their own are encoded together, base by base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.codec import encode_state, state_head
from gameserver.protocol.constants import CloseCode
from gameserver.sync.events import EventsLost
from gameserver.sync.view import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.protocol.constants import Limits
    from gameserver.room.session import Session
    from gameserver.room.sight import Sight
    from gameserver.sync.delta import DeltaEncoder
    from gameserver.sync.events import EventLog
    from gameserver.sync.snapshot import Snapshot
    from gameserver.sync.view import Sight as Sees


class Delivery:
    """Offers snapshots and events to sessions, and keeps count. `sight` is None where everyone sees everything."""

    __slots__ = ("_encoder", "_events", "_limits", "_sight", "skipped", "state_bytes", "states")

    def __init__(self, encoder: DeltaEncoder, events: EventLog, limits: Limits, sight: Sight | None = None) -> None:
        self._encoder = encoder
        self._events = events
        self._limits = limits
        self._sight = sight
        self.states = 0
        self.state_bytes = 0
        self.skipped = 0

    def deliver(self, sessions: Iterable[Session], snapshot: Snapshot, now_s: float) -> None:
        """Offer `snapshot` to everyone whose link can take it now. May raise what the author's `narrow_view` raises."""
        heads: dict[int, bytes] = {}
        apart: dict[int, list[Session]] = {}
        for session in sessions:
            link = session.link
            if link is None or not session.seated:
                continue
            if not (session.window.open and link.ready):
                self._skip(session, now_s)
            elif self._sight is None or not session.is_player:
                self._offer(session, snapshot, ALL, self._encoder.encode(session.base, snapshot), heads)
            else:
                apart.setdefault(0 if session.base is None else session.base.tick, []).append(session)
        for viewers in apart.values():
            self._offer_views(viewers, snapshot, heads)

    def _offer_views(self, viewers: list[Session], snapshot: Snapshot, heads: dict[int, bytes]) -> None:
        """Offer it to viewers who all have the same base and views of their own."""
        assert self._sight is not None
        told = self._sight.tell(viewers, snapshot)
        for row, (viewer, body) in enumerate(zip(viewers, told.bodies, strict=True)):
            viewer.base = told.base
            self._offer(viewer, snapshot, told.views[row], body, heads)

    def _offer(self, session: Session, snapshot: Snapshot, view: Sees, body: bytes, heads: dict[int, bytes]) -> None:
        base = session.base
        span = 0 if base is None else snapshot.tick - base.tick
        head = heads.get(span)
        if head is None:
            head = heads[span] = state_head(snapshot.tick, span)
        inputs = session.inputs
        state = encode_state(head, inputs.consumed, inputs.lead, body)
        try:
            told = session.pending_events(self._events)
        except EventsLost:
            self._let_go(session, "too many events missed")
            return
        link = session.link
        assert link is not None
        if not (link.offer(state) if told is None else link.offer(told, state)):
            self.skipped += 1
            return
        if told is not None:
            session.events_sent(self._events)
        session.state_sent(snapshot, view, len(state))
        self.states += 1
        self.state_bytes += len(state)

    def _skip(self, session: Session, now_s: float) -> None:
        self.skipped += 1
        session.skipped_snapshots += 1
        if session.behind_since_s is None:
            session.behind_since_s = now_s
        elif now_s - session.behind_since_s > self._limits.evict_after_s:
            self._let_go(session, f"behind for {self._limits.evict_after_s:g} s")

    def _let_go(self, session: Session, reason: str) -> None:
        if session.guest is not None:
            session.guest.close(CloseCode.TOO_SLOW, reason)
