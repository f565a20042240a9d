"""A token bucket never gives more than its burst and its rate."""

from hypothesis import given
from hypothesis import strategies as st

from gameserver.sync.token_bucket import MAX_IDLE_BUCKETS, BucketsByKey, TokenBucket


def test_a_bucket_refills_with_time_up_to_its_burst() -> None:
    bucket = TokenBucket(10, 20, 0.0)
    assert bucket.take(20, 0.0)
    assert not bucket.take(1, 0.0)
    assert bucket.take(5, 0.5)
    assert not bucket.take(21, 100.0)
    assert bucket.take(20, 100.0)


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(10, 10, 5.0)
    assert bucket.take(10, 5.0)
    assert not bucket.take(1, 1.0)
    assert not bucket.take(1, 5.0)


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 30)), max_size=60))
def test_never_more_than_burst_plus_rate(script: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(10, 20, 0.0)
    now, taken = 0.0, 0
    for wait, amount in script:
        now += wait
        if bucket.take(amount, now):
            taken += amount
    assert taken <= 20 + 10 * now + 1e-6


def test_buckets_that_are_full_again_are_dropped() -> None:
    buckets = BucketsByKey(1.0, 5.0)
    for number in range(MAX_IDLE_BUCKETS):
        assert buckets.take(f"early {number}", 1, 0.0)
    assert buckets.take("late", 1, 2.0)
    assert len(buckets) == 1


def test_a_new_key_looks_at_the_others_seldom_however_many_have_taken_something() -> None:
    looks = 0
    buckets = BucketsByKey(0.001, 5.0)
    next_look = buckets._drop_at
    for number in range(20 * MAX_IDLE_BUCKETS):
        assert buckets.take(str(number), 1, 0.0)
        if buckets._drop_at != next_look:
            looks += 1
            next_look = buckets._drop_at
    assert len(buckets) == 20 * MAX_IDLE_BUCKETS  # none of them is full: each goes on counting
    assert looks == 5  # each at twice as many as the one before
