"""Signs of life: when to ask for one, and when to stop waiting."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gameserver.client.heartbeat import FIRST_MEASURE_AFTER_S, MAX_PINGS, MEASURE_EVERY_S, Heartbeat
from gameserver.protocol.constants import PING_AFTER_DEAD_SHARE, CloseCode
from gameserver.protocol.errors import ProtocolError

DEAD_S = 10.0


def started(dead_after_s: float = DEAD_S) -> Heartbeat:
    heartbeat = Heartbeat(dead_after_s)
    heartbeat.start(100.0)
    return heartbeat


def woken(heartbeat: Heartbeat, until_s: float) -> list[tuple[float, object]]:
    """What it asks for, each time that it wants to be woken."""
    asked: list[tuple[float, object]] = []
    while heartbeat.next_at_s <= until_s:
        now_s = heartbeat.next_at_s
        what = heartbeat.check(now_s)
        asked.append((now_s - 100.0, what))
        if what == "dead":
            break
    return asked


def test_a_ping_goes_out_soon_and_then_every_two_seconds_until_the_dead_time_is_over() -> None:
    asked = woken(started(), 200.0)
    pings = [(FIRST_MEASURE_AFTER_S + MEASURE_EVERY_S * number, number + 1) for number in range(5)]
    assert asked == [*pings, (DEAD_S, "dead")]


@pytest.mark.parametrize("dead_after_s", [0.9, 3.0, 5.0])
def test_a_short_dead_time_still_has_three_pings(dead_after_s: float) -> None:
    asked = woken(started(dead_after_s), 200.0)
    assert asked[-1][1] == "dead"
    assert asked[-1][0] == pytest.approx(dead_after_s)
    gaps = [b[0] - a[0] for a, b in pairwise(asked)]
    assert max(gaps) <= dead_after_s * PING_AFTER_DEAD_SHARE + 1e-9


def test_anything_that_is_heard_counts_as_life() -> None:
    heartbeat = started()
    for second in range(100):
        heartbeat.heard(100.0 + second)
        assert heartbeat.check(100.0 + second) != "dead"


def test_time_asleep_is_no_silence() -> None:
    heartbeat = started()
    heartbeat.check(101.0)
    assert heartbeat.check(161.0) != "dead", "what was sent meanwhile is still to be read"
    asked = woken(heartbeat, 200.0)
    assert asked[-1][1] == "dead", "silence while awake counts"
    assert 60.0 + DEAD_S * (1 - PING_AFTER_DEAD_SHARE) - 1.0 <= asked[-1][0] <= 60.0 + DEAD_S


def test_a_pong_says_when_its_ping_was_sent_whichever_it_was() -> None:
    heartbeat = started()
    first, second = heartbeat.check(100.5), heartbeat.check(102.5)
    assert isinstance(first, int)
    assert isinstance(second, int)
    assert heartbeat.answered(first) == 100.5, "also when the round trip is longer than the time between two PINGs"
    assert heartbeat.answered(second) == 102.5
    assert heartbeat.answered(second) is None, "it was answered already"


def test_the_pings_of_a_lost_link_are_forgotten() -> None:
    heartbeat = started()
    nonce = heartbeat.check(100.5)
    heartbeat.start(110.0)
    assert isinstance(nonce, int)
    assert heartbeat.answered(nonce) is None


def test_unanswered_pings_are_bounded() -> None:
    heartbeat = started()
    for number in range(2 * MAX_PINGS):
        now_s = 100.5 + MEASURE_EVERY_S * number
        heartbeat.heard(now_s)
        assert heartbeat.check(now_s) == number + 1
    assert heartbeat.answered(MAX_PINGS) is None
    assert heartbeat.answered(MAX_PINGS + 1) is not None


@pytest.mark.parametrize("nonce", [0, 2, 77])
def test_a_nonce_that_was_never_sent_is_refused(nonce: int) -> None:
    heartbeat = started()
    heartbeat.check(100.5)
    with pytest.raises(ProtocolError) as wrong:
        heartbeat.answered(nonce)
    assert wrong.value.code is CloseCode.INVALID_FIELD
