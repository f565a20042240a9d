"""The client's tick, step by step; tests/sim/test_pacing.py runs it against the server's queue over a bad network."""

import math

import pytest

from gameserver.client.pacer import JUMP_TICKS, MAX_STRETCH, TickPacer

TICK_S = 1 / 60


def started(tick_s: float = TICK_S) -> TickPacer:
    pacer = TickPacer(tick_s)
    pacer.start(0.0, 0)
    return pacer


def run_to(pacer: TickPacer, seq: int) -> float:
    """Run tick after tick, each exactly when due; return the time of the last."""
    now = 0.0
    while pacer.seq < seq:
        now = pacer.next_at_s
        assert pacer.due(now) == 1
    return now


def test_nothing_is_due_before_the_start() -> None:
    assert TickPacer(TICK_S).due(1e9) == 0


def test_first_tick_is_due_at_once_and_numbered_after_what_the_server_knows() -> None:
    pacer = TickPacer(TICK_S)
    pacer.start(5.0, 41)
    assert pacer.due(5.0) == 1
    assert pacer.seq == 42
    assert pacer.due(5.0) == 0


def test_without_reports_ticks_come_at_the_rooms_pace() -> None:
    pacer = started()
    now = run_to(pacer, 601)
    assert now == pytest.approx(600 * TICK_S)


def test_a_client_that_is_early_stretches_its_ticks_and_at_most_by_a_tenth() -> None:
    pacer = started()
    run_to(pacer, 10)
    pacer.reported(10, 5 * 256)
    before = pacer.next_at_s
    pacer.due(before)
    assert pacer.next_at_s - before == pytest.approx(TICK_S * (1 + MAX_STRETCH))


def test_a_client_that_is_late_shortens_its_ticks() -> None:
    pacer = started()
    run_to(pacer, 10)
    pacer.reported(10, 0)
    before = pacer.next_at_s
    pacer.due(before)
    assert TICK_S * (1 - MAX_STRETCH) <= pacer.next_at_s - before < TICK_S


def test_corrections_in_flight_are_not_made_twice() -> None:
    """A report about a frame that left before the correction says nothing new, however often it comes."""
    pacer = started()
    run_to(pacer, 10)
    pacer.reported(10, 3 * 256)
    run_to(pacer, 30)
    assumed = pacer.lead
    pacer.reported(11, 3 * 256)
    assert pacer.lead == pytest.approx(assumed, abs=0.01)


def test_reports_about_frames_that_were_forgotten_or_never_sent_count_nothing() -> None:
    pacer = started()
    run_to(pacer, 300)
    for seq in (0, 20, 301, 2**32 - 1):
        pacer.reported(seq, 9 * 256)
    assert pacer.lead == pacer.target


def test_more_than_ten_ticks_early_jumps_by_a_pause() -> None:
    pacer = started()
    run_to(pacer, 10)
    before = pacer.next_at_s
    pacer.reported(10, 14 * 256)
    assert pacer.jumps == 1
    assert (pacer.next_at_s - before) / TICK_S == pytest.approx(13.5)
    assert pacer.lead == pacer.target


def test_frames_from_before_a_jump_are_ignored() -> None:
    pacer = started()
    run_to(pacer, 10)
    pacer.reported(9, 14 * 256)
    pacer.reported(10, 14 * 256)
    assert pacer.jumps == 1


def test_a_short_hiccup_is_made_up_for() -> None:
    pacer = started()
    now = run_to(pacer, 10)
    assert pacer.due(now + 1.5 * TICK_S) == 1
    assert pacer.skipped == 0


def test_a_client_that_slept_sends_only_what_still_helps() -> None:
    pacer = started()
    now = run_to(pacer, 10)
    ran = pacer.due(now + 60.0)
    assert ran <= 3
    assert pacer.seq == 10 + ran
    assert pacer.skipped == pytest.approx(3600, abs=3)
    assert pacer.next_at_s > now + 60.0
    assert pacer.next_at_s <= now + 60.0 + TICK_S * (1 + MAX_STRETCH)


def test_a_hitch_counts_as_jitter_at_once_and_a_sleep_does_not() -> None:
    hitched, slept = started(), started()
    hitched.due(run_to(hitched, 10) + 4 * TICK_S)
    slept.due(run_to(slept, 10) + 60.0)
    assert hitched.skipped > 0
    assert hitched.target > 1.0
    assert slept.target == 0.5


def test_target_grows_with_jitter_and_stays_below_half_of_the_servers_queue() -> None:
    pacer = started()
    assert pacer.target == 0.5
    for seq in range(2, 400, 3):
        run_to(pacer, seq)
        pacer.reported(seq, 0 if seq % 2 else 9 * 256)
    assert pacer.target == pytest.approx(0.125 / TICK_S)
    assert pacer.target < JUMP_TICKS


def test_a_new_start_keeps_the_jitter_and_forgets_the_lead() -> None:
    pacer = started()
    for seq in (10, 13, 16):
        run_to(pacer, seq)
        pacer.reported(seq, seq * 20)
    jitter = pacer.jitter
    assert jitter > 0
    pacer.start(100.0, 500)
    assert pacer.jitter == jitter
    assert pacer.lead == pacer.target
    assert pacer.due(100.0) == 1
    assert math.isfinite(pacer.next_at_s)
