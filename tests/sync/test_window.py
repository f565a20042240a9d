"""The window keeps up with a client that acks, and stays narrow for one that does not."""

from hypothesis import given
from hypothesis import strategies as st

from gameserver.sync.window import Window


def test_a_window_closes_when_full_and_opens_with_an_ack() -> None:
    window = Window(2, 20)
    window.sent(10)
    window.sent(13)
    assert not window.open
    window.ack(10, 13)
    assert window.open
    assert len(window) == 1


def test_an_ack_of_the_newest_frees_all_before_it() -> None:
    window = Window(3, 20)
    for tick in (1, 2, 3):
        window.sent(tick)
    window.ack(3, 3)
    assert len(window) == 0


def test_an_old_ack_frees_nothing() -> None:
    window = Window(3, 20)
    window.sent(5)
    window.ack(4, 5)
    assert len(window) == 1


def flow(window: Window, first: int, ticks: int, round_trip: int) -> int:
    """Run a room for `ticks` ticks whose client acks after `round_trip` ticks; return how many snapshots were sent."""
    sent = 0
    for tick in range(first, first + ticks):
        if tick >= round_trip:
            window.ack(tick - round_trip, tick)
        if window.open:
            window.sent(tick)
            sent += 1
    return sent


@given(st.integers(1, 20), st.sampled_from([20, 60]))
def test_a_window_never_holds_back_a_client_that_keeps_up(round_trip: int, tick_hz: int) -> None:
    assert flow(Window(64, tick_hz), 0, 300, round_trip) == 300


@given(st.integers(1, 20))
def test_a_window_is_as_wide_as_the_round_trip_and_the_slack(round_trip: int) -> None:
    window = Window(64, 20)
    flow(window, 0, 100, round_trip)
    assert window.width == round_trip + 6
    assert flow(window, 100, 100, 1_000) <= 6, "how many are sent to a client that has stopped reading"


def test_a_window_stays_narrow_when_bytes_queue_up_and_widens_when_the_path_has_changed() -> None:
    window = Window(64, 20)
    flow(window, 0, 100, 2)
    flow(window, 100, 100, 12)
    assert window.width == 8
    flow(window, 200, 400, 12)
    assert window.width == 18


def test_the_limit_bounds_a_window_whatever_the_round_trip() -> None:
    window = Window(8, 20)
    flow(window, 0, 100, 30)
    assert window.width == 8


def test_a_window_for_another_link_starts_anew() -> None:
    window = Window(64, 20)
    flow(window, 0, 100, 2)
    window.restart()
    assert (len(window), window.width) == (0, 64)
    flow(window, 200, 100, 12)
    assert window.width == 18


def test_a_room_with_fewer_snapshots_than_ticks_needs_fewer_in_flight() -> None:
    window = Window(64, 60, snapshot_every=3)
    flow(window, 0, 100, 6)
    assert window.width == 1 + (6 + 15) // 3
