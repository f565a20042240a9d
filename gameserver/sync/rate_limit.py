"""How much a client may ask for: token buckets, whose memory does not grow with what is asked. Time is an argument."""

from __future__ import annotations

from functools import lru_cache

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
