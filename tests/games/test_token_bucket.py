"""A token bucket of the games gives a burst, and then one at a time."""

from __future__ import annotations

from gameserver.games.token_bucket import TokenBucket


def test_a_token_bucket_is_a_burst_and_then_one_at_a_time() -> None:
    bucket = TokenBucket(3, 10)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(tick) for tick in (9, 10, 11, 20)] == [False, True, False, True]
    assert [bucket.take(1000) for _ in range(4)] == [True, True, True, False]
