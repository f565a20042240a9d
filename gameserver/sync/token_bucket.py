"""Token buckets: how a limit of so many a second is kept. Their memory does not grow; time is an argument."""

from __future__ import annotations

from functools import lru_cache

ROUNDING_S = 1e-9
"""Tolerance for rounding errors in sums of token times, which must not cost a client a token."""


@lru_cache
def _times(rate_per_s: float, burst: float) -> tuple[float, float]:
    """Return the seconds for one token and for a full bucket.

    Cached so that buckets with the same limits share the two numbers: a thousand links are checked in every tick, and
    a thousand pairs of numbers would not stay in the processor's caches.
    """
    return 1.0 / rate_per_s, burst / rate_per_s


class TokenBucket:
    """A bucket that gains `rate_per_s` tokens a second and holds at most `burst`; full at first.

    Its state is the moment at which it was, or would have been, empty: the time since then is worth the tokens in it,
    so nothing needs to be refilled.
    """

    __slots__ = ("_burst_s", "_empty_at_s", "_token_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self._token_s, self._burst_s = _times(rate_per_s, burst)
        self._empty_at_s = now_s - self._burst_s

    def is_full(self, now_s: float) -> bool:
        """Whether nothing was taken that has not come back since."""
        return self._empty_at_s <= now_s - self._burst_s

    def take(self, amount: float, now_s: float) -> bool:
        """Take `amount` tokens and return True; when there are fewer, take none and return False."""
        empty_at_s = self._empty_at_s
        if empty_at_s < now_s - self._burst_s:
            empty_at_s = now_s - self._burst_s
        empty_at_s += amount * self._token_s
        if empty_at_s > now_s + ROUNDING_S:
            return False
        self._empty_at_s = empty_at_s
        return True

    def take_ahead(self, amount: float, now_s: float, max_wait_s: float) -> float:
        """Take `amount` tokens, if need be before they have come.

        Returns:
            How many seconds it takes until they have come; -1.0, and none are taken, if that is more than `max_wait_s`.
        """
        empty_at_s = self._empty_at_s
        if empty_at_s < now_s - self._burst_s:
            empty_at_s = now_s - self._burst_s
        empty_at_s += amount * self._token_s
        wait_s = empty_at_s - now_s
        if wait_s > max_wait_s + ROUNDING_S:
            return -1.0
        self._empty_at_s = empty_at_s
        return wait_s if wait_s > ROUNDING_S else 0.0


MAX_IDLE_BUCKETS = 1024
"""With more buckets than this, the full ones are dropped from time to time: a new one would be full too."""


class BucketsByKey:
    """A bucket for each key, such as an address.

    A bucket of which something is missing is kept until it is full again. So there are at most as many as keys that
    took something within the time in which a bucket fills, and twice that or `MAX_IDLE_BUCKETS` with the full ones.
    """

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._buckets: dict[str, TokenBucket] = {}
        self._drop_at = MAX_IDLE_BUCKETS
        """How many buckets there are when the full ones are dropped next."""

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, amount: float, now_s: float) -> bool:
        """Take `amount` tokens of a key's bucket and return True; when there are fewer, take none and return False."""
        return self._bucket(key, now_s).take(amount, now_s)

    def take_ahead(self, key: str, amount: float, now_s: float, max_wait_s: float) -> float:
        """Take `amount` tokens of a key's bucket, if need be before they have come; see `TokenBucket.take_ahead`."""
        return self._bucket(key, now_s).take_ahead(amount, now_s, max_wait_s)

    def _bucket(self, key: str, now_s: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._drop_at:
                self._drop_full(now_s)
            bucket = self._buckets[key] = TokenBucket(self._rate_per_s, self._burst, now_s)
        return bucket

    def _drop_full(self, now_s: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now_s)}
        self._drop_at = max(MAX_IDLE_BUCKETS, 2 * len(self._buckets))  # so that a new key costs O(1)
