"""The running mean that both clocks steer by."""

from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.estimator import Estimator


def make_estimator() -> Estimator:
    return Estimator(gain=0.1, rise=0.25, floor=1.0, shift_after=3.0)


def test_first_sample_is_the_mean() -> None:
    estimator = make_estimator()
    assert estimator.value is None
    estimator.add(7.0, 0)
    assert estimator.value == 7.0


def test_single_outlier_leaves_the_mean_and_widens_the_deviation() -> None:
    estimator = make_estimator()
    for at in range(20):
        estimator.add(5.0, at)
    estimator.add(50.0, 20)
    assert estimator.value == 5.0
    assert estimator.deviation > 0.2


def test_outliers_that_last_become_the_mean_at_once() -> None:
    estimator = make_estimator()
    estimator.add(5.0, 0)
    for at in (1, 2, 3):
        estimator.add(50.0, at)
        assert estimator.value == 5.0
    estimator.add(50.0, 4)
    assert estimator.value == 50.0


def test_a_burst_of_outliers_at_one_moment_is_no_new_level() -> None:
    estimator = make_estimator()
    estimator.add(5.0, 0)
    for _ in range(30):
        estimator.add(50.0, 1)
    estimator.add(5.0, 2)
    assert estimator.value == 5.0


def test_outliers_to_alternating_sides_are_jitter_and_no_new_level() -> None:
    estimator = make_estimator()
    estimator.add(0.0, 0)
    for at in range(1, 40):
        estimator.add(1000.0 if at % 2 else -1000.0, at)
        assert estimator.value is not None
        assert abs(estimator.value) < 200
    assert estimator.deviation > 300


def test_deviation_grows_faster_than_it_shrinks() -> None:
    estimator = make_estimator()
    estimator.add(0.0, 0)
    estimator.add(0.9, 1)
    grown = estimator.deviation
    estimator.add(estimator.value or 0.0, 2)
    assert grown > 2 * (grown - estimator.deviation)


def test_moved_mean_moves_and_a_forgotten_one_starts_anew() -> None:
    estimator = make_estimator()
    estimator.add(3.0, 0)
    estimator.move(-2.0)
    assert estimator.value == 1.0
    estimator.forget_value()
    estimator.move(5.0)
    assert estimator.value is None
    estimator.add(9.0, 1)
    assert estimator.value == 9.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_mean_stays_among_the_samples(samples: list[float]) -> None:
    estimator = make_estimator()
    for at, sample in enumerate(samples):
        estimator.add(sample, at)
    assert estimator.value is not None
    assert min(samples) - 1e-6 <= estimator.value <= max(samples) + 1e-6
    assert estimator.deviation >= 0
