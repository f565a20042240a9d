"""What a client has to send and its link has not taken yet.

Input frames are worth something for a moment only: while the link is busy, the oldest of them go (protocol.md §7: the
server would drop them too), so that a link that was stuck does not come back with a backlog. Everything else stays,
in order.
"""

from __future__ import annotations

from collections import deque

MAX_WAITING_INPUTS = 15
"""A quarter second at 60 Hz, which is what the server's queue holds."""


class Outbox:
    """Messages in order; `take` empties it, `take_one` takes the oldest."""

    __slots__ = ("_inputs", "_messages", "shed")

    def __init__(self) -> None:
        self._messages: deque[tuple[bytes, bool]] = deque()
        self._inputs = 0
        self.shed = 0
        """Input frames dropped because the link was busy."""

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: bytes) -> None:
        """Queue a message that must arrive."""
        self._messages.append((message, False))

    def put_input(self, message: bytes) -> None:
        """Queue an input frame, in place of the oldest one if too many wait."""
        if self._inputs >= MAX_WAITING_INPUTS:
            self._drop_oldest_input()
        self._messages.append((message, True))
        self._inputs += 1

    def _drop_oldest_input(self) -> None:
        oldest = next(index for index, (_, is_input) in enumerate(self._messages) if is_input)
        del self._messages[oldest]
        self._inputs -= 1
        self.shed += 1

    def take(self) -> list[bytes]:
        """Return all that waits, oldest first."""
        messages = [message for message, _ in self._messages]
        self.clear()
        return messages

    def take_one(self) -> bytes:
        """Return the oldest. Raises IndexError when nothing waits."""
        message, is_input = self._messages.popleft()
        self._inputs -= is_input
        return message

    def clear(self) -> None:
        """The link is gone, and what was meant for it with it."""
        self._messages.clear()
        self._inputs = 0
