"""Viewers that get the room as JSON: what changed since their last update, once for all that hold the same.

They are spectators, so all of them see everything. An update is one JSON object with the events and the state of a
snapshot, so that a viewer takes both or neither. Where nothing has changed there is no update.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import msgpack
import msgspec

from gameserver.protocol.constants import PROTOCOL_EVENT_PREFIX
from gameserver.room.session import Update
from gameserver.sync.encode.json_state import JsonState
from gameserver.sync.encode.views import ALL
from gameserver.sync.events import EventsLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.room.session import JsonLink, Session
    from gameserver.state.schema import Schema
    from gameserver.sync.events import EventLog
    from gameserver.sync.snapshot import Snapshot

    Parts = dict[tuple[Snapshot | None, bool], bytes | None]


_NO_EVENTS: Final = b"[]"


class JsonViewers:
    """Encodes the updates of one room."""

    def __init__(self, schema: Schema, events: EventLog) -> None:
        self._schema = schema
        self._state: JsonState | None = None
        """Made for the first viewer."""
        self._events = events
        self._tick = 0
        self._parts: Parts = {}
        """The states of this snapshot: by the base, and whether it is a full one."""
        self._messages: dict[bytes, bytes] = {}
        """The events of this snapshot as JSON, by the EVENTS message with the same ones."""
        self._updates: dict[tuple[bytes | None, bytes | None, int, int], bytes] = {}

    def offer(self, session: Session, link: JsonLink, snapshot: Snapshot) -> int:
        """Offer a viewer its update, and account for it if the link takes it.

        Args:
            session: The viewer's, which has a free link.
            link: Its link.
            snapshot: The newest state.

        Returns:
            The update's bytes; 0: nothing has changed. -1: the link did not take it.
        """
        self.begin(snapshot)
        events, upto, missed = self._pending_events(session)
        base = session.base
        state = self._state_part(base, snapshot, full=False)
        if base is not None and state is None and events is None and not missed:
            session.events_sent(upto)
            session.base = snapshot  # the same state: viewers with the same base share what is encoded
            session.behind_since_s = None
            link.note_unchanged()
            return 0
        full = base is None or link.wants_full
        if full:
            state = self._state_part(base, snapshot, full=True)
        update = Update(self._joined(state, events, upto, missed), full, snapshot.tick, upto)
        if not link.offer_update(update):
            return -1
        session.events_sent(upto)
        session.state_sent(snapshot, ALL, 0)
        return len(update.data)

    def begin(self, snapshot: Snapshot) -> None:
        """Go on to a snapshot, whether or not anybody waits for it: what was encoded for the one before is over."""
        if snapshot.tick == self._tick:
            return
        self._tick = snapshot.tick
        if self._state is not None:
            self._state.advance(snapshot)
        self._parts.clear()
        self._messages.clear()
        self._updates.clear()

    def _state_part(self, base: Snapshot | None, snapshot: Snapshot, *, full: bool) -> bytes | None:
        """Return the state's keys of an update; None if nothing has changed."""
        key = (None, True) if full or base is None else (base, False)
        if key not in self._parts:
            self._parts[key] = self._encode(key[0], snapshot)
        return self._parts[key]

    def _encode(self, base: Snapshot | None, snapshot: Snapshot) -> bytes | None:
        state = self._state = self._state or JsonState(self._schema)
        if base is None:
            return b'"entities":' + state.full(snapshot)
        change = state.change(base, snapshot)
        return None if change is None else b'"entities":%b,"gone":%b' % change

    def _pending_events(self, session: Session) -> tuple[bytes | None, int, int]:
        """Return a viewer's events as a JSON array, if there are any, its cursor after them, and how many it has missed
        because they are not kept any more."""
        log = self._events
        if session.event_scan == log.newest:
            return None, session.event_cursor, 0
        missed = 0
        try:
            message, upto = session.pending_events(log)
        except EventsLost:
            cursor = log.resume_cursor(session.number, session.event_cursor)
            missed = cursor - session.event_cursor
            session.event_cursor = session.event_scan = cursor
            message, upto = session.pending_events(log)
        if message is None:
            return None, session.event_cursor, missed
        known = self._messages.get(message)
        if known is None:
            known = self._messages[message] = events_as_json(msgpack.unpackb(message)[-1])
        return (None if known == _NO_EVENTS else known), upto, missed

    def _joined(self, state: bytes | None, events: bytes | None, upto: int, missed: int) -> bytes:
        key = state, events, upto, missed
        known = self._updates.get(key)
        if known is None:
            keys = [b'"tick":%d,"event":%d' % (self._tick, upto)]
            if missed:
                keys.append(b'"missed":%d' % missed)
            if events is not None:
                keys.append(b'"events":' + events)
            if state is not None:
                keys.append(state)
            known = self._updates[key] = b"{" + b",".join(keys) + b"}"
        return known


def events_as_json(events: Sequence[Sequence[Any]]) -> bytes:
    """Return events as a JSON array; the protocol's own are left out.

    Args:
        events: Each `[tick, name, payload]`.
    """
    return msgspec.json.encode(
        [
            {"tick": tick, "name": name, "payload": json_payload(payload)}
            for tick, name, payload in events
            if not name.startswith(PROTOCOL_EVENT_PREFIX)
        ]
    )


def json_payload(value: Any) -> Any:
    """Return a payload as JSON can hold it: bytes are `{"$bytes": base64}`.

    Args:
        value: A payload, as it comes over the wire.
    """
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: json_payload(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_payload(part) for part in value]
    return value
