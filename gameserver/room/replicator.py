"""From a room's snapshot to each viewer's link: events first, then the delta from what that viewer holds.

A viewer whose link is busy or whose window is full is skipped; nothing queues behind it, and its next delta spans the
gap. One that stays behind too long is let go. Viewers who see everything share the bytes of all with the same base;
those with a view of their own are encoded together, base by base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.codec import encode_state, state_head
from gameserver.protocol.constants import CloseCode
from gameserver.sync.encode.views import ALL
from gameserver.sync.events import EventsLost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.protocol.constants import Limits
    from gameserver.room.session import LinkHandle, Session
    from gameserver.room.visibility import Sight
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.encode.views import AnyView
    from gameserver.sync.events import EventLog
    from gameserver.sync.snapshot import Snapshot


class Replicator:
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

    def set_tier_stretch(self, stretch: int) -> None:
        """From now on, tell of what is far `stretch` times less often than the room declares."""
        if self._sight is not None:
            self._sight.set_tier_stretch(stretch)

    def deliver(self, sessions: Iterable[Session], snapshot: Snapshot, now_s: float) -> None:
        """Offer `snapshot` to everyone whose link can take it now. May raise what the author's `narrow_view` raises."""
        narrow = self._sight is not None
        for_all: dict[Snapshot | None, tuple[bytes, bytes]] = {}
        apart: dict[Snapshot | None, list[Session]] = {}
        for session in sessions:
            link = session.link
            if link is None or not session.seated:
                continue
            base = session.base
            if not (session.window.open and link.ready):
                self._skip(session, now_s)
            elif narrow and session.is_player:
                apart.setdefault(base, []).append(session)
            else:
                told = for_all.get(base)
                if told is None:
                    told = for_all[base] = _head(base, snapshot), self._encoder.encode(base, snapshot)
                self._offer(session, link, snapshot, ALL, *told)
        for viewers in apart.values():
            self._offer_views(viewers, snapshot)

    def _offer_views(self, viewers: list[Session], snapshot: Snapshot) -> None:
        """Offer it to viewers who all have the same base and views of their own."""
        assert self._sight is not None
        told = self._sight.tell(viewers, snapshot)
        head = _head(told.base, snapshot)
        for row, (viewer, body) in enumerate(zip(viewers, told.bodies, strict=True)):
            assert viewer.link is not None
            viewer.base = told.base
            self._offer(viewer, viewer.link, snapshot, told.views[row], head, body)

    def _offer(
        self, session: Session, link: LinkHandle, snapshot: Snapshot, view: AnyView, head: bytes, body: bytes
    ) -> None:
        """Offer one viewer its state, with the events before it. `head` and `body` are what it has in common with
        others."""
        inputs = session.inputs
        state = encode_state(head, inputs.consumed, inputs.lead, body)
        if session.scanned == self._events.newest:
            taken = link.offer(state)
        else:
            taken = self._offer_with_events(session, link, state)
        if taken:
            session.state_sent(snapshot, view, len(state))
            self.states += 1
            self.state_bytes += len(state)
        else:
            self.skipped += 1

    def _offer_with_events(self, session: Session, link: LinkHandle, state: bytes) -> bool:
        try:
            told = session.pending_events(self._events)
        except EventsLost:
            self._let_go(session, "too many events missed")
            return False
        if told is None:
            return link.offer(state)
        taken = link.offer(told, state)
        if taken:
            session.events_sent(self._events)
        return taken

    def _skip(self, session: Session, now_s: float) -> None:
        self.skipped += 1
        session.skipped_snapshots += 1
        if session.behind_since_s is None:
            session.behind_since_s = now_s
        elif now_s - session.behind_since_s > self._limits.evict_after_s:
            self._let_go(session, f"behind for {self._limits.evict_after_s:g} s")

    def _let_go(self, session: Session, reason: str) -> None:
        if session.peer is not None:
            session.peer.close(CloseCode.TOO_SLOW, reason)


def _head(base: Snapshot | None, snapshot: Snapshot) -> bytes:
    return state_head(snapshot.tick, 0 if base is None else snapshot.tick - base.tick)
