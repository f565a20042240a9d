"""Holds back what a room sends out until the tick that it is of has been stored.

A room that lasts has a gate: outside effects pass it. Of a durable room everything does, what goes to its clients too.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.session import LinkHandle, Update


class OutputGate:
    """The gate of one room.

    Args:
        durable: Whether what goes to clients passes it too.
        max_ahead: How many ticks a durable room may be ahead of what is stored.
    """

    def __init__(self, *, durable: bool, max_ahead: int) -> None:
        self.durable = durable
        self.tick = 0
        """The room's present tick."""
        self._max_ahead = max_ahead
        self._stored = -1
        self._is_open = False
        self._held: deque[tuple[int, Callable[..., object], tuple[Any, ...]]] = deque()

    @property
    def blocks(self) -> bool:
        """Whether the room must wait: too much of it is not stored."""
        return self.durable and not self._is_open and self.tick - max(self._stored, 0) >= self._max_ahead

    @property
    def holds(self) -> bool:
        """Whether what is given to the gate now would wait."""
        return not self._is_open and (bool(self._held) or self.tick > self._stored)

    def has_passed(self, tick: int) -> bool:
        """Whether what was sent in a tick need not wait any more."""
        return self._is_open or tick <= self._stored

    def hold(self, call: Callable[..., object], *args: Any) -> None:
        """Make a call when the present tick has been stored."""
        if self.holds:
            self._held.append((self.tick, call, args))
        else:
            call(*args)

    def release(self, tick: int) -> None:
        """Everything up to a tick has been stored."""
        self._stored = max(self._stored, tick)
        while self._held and self._held[0][0] <= self._stored:
            _, call, args = self._held.popleft()
            call(*args)

    def hold_end(self) -> None:
        """The room is about to end, perhaps between two ticks: what comes from now on waits until that is stored."""
        self.tick += 1

    def open(self) -> None:
        """Hold nothing back any more: the room has ended, or cannot be stored."""
        self._is_open = True
        while self._held:
            _, call, args = self._held.popleft()
            call(*args)


class GatedLink:
    """A link whose room may be durable: what is sent over it waits at the room's gate, in order, also behind what waits
    at the gate of the room before.

    Args:
        link: The link; it may be that of a viewer which gets JSON.
    """

    writer = None
    """STATEs may have to wait, too."""

    def __init__(self, link: LinkHandle) -> None:
        self._link: Any = link
        self._waiting: deque[tuple[OutputGate | None, int, Callable[..., object], tuple[Any, ...]]] = deque()
        """Calls that wait, each for a tick of a gate."""
        self._batches = 0
        """Those of them that `ready` waits for."""
        self._gate: OutputGate | None = None

    def pass_through(self, gate: OutputGate | None) -> None:
        """The link belongs to a room with this gate from now on. What waits at the one before stays in front."""
        self._gate = gate if gate is not None and gate.durable else None

    @property
    def _holds(self) -> bool:
        return bool(self._waiting) or (self._gate is not None and self._gate.holds)

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now."""
        return not self._batches and bool(self._link.ready)

    def offer(self, *messages: bytes) -> bool:
        """Take these messages whole and in order, or take none and return False."""
        if not self._holds:
            return bool(self._link.offer(*messages))
        if not self.ready:
            return False
        self._batches += 1
        self._hold(self._send_batch, messages)
        return True

    def _send_batch(self, messages: tuple[bytes, ...]) -> None:
        self._batches -= 1
        if not self._link.offer(*messages):  # what was sent since then has not left yet
            self._link.send(*messages)

    def send(self, *messages: bytes) -> None:
        """Queue messages that must not be lost."""
        self._hold(self._link.send, *messages)

    def close(self, code: int, reason: str) -> None:
        """Begin to close."""
        self._hold(self._link.close, code, reason)

    def _hold(self, call: Callable[..., object], *args: Any) -> None:
        if not self._holds:
            call(*args)
            return
        gate = self._gate
        self._waiting.append((gate, 0 if gate is None else gate.tick, call, args))
        if gate is not None:
            gate.hold(self._make_those_passed)

    def _make_those_passed(self) -> None:
        """Make the calls that wait no more, up to the first one that does."""
        while self._waiting:
            gate, tick, call, args = self._waiting[0]
            if gate is not None and not gate.has_passed(tick):
                return
            self._waiting.popleft()
            call(*args)

    def start_polling(self, room_id: str) -> None:
        """From now on the poller of this room reads the link at each tick."""
        self._link.start_polling(room_id)

    def stop_polling(self) -> None:
        """The link's own task reads it again."""
        self._link.stop_polling()

    # -- of a link that gets JSON --------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an update now."""
        return bool(self._link.idle)

    @property
    def wants_full(self) -> bool:
        """Whether an update must have the whole state."""
        return bool(self._link.wants_full)

    def offer_update(self, update: Update) -> bool:
        """Take an update, or return False."""
        if not self._holds:
            return bool(self._link.offer_update(update))
        if not self.ready:
            return False
        self._batches += 1
        self._hold(self._send_update, update)
        return True

    def _send_update(self, update: Update) -> None:
        self._batches -= 1
        if not self._link.offer_update(update):  # as above; or the request that it was to answer has gone
            self._link.send_update(update)

    def send_update(self, update: Update) -> None:
        """Take an update that must not be lost."""
        self._hold(self._link.send_update, update)

    def note_unchanged(self) -> None:
        """The newest state is the one that the viewer has."""
        self._link.note_unchanged()
