"""Waits between tries to come back."""

import random

from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.backoff import CAP_S, FIRST_S, Backoff


class Highest(random.Random):
    """Draws the most that it may."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_waits_double_from_half_a_second_to_sixteen() -> None:
    backoff = Backoff(Highest())
    assert [backoff.next_s() for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0]


def test_a_link_that_held_starts_over() -> None:
    backoff = Backoff(Highest())
    for _ in range(5):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == FIRST_S


def test_a_server_that_says_when_to_come_back_is_believed() -> None:
    assert Backoff(Highest()).next_s("retry in 7 s") == 7.5
    assert Backoff(Highest()).next_s("retry in 2.5 s") == 3.0


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
