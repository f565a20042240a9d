"""A viewer that polls, as its room sees it: a link that lasts from one request to the next.

An update is made for a request that waits for it, never for one that may come. Between two requests nothing is kept but
what a session is, and the short messages that must not be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgpack
import trio

from gameserver.net.http.watching import Cursor
from gameserver.net.watch_link import WatchLink, as_json
from gameserver.protocol.constants import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.hub.peer import Peer
    from gameserver.net.http.watching import Format
    from gameserver.net.settings import NetLimits
    from gameserver.room.session import Update

LATE_ANSWER_S: Final = 5.0
"""How long an answer may take beyond the time that the request waits for a change: rooms have at least one tick a
second, and rules may ask elsewhere whether a viewer may come in."""


class Answer(NamedTuple):
    """What a request is answered with."""

    body: bytes | None
    """None: nothing has changed."""
    cursor: Cursor
    """What the viewer has with it."""


class _Asked:
    """A request that waits."""

    def __init__(self, until_s: float, *, full: bool) -> None:
        self.until_s = until_s
        self.full = full
        self.body: bytes | None = None
        self.done = trio.Event()
        self.replaced = False


class PollLink(WatchLink):
    """Implements JsonLink, and LinkHandle for the protocol's own messages."""

    def __init__(
        self,
        limits: NetLimits,
        *,
        form: Format,
        cursor: Cursor | None,
        on_token: Callable[[bytes, PollLink], object],
        on_end: Callable[[PollLink], object],
    ) -> None:
        """Make the link of a viewer's first request.

        Args:
            limits: the operator's.
            form: what the viewer gets.
            cursor: what it has; None: it is new.
            on_token: called with the token that the viewer's next request has.
            on_end: called once, when the link is over.
        """
        super().__init__(limits, form, cursor)
        self._on_token = on_token
        self._on_end = on_end
        self._asked: _Asked | None = None
        self._seen_s = self._now()
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._messages: list[bytes] = []
        self._queued_bytes = 0
        self._ended = False
        self.tokens: list[bytes] = []
        """With which requests find this link, the newest last."""
        self.bytes_out = 0
        self.cursor = Cursor(b"", 0, None)
        """What the viewer has, once it has read the newest answer."""

    @property
    def joined(self) -> bool:
        """Whether the viewer is in a room, or has been."""
        return bool(self._token)

    def belongs_to(self, claims: Mapping[str, object] | None) -> bool:
        """Return whether a request with these claims may be the viewer's: the token is of the same subject."""
        own = None if self._peer is None else self._peer.claims
        return (own or {}).get("sub") == (claims or {}).get("sub")

    # -- called by rooms; never waits ----------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a request waits."""
        return self._asked is not None and not self._asked.done.is_set() and self.close_code is None

    @property
    def idle(self) -> bool:
        """Whether no request waits."""
        return not self.ready

    @property
    def wants_full(self) -> bool:
        """Whether the request that waits has to be answered with the whole state."""
        return self._asked is not None and self._asked.full

    def offer_update(self, update: Update) -> bool:
        """Answer the request that waits; False if there is none."""
        if self._asked is None or self.idle:
            return False
        self.cursor = Cursor(self._token, update.tick, update.event)
        full = b"true" if update.full else b"false"
        self._asked.body = b'{"next":"%b",%b"full":%b,%b' % (
            str(self.cursor).encode(),
            self._taken_events(),
            full,
            update.data[1:],
        )
        self._asked.done.set()
        return True

    def send_update(self, update: Update) -> None:
        """Count an update whose request has gone as an answer that got lost: the viewer's next request has a cursor
        from before it, and so resumes from there."""
        if self.close_code is None:
            self.cursor = Cursor(self._token, update.tick, update.event)

    def note_unchanged(self) -> None:
        """Answer the request that waits, if it has waited for long enough or there is something else to say."""
        if self._asked is not None and (self._events or self._now() >= self._asked.until_s):
            self._asked.done.set()

    def offer(self, *messages: bytes) -> bool:
        """Answer the request that waits; False if there is none."""
        if self._asked is None or self.idle:
            return False
        self._messages += messages
        self._asked.done.set()
        return True

    def _send_event(self, name: str, value: dict[str, Any]) -> None:
        self._events.append((name, value))
        self._note_queued(len(as_json(value)))

    def _send_message(self, message: bytes) -> None:
        self._messages.append(message)
        self._note_queued(len(message))

    def _note_queued(self, size: int) -> None:
        if self._token and self._token not in self.tokens:
            self.tokens.append(self._token)
            self._on_token(self._token, self)
        if self._queued_bytes > self._limits.max_queued_bytes:
            self._cut_off(CloseCode.TOO_SLOW, f"more than {self._limits.max_queued_bytes} bytes are unread")
        self._queued_bytes += size

    def close(self, code: int, reason: str) -> None:
        """Close. A request that waits is answered, and one that comes until the next check."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
            self._seen_s = self._now()
            if self._asked is not None:
                self._asked.done.set()

    # -- requests ------------------------------------------------------------------------------------------------------

    def start(self, peer: Peer, first: bytes) -> None:
        """Let the peer handle the client's first message.

        Args:
            peer: the server side of the link.
            first: JOIN or RESUME, on behalf of the client.
        """
        self._peer = peer
        peer.receive(first, self._now())

    async def ask(self, wait_s: float, *, full: bool) -> Answer | None:
        """Wait for an update.

        Args:
            wait_s: for how long, if there is none before.
            full: whether it must have the whole state.

        Returns:
            The answer; None: another request of the same viewer has taken this one's place.
        """
        if self._asked is not None:
            self._asked.replaced = True
            self._asked.done.set()
        now_s = self._now()
        asked = self._asked = _Asked(now_s + wait_s, full=full)
        self.messages_in += 1
        try:
            with trio.move_on_after(wait_s + LATE_ANSWER_S):
                if self.close_code is None:
                    await asked.done.wait()
        finally:
            self._seen_s = self._now()
            if self._asked is asked:
                self._asked = None
        return None if asked.replaced else self._answer(asked.body)

    def _answer(self, body: bytes | None) -> Answer:
        self.messages_out += 1
        if not self.is_json:
            body = self._taken_messages()
        elif body is None and self._events:
            self.cursor = self.cursor._replace(token=self._token)
            body = b'{"next":"%b",%b"full":false}' % (str(self.cursor).encode(), self._taken_events())
        self.bytes_out += len(body or b"")
        return Answer(body, self.cursor)

    def _taken_events(self) -> bytes:
        """Return what was sent besides updates, as keys of a JSON object. Of the rooms, the last one counts."""
        keys: dict[str, Any] = {}
        for name, value in self._events:
            if name == "notice":
                keys.setdefault("notices", []).append(value)
            else:
                keys[name] = value
        self._events.clear()
        self._queued_bytes = 0
        return as_json(keys)[1:-1] + b"," if keys else b""

    def _taken_messages(self) -> bytes:
        """Return the protocol's messages since the last answer, with the cursor after them, and why the link is closed,
        if it is."""
        session = None if self._peer is None else self._peer.session
        tick = 0 if session is None or session.base is None else session.base.tick
        event = None if session is None or not session.seated else session.event_cursor
        self.cursor = Cursor(self._token, tick, event)
        closed = None if self.close_code is None else [self.close_code, self.close_reason]
        messages, self._messages, self._queued_bytes = self._messages, [], 0
        packed: bytes = msgpack.packb([str(self.cursor), messages, closed])
        return packed

    # -- the life of the link ------------------------------------------------------------------------------------------

    def check(self, now_s: float) -> None:
        """End the link of a viewer that has not asked for too long, and a closed one that has had time to ask why."""
        if self._asked is None:
            kept_s = self._limits.poll_seat_s if self.close_code is None else self._limits.close_timeout_s
            if now_s - self._seen_s > kept_s:
                self.end()
                return
        if self.close_code is None:
            super().check(now_s)

    def end(self) -> None:
        """End the link: the session ends, unless it goes on over another one. Idempotent."""
        if self._ended:
            return
        self._ended = True
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.lost(self._now(), CloseCode.NORMAL)
        self._on_end(self)

    def final_code(self) -> int | None:
        """Return the code with which the link ended."""
        return CloseCode.NORMAL if self.close_code is None else self.close_code
