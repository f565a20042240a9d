"""How much one client may have in flight or ask for: a window of unacked snapshots, and token buckets for what it
sends.

Both are bounded by construction and take time as an argument.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache


class Window:
    """The ticks of the snapshots handed to a link and not acked yet, at most `limit` of them.

    A link takes bytes long before its client has read them; the window is what keeps a slow reader near the present:
    when it is full the viewer is skipped, and the next delta after an ack spans the gap.
    """

    __slots__ = ("_in_flight", "acked", "limit", "open")

    def __init__(self, limit: int) -> None:
        self._in_flight: deque[int] = deque()
        self.limit = limit
        self.acked = 0
        self.open = limit > 0
        """Whether one more may be sent."""

    def __len__(self) -> int:
        return len(self._in_flight)

    def sent(self, tick: int) -> None:
        flight = self._in_flight
        flight.append(tick)
        self.open = len(flight) < self.limit

    def ack(self, tick: int) -> None:
        """The client says that it has applied `tick`. One it was never sent frees nothing newer than what it was
        sent."""
        flight = self._in_flight
        while flight and flight[0] <= tick:
            self.acked = flight.popleft()
            self.open = True

    def clear(self) -> None:
        self._in_flight.clear()
        self.open = self.limit > 0


_ROUNDING_S = 1e-9
"""What sums of a rate's fractions may be off by, and must not cost anybody a token."""


@lru_cache
def _times(rate_per_s: float, burst: float) -> tuple[float, float]:
    """Seconds for a token and for a full bucket. Cached so that all buckets of a kind share the numbers' memory: with a
    thousand links that are looked at once a tick each, what is not shared is not in the processor's caches either."""
    return 1.0 / rate_per_s, burst / rate_per_s


class TokenBucket:
    """`rate_per_s` tokens a second, at most `burst` saved up.

    One number says it all: the moment at which the bucket was, or would have been, empty. Tokens are the time since
    then, so there is nothing to refill.
    """

    __slots__ = ("_burst_s", "_empty_at_s", "_token_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self._token_s, self._burst_s = _times(rate_per_s, burst)
        self._empty_at_s = now_s - self._burst_s

    def take(self, amount: float, now_s: float) -> bool:
        """Take `amount` tokens, or none and return False when there are not so many."""
        empty_at_s = self._empty_at_s
        if empty_at_s < now_s - self._burst_s:
            empty_at_s = now_s - self._burst_s
        empty_at_s += amount * self._token_s
        if empty_at_s > now_s + _ROUNDING_S:
            return False
        self._empty_at_s = empty_at_s
        return True
