"""How long a player will wait."""

from gameserver.match.tickets import Match, Ticket
from gameserver.match.wait_estimate import MAX_POOLS, MAX_WAITS, WaitEstimate


def duel(skill: float, waited_s: float, pool: str = "") -> Match:
    return Match(((Ticket(1, 100.0 - waited_s, skill, pool=pool),), (Ticket(2, 100.0 - waited_s, skill, pool=pool),)))


def test_nothing_is_known_before_the_first_match_of_a_pool() -> None:
    estimate = WaitEstimate()
    assert estimate.wait_s("", 0.0) is None
    estimate.note(duel(0.0, 5.0), 100.0)
    assert estimate.wait_s("", 900.0) == 5.0
    assert estimate.wait_s("ice", 0.0) is None


def test_those_of_a_like_skill_count() -> None:
    estimate = WaitEstimate()
    for _ in range(20):
        estimate.note(duel(0.0, 4.0), 100.0)
        estimate.note(duel(2000.0, 60.0), 100.0)
    assert estimate.wait_s("", 10.0) == 4.0
    assert estimate.wait_s("", 1900.0) == 60.0


def test_old_waits_are_forgotten() -> None:
    estimate = WaitEstimate()
    estimate.note(duel(0.0, 90.0), 100.0)
    for _ in range(MAX_WAITS // 2):
        estimate.note(duel(0.0, 1.0), 100.0)
    assert estimate.wait_s("", 0.0) == 1.0


def test_of_too_many_pools_those_without_a_match_for_longest_are_forgotten() -> None:
    estimate = WaitEstimate()
    for number in range(MAX_POOLS):
        estimate.note(duel(0.0, 1.0, str(number)), 100.0)
    estimate.note(duel(0.0, 1.0, "0"), 100.0)
    estimate.note(duel(0.0, 1.0, "new"), 100.0)
    assert estimate.wait_s("1", 0.0) is None
    assert [estimate.wait_s(pool, 0.0) for pool in ("0", "2", "new")] == [1.0] * 3
