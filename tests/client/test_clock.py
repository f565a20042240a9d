"""Round trip and drawn time, step by step; tests/sim/test_drawing.py runs the latter over a bad network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.clock import (
    JUMP_S,
    MAX_CATCH_UP,
    MAX_EXTRAPOLATION_S,
    MAX_SLOW_DOWN,
    NEAR_S,
    InterpolationClock,
    RoundTrip,
    drawing_stretch,
)

TICK_S = 1 / 60


def test_round_trip_leaves_out_what_the_frame_waited_in_the_servers_queue() -> None:
    trip = RoundTrip()
    trip.frame_sent(7, 10.0)
    trip.frame_acked(7, 2 * 256, TICK_S, 10.0 + 0.08 + 2 * TICK_S)
    assert trip.rtt_s == pytest.approx(0.08)


def test_round_trip_ignores_frames_that_are_no_longer_remembered() -> None:
    trip = RoundTrip()
    trip.frame_sent(7, 10.0)
    trip.frame_sent(7 + 256, 14.0)
    trip.frame_acked(7, 0, TICK_S, 14.1)
    trip.frame_acked(9, 0, TICK_S, 14.1)
    assert trip.rtt_s is None
    assert trip.samples == 0


def test_one_late_wake_up_moves_the_round_trip_little() -> None:
    trip = RoundTrip()
    for _ in range(50):
        trip.add(0.05)
    trip.add(3.0)
    assert trip.rtt_s == pytest.approx(0.05, abs=0.002)


def test_round_trip_follows_a_route_that_got_longer_within_a_second_of_reports() -> None:
    trip = RoundTrip()
    for _ in range(50):
        trip.add(0.02)
    for _ in range(20):
        trip.add(0.2)
    assert trip.rtt_s == pytest.approx(0.2, rel=0.2)


def test_measured_times_below_zero_count_as_zero() -> None:
    trip = RoundTrip()
    trip.add(-1.0)
    assert trip.rtt_s == 0.0


def fed(clock: InterpolationClock, ticks: range, *, delay_s: float = 0.05) -> None:
    for tick in ticks:
        clock.arrived(tick, tick * TICK_S + delay_s)


def test_nothing_is_drawn_before_the_first_snapshot() -> None:
    assert InterpolationClock(TICK_S, 3).draw(100.0) == 0.0


def test_drawn_time_is_two_intervals_behind_arrivals_on_a_steady_link() -> None:
    clock = InterpolationClock(TICK_S, 3)
    fed(clock, range(3, 300, 3))
    now = 297 * TICK_S + 0.05
    assert clock.draw(now) == pytest.approx(297 * TICK_S - 6 * TICK_S)


def test_delay_follows_jitter() -> None:
    steady, shaky = InterpolationClock(TICK_S, 3), InterpolationClock(TICK_S, 3)
    fed(steady, range(3, 300, 3))
    for number, tick in enumerate(range(3, 300, 3)):
        shaky.arrived(tick, tick * TICK_S + (0.04 if number % 2 else 0.12))
    assert steady.delay_s == pytest.approx(0.1)
    assert shaky.delay_s > steady.delay_s + 0.03


def test_delay_grows_when_snapshots_come_less_often_than_announced() -> None:
    clock = InterpolationClock(TICK_S, 3)
    fed(clock, range(12, 1200, 12))
    assert clock.delay_s == pytest.approx(2 * 12 * TICK_S, rel=0.02)


def test_drawn_time_stops_a_quarter_second_after_the_newest_snapshot() -> None:
    clock = InterpolationClock(TICK_S, 3)
    fed(clock, range(3, 300, 3))
    start = 297 * TICK_S + 0.05
    for frame in range(200):
        clock.draw(start + frame * TICK_S)
    assert clock.draw(start + 201 * TICK_S) == pytest.approx(297 * TICK_S + MAX_EXTRAPOLATION_S)
    assert clock.jumps == 0


@pytest.mark.parametrize("frames_while_stalled", [0, 3000])
def test_after_a_stall_of_a_minute_the_present_is_drawn_again(frames_while_stalled: int) -> None:
    clock = InterpolationClock(TICK_S, 3)
    fed(clock, range(3, 300, 3))
    start = 297 * TICK_S + 0.05
    clock.draw(start)
    for frame in range(frames_while_stalled):
        clock.draw(start + frame * TICK_S)
    wake = start + 60.0
    for tick in range(300, 300 + 60 * 60, 3):
        clock.arrived(tick, max(wake, tick * TICK_S + 0.05))
    assert clock.draw(wake) == pytest.approx(wake - 0.05 - clock.delay_s, abs=0.01)
    assert clock.jumps == (1 if frames_while_stalled else 0)


@pytest.mark.parametrize("error_s", [-0.9, -0.2, -NEAR_S, -0.001, 0.0, 0.001, NEAR_S, 0.2, 0.9])
def test_stretch_goes_towards_the_aim_and_is_gentle_near_it(error_s: float) -> None:
    stretch = drawing_stretch(error_s)
    assert stretch * error_s >= 0
    if abs(error_s) <= NEAR_S:
        assert -MAX_SLOW_DOWN <= stretch <= MAX_CATCH_UP


@given(
    st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 0.3), st.booleans()), min_size=1, max_size=120),
)
def test_drawn_time_never_runs_backwards_nor_past_its_limit(steps: list[tuple[float, float, bool]]) -> None:
    clock = InterpolationClock(TICK_S, 3)
    now, tick, drawn = 0.0, 0, None
    for wait_s, frame_s, arrives in steps:
        now += wait_s
        if arrives:
            tick += 3
            clock.arrived(tick, now)
        now += frame_s
        before, drawn = drawn, clock.draw(now)
        if tick and before is not None and before != 0.0:
            assert drawn >= before
        assert drawn <= tick * TICK_S + MAX_EXTRAPOLATION_S
    assert JUMP_S > MAX_EXTRAPOLATION_S
