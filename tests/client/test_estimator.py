"""The running mean that both clocks steer by."""

from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.estimator import Estimator


def make_level() -> Estimator:
    return Estimator(gain=0.1, rise=0.25, floor=1.0, shift_after=3.0)


def test_first_sample_is_the_mean() -> None:
    level = make_level()
    assert level.value is None
    level.add(7.0, 0)
    assert level.value == 7.0


def test_single_outlier_leaves_the_mean_and_widens_the_deviation() -> None:
    level = make_level()
    for at in range(20):
        level.add(5.0, at)
    level.add(50.0, 20)
    assert level.value == 5.0
    assert level.deviation > 0.2


def test_outliers_that_last_become_the_mean_at_once() -> None:
    level = make_level()
    level.add(5.0, 0)
    for at in (1, 2, 3):
        level.add(50.0, at)
        assert level.value == 5.0
    level.add(50.0, 4)
    assert level.value == 50.0


def test_a_burst_of_outliers_at_one_moment_is_no_new_level() -> None:
    level = make_level()
    level.add(5.0, 0)
    for _ in range(30):
        level.add(50.0, 1)
    level.add(5.0, 2)
    assert level.value == 5.0


def test_outliers_to_alternating_sides_are_jitter_and_no_new_level() -> None:
    level = make_level()
    level.add(0.0, 0)
    for at in range(1, 40):
        level.add(1000.0 if at % 2 else -1000.0, at)
        assert level.value is not None
        assert abs(level.value) < 200
    assert level.deviation > 300


def test_deviation_grows_faster_than_it_shrinks() -> None:
    level = make_level()
    level.add(0.0, 0)
    level.add(0.9, 1)
    grown = level.deviation
    level.add(level.value or 0.0, 2)
    assert grown > 2 * (grown - level.deviation)


def test_moved_mean_moves_and_a_forgotten_one_starts_anew() -> None:
    level = make_level()
    level.add(3.0, 0)
    level.move(-2.0)
    assert level.value == 1.0
    level.forget_value()
    level.move(5.0)
    assert level.value is None
    level.add(9.0, 1)
    assert level.value == 9.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_mean_stays_among_the_samples(samples: list[float]) -> None:
    level = make_level()
    for at, sample in enumerate(samples):
        level.add(sample, at)
    assert level.value is not None
    assert min(samples) - 1e-6 <= level.value <= max(samples) + 1e-6
    assert level.deviation >= 0
