"""How much one client may have in flight or ask for: a window of unacked snapshots, and token buckets for what it
sends.

Both are bounded by construction and take time as an argument.
"""

from __future__ import annotations

from collections import deque


class Window:
    """The ticks of the snapshots handed to a link and not acked yet, at most `limit` of them.

    A link takes bytes long before its client has read them; the window is what keeps a slow reader near the present:
    when it is full the viewer is skipped, and the next delta after an ack spans the gap.
    """

    __slots__ = ("_in_flight", "acked", "limit")

    def __init__(self, limit: int) -> None:
        self._in_flight: deque[int] = deque()
        self.limit = limit
        self.acked = 0

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def open(self) -> bool:
        return len(self._in_flight) < self.limit

    def sent(self, tick: int) -> None:
        self._in_flight.append(tick)

    def ack(self, tick: int) -> None:
        """The client says that it has applied `tick`. One it was never sent frees nothing newer than what it was
        sent."""
        flight = self._in_flight
        while flight and flight[0] <= tick:
            self.acked = flight.popleft()

    def clear(self) -> None:
        self._in_flight.clear()


class TokenBucket:
    """`rate_per_s` tokens a second, at most `burst` saved up."""

    __slots__ = ("_at_s", "_tokens", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._tokens = burst
        self._at_s = now_s

    def take(self, amount: float, now_s: float) -> bool:
        """Take `amount` tokens, or none and return False when there are not so many."""
        if now_s > self._at_s:
            self._tokens = min(self.burst, self._tokens + (now_s - self._at_s) * self.rate_per_s)
            self._at_s = now_s
        if amount > self._tokens:
            return False
        self._tokens -= amount
        return True
