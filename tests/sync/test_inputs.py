"""Frames are consumed in order, one a tick; the queue is bounded, and sending more frames gains nothing."""

from hypothesis import given
from hypothesis import strategies as st

from gameserver.sync.inputs import InputQueue

NEUTRAL = (0, 0)
TICK_S = 0.05


def queue() -> InputQueue:
    return InputQueue(hold_s=0.25, tick_hz=20, neutral=NEUTRAL)


def test_frames_are_consumed_in_order_one_a_tick() -> None:
    q = queue()
    q.push(1, (1, 0), 0.0)
    q.push(2, (2, 0), 0.0)
    assert q.take(TICK_S, 1) == (1, 0)
    assert q.consumed == 1
    assert q.take(2 * TICK_S, 1) == (2, 0)
    assert q.consumed == 2


def test_lead_is_the_wait_in_256ths_of_a_tick() -> None:
    q = queue()
    q.push(1, (1, 0), 0.0)
    q.take(TICK_S / 2, 1)
    assert q.lead == 128


def test_a_frame_stamped_after_its_tick_has_no_negative_lead() -> None:
    q = queue()
    q.push(1, (1, 0), 1.0)
    q.take(0.9, 1)
    assert q.lead == 0


def test_duplicates_and_stale_frames_are_dropped() -> None:
    q = queue()
    q.push(5, (1, 0), 0.0)
    q.push(5, (2, 0), 0.0)
    q.push(4, (3, 0), 0.0)
    assert q.take(0.0, 1) == (1, 0)
    q.push(3, (4, 0), 0.0)
    assert len(q) == 0


def test_a_missing_frame_repeats_the_last_for_250_ms_and_then_counts_as_neutral() -> None:
    q = queue()
    q.push(1, (7, 7), 0.0)
    taken = [q.take(i * TICK_S, 1) for i in range(8)]
    assert taken == [(7, 7)] * 6 + [NEUTRAL] * 2
    assert q.missed == 7
    assert q.consumed == 1


def test_nothing_is_missed_before_the_first_frame() -> None:
    q = queue()
    assert q.take(0.0, 1) == NEUTRAL
    assert (q.missed, q.consumed, q.lead) == (0, 0, None)


def test_a_full_queue_loses_its_oldest_frames() -> None:
    q = queue()
    for seq in range(1, 9):
        q.push(seq, (seq, 0), 0.0)
    assert (len(q), q.trimmed) == (5, 3)
    assert q.take(0.0, 1) == (4, 0)


def test_frames_from_before_a_lost_link_do_not_act_after_it() -> None:
    q = queue()
    q.push(1, (1, 1), 0.0)
    q.take(0.0, 1)
    q.push(2, (2, 2), 0.0)
    q.clear()
    assert q.take(0.0, 1) == NEUTRAL
    q.push(1, (8, 8), 0.0)
    assert q.take(0.0, 1) == NEUTRAL, "what was consumed is not consumed again"
    q.push(2, (9, 9), 0.0)
    assert q.take(0.0, 1) == (9, 9), "a number that was not consumed may be used again"


def test_lag_is_how_far_behind_its_tick_a_frame_saw_in_16ths() -> None:
    q = queue()
    q.push(1, (1, 0), 0.0, seen=98 * 16 - 5)
    q.take(0.0, 100)
    assert q.lag == 2 * 16 + 5


def test_a_missing_frame_is_as_far_behind_as_the_last() -> None:
    q = queue()
    q.push(1, (1, 0), 0.0, seen=98 * 16)
    q.take(0.0, 100)
    q.take(0.0, 101)
    assert q.lag == 2 * 16


def test_a_frame_that_saw_nothing_lags_by_nothing() -> None:
    q = queue()
    q.push(1, (1, 0), 0.0)
    q.take(0.0, 100)
    assert q.lag == 0


def test_the_moment_that_a_player_saw_runs_neither_backwards_nor_ahead() -> None:
    q = queue()
    for seq, (seen, lag) in enumerate([(98, 3), (90, 4), (99, 4), (200, 0), (101, 1)], 1):
        q.push(seq, (0, 0), 0.0, seen=seen * 16)
        q.take(0.0, 100 + seq)
        assert q.lag == lag * 16, seq


@given(st.lists(st.tuples(st.integers(-5000, 2**37), st.integers(0, 2)), max_size=30))
def test_no_frame_saw_the_future_whatever_the_client_claims(claims: list[tuple[int, int]]) -> None:
    q = queue()
    for tick, (seen, frames) in enumerate(claims, 1):
        for number in range(frames):
            q.push(3 * tick + number, (0, 0), 0.0, seen=seen)
        q.take(0.0, tick)
        assert 0 <= q.lag <= tick * 16


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(1, 40), max_size=6)), max_size=40))
def test_one_frame_a_tick_is_consumed_in_ascending_order_whatever_arrives(script: list[tuple[int, list[int]]]) -> None:
    q = queue()
    consumed = [0]
    for tick, (_, seqs) in enumerate(script):
        for seq in seqs:
            q.push(seq, (seq, 0), tick * TICK_S)
        before = q.consumed
        codes = q.take(tick * TICK_S, 1)
        if q.consumed != before:
            assert codes == (q.consumed, 0)
            consumed.append(q.consumed)
        assert len(q) <= 5
    assert consumed == sorted(set(consumed))
