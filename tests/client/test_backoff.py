"""Waits between tries to come back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.backoff import CAP_S, FIRST_S, HELD_AFTER_S, RULES_HELD_AFTER_S, Backoff, back_after
from gameserver.protocol.constants import CloseCode


class Highest(random.Random):
    """Draws the most that it may."""

    def random(self) -> float:
        return 1.0


def test_waits_double_from_half_a_second_to_sixteen() -> None:
    backoff = Backoff(Highest())
    assert [backoff.next_s() for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0]


def test_a_link_that_held_starts_over() -> None:
    backoff = Backoff(Highest())
    for _ in range(5):
        backoff.next_s()
    backoff.link_ended(None, HELD_AFTER_S)
    assert backoff.next_s() == FIRST_S


@pytest.mark.parametrize("joined_for_s", [None, 0.0, HELD_AFTER_S / 2])
def test_a_link_that_did_not_hold_makes_the_next_wait_longer(joined_for_s: float | None) -> None:
    backoff = Backoff(Highest())
    backoff.next_s()
    backoff.link_ended(None, joined_for_s)
    assert backoff.next_s() == 2 * FIRST_S


def test_rules_that_fail_again_and_again_are_joined_ever_more_slowly() -> None:
    backoff = Backoff(Highest())
    waits = []
    for _ in range(7):
        backoff.link_ended(CloseCode.ROOM_FAILED, 5.0)
        waits.append(backoff.next_s())
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0]
    backoff.link_ended(CloseCode.ROOM_FAILED, RULES_HELD_AFTER_S)
    assert backoff.next_s() == FIRST_S


@pytest.mark.parametrize("code", [CloseCode.SESSION_EXPIRED, CloseCode.SERVER_RESTARTED])
def test_a_server_that_has_answered_is_joined_without_a_long_wait(code: CloseCode) -> None:
    backoff = Backoff(Highest())
    for _ in range(5):
        backoff.next_s()
    backoff.link_ended(code, None)
    assert backoff.next_s() == FIRST_S


def test_a_server_that_says_when_to_come_back_is_believed() -> None:
    assert Backoff(Highest()).next_s("retry in 7 s") == 7.5
    assert Backoff(Highest()).next_s("retry in 2.5 s") == 3.0
    assert Backoff(Highest()).next_s("too many joins from one address: retry in 1 s") == 1.5


def test_a_server_cannot_send_a_client_away_for_ever() -> None:
    assert Backoff(Highest()).next_s("retry in 99999999 s") == 300.5


@given(st.integers(0, 2**32), st.integers(0, 5000), st.text())
def test_a_wait_is_never_negative_nor_beyond_the_cap(seed: int, attempts: int, reason: str) -> None:
    backoff = Backoff(random.Random(seed))
    backoff.attempts = attempts
    assert 0.0 <= backoff.next_s(reason) <= 300.0 + CAP_S


def test_clients_do_not_come_back_in_the_same_moment() -> None:
    waits = {round(Backoff(random.Random(seed)).next_s(), 3) for seed in range(100)}
    assert len(waits) > 70


@pytest.mark.parametrize("reason", ["please retry in 7 s", "retry in 7 s.", "retry in -7 s", "retry in 7s", ""])
def test_a_reason_that_only_looks_like_a_time_is_none(reason: str) -> None:
    assert Backoff(Highest()).next_s(reason) == FIRST_S


@pytest.mark.parametrize(
    ("code", "back"),
    [
        (None, "resume"),
        (1000, "no"),
        (1001, "resume"),
        (1006, "resume"),
        (1009, "no"),
        (1011, "resume"),
        (4009, "resume"),
        (4010, "no"),
        (4014, "resume"),
        (4024, "join"),
        (4025, "join"),
        (4999, "no"),
    ],
)
def test_what_a_close_code_asks_of_a_client(code: int | None, back: str) -> None:
    assert back_after(code) == back
