"""The matcher: whole parties, bounded windows, the longest waiting first, and nobody in two matches."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.match.matcher import MAX_PLAYERS, MatchRules, make_matches
from gameserver.match.tickets import Backfill, Match, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW_S = 1000.0


def ticket(number: int, skill: float = 0.0, waited_s: float = 0.0, size: int = 1, **more: object) -> Ticket:
    return Ticket(number, NOW_S - waited_s, skill, size, **more)  # type: ignore[arg-type]


def ids(match: Match) -> list[list[int]]:
    return [[each.id for each in team] for team in match.teams]


def matched(*tickets: Ticket, rules: MatchRules | None = None, backfills: Sequence[Backfill] = ()) -> list[list[int]]:
    """The sorted ids of each match."""
    matches = make_matches(tickets, rules or MatchRules(), NOW_S, backfills)
    return [sorted(each.id for each in match.tickets) for match in matches]


def test_the_nearest_by_skill_meet() -> None:
    assert matched(ticket(1, 0, 5), ticket(2, 90), ticket(3, 20), ticket(4, 95)) == [[1, 3], [2, 4]]


def test_the_longest_waiting_is_served_first() -> None:
    assert matched(ticket(1, 0, 1), ticket(2, 10, 9), ticket(3, 20, 2)) == [[1, 2]]
    assert matched(ticket(1, 0, 1), ticket(2, 10, 2), ticket(3, 20, 9)) == [[2, 3]]


def test_the_window_widens_with_the_longest_wait_up_to_its_end() -> None:
    rules = MatchRules(window=100, widen_per_s=10, max_window=200)
    assert matched(ticket(1, 0, 4), ticket(2, 150), rules=rules) == []
    assert matched(ticket(1, 0, 5), ticket(2, 150), rules=rules) == [[1, 2]]
    assert matched(ticket(1, 0, 5), ticket(2, 150), rules=rules) == [[1, 2]]
    assert matched(ticket(1, 0, 500), ticket(2, 201), rules=rules) == []


def test_the_window_holds_between_all_tickets_and_not_only_to_the_first() -> None:
    rules = MatchRules(teams=3, window=100, widen_per_s=0)
    assert matched(ticket(1, 0, 9), ticket(2, -80), ticket(3, 90), rules=rules) == []
    assert matched(ticket(1, 0, 9), ticket(2, -80), ticket(3, 90), ticket(4, 15), rules=rules) == [[1, 2, 4]]


def test_parties_stay_whole_and_teams_are_even() -> None:
    rules = MatchRules(team_size=3)
    (match,) = make_matches([ticket(1, 50, 9, 2), ticket(2, 0, 0, 2), ticket(3, 10), ticket(4, 90)], rules, NOW_S)
    assert sorted(map(sorted, ids(match))) == [[1, 3], [2, 4]]
    # six places are left for three parties of two, but no team of three has room for two of them
    assert matched(ticket(1, 0, 9, 2), ticket(2, 0, 0, 2), ticket(3, 0, 0, 2), rules=rules) == []


def test_a_match_below_full_size_is_made_only_after_a_time_and_with_even_teams() -> None:
    rules = MatchRules(team_size=3, min_players=4, relax_after_s=20)
    five = [ticket(number, number) for number in range(2, 6)]
    assert matched(ticket(1, 0, 19), *five, rules=rules) == []
    (match,) = make_matches([ticket(1, 0, 20), *five], rules, NOW_S)
    assert sorted(map(len, match.teams)) == [2, 3]
    assert matched(ticket(1, 0, 20), ticket(2), ticket(3), rules=rules) == []


def test_pools_never_meet() -> None:
    assert matched(ticket(1, pool="ice"), ticket(2, pool="fire"), ticket(3, pool="ice")) == [[1, 3]]


def test_the_region_is_the_one_with_the_best_worst_round_trip() -> None:
    near, far = {"eu": 20.0, "us": 110.0}, {"eu": 100.0, "us": 30.0}
    (match,) = make_matches([ticket(1, round_trips=near), ticket(2, round_trips=far)], MatchRules(), NOW_S)
    assert match.region == "eu"
    asia = {"asia": 10.0, "eu": 300.0}
    assert matched(ticket(1, 0, 9, round_trips=near), ticket(2, round_trips=asia)) == []
    assert matched(ticket(1, 0, 90, round_trips=near), ticket(2, round_trips=asia)) == [[1, 2]]
    assert matched(ticket(1, 0, 9, round_trips=near), ticket(2)) == [[1, 2]]
    assert matched(ticket(1, 0, 900, round_trips={"us": 5.0}), ticket(2, round_trips={"eu": 5.0})) == []


def test_running_rooms_are_filled_first_the_longest_asking_of_all() -> None:
    rules = MatchRules(team_size=2)
    late, early = Backfill(7, NOW_S - 1, (1, 0)), Backfill(8, NOW_S - 2, (0, 1))
    matches = make_matches([ticket(1, 5), ticket(2, 3, 4), ticket(3, 90)], rules, NOW_S, [late, early])
    assert [(match.backfill, ids(match)) for match in matches] == [(early, [[], [2]]), (late, [[1], []])]


def test_a_room_gets_no_party_that_does_not_fit_its_teams() -> None:
    asked = Backfill(7, NOW_S, (1, 1))
    assert matched(ticket(1, 0, 5, 2), rules=MatchRules(team_size=2), backfills=[asked]) == []
    assert matched(ticket(1, 5), ticket(2, 4), backfills=[asked]) == [[1, 2]]


def test_a_room_of_a_region_gets_those_who_reach_it() -> None:
    asked = Backfill(7, NOW_S, (2,), region="eu")
    near, far = ticket(1, round_trips={"eu": 50.0}), ticket(2, round_trips={"eu": 150.0})
    assert matched(near, far, ticket(3, round_trips={"us": 5.0}), backfills=[asked]) == [[1]]


def test_an_authors_own_rules_have_the_last_word() -> None:
    class Rivals(MatchRules):
        def accepts(self, members: Sequence[Ticket], ticket: Ticket) -> bool:
            return (members[0].id + ticket.id) % 2 == 1

    assert matched(ticket(1, 0, 9), ticket(3, 1), ticket(2, 50), rules=Rivals()) == [[1, 2]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"teams": 0},
        {"team_size": 1.5},
        {"min_players": 1},
        {"min_players": 3},
        {"window": -1},
        {"widen_per_s": float("nan")},
    ],
)
def test_rules_out_of_range_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MatchRules(**wrong)  # type: ignore[arg-type]


regions = st.dictionaries(st.sampled_from(["eu", "us", "asia"]), st.floats(0, 300), max_size=3)
many = st.lists(
    st.builds(
        Ticket,
        id=st.just(0),
        since_s=st.floats(0, NOW_S),
        skill=st.floats(-500, 500),
        size=st.integers(1, 4),
        pool=st.sampled_from(["", "ice"]),
        round_trips=regions,
    ),
    max_size=40,
).map(lambda drawn: [Ticket(n, t.since_s, t.skill, t.size, t.pool, t.round_trips) for n, t in enumerate(drawn)])
rule_sets = st.builds(
    lambda teams, team_size, low, **more: MatchRules(
        teams=teams, team_size=team_size, min_players=max(teams, teams * team_size - low) if low else None, **more
    ),
    teams=st.integers(1, 3),
    team_size=st.integers(1, 4),
    low=st.integers(0, 4),
    window=st.floats(0, 300),
    widen_per_s=st.floats(0, 5),
    max_window=st.floats(0, 600),
)
asked = st.lists(
    st.builds(
        Backfill,
        id=st.just(0),
        since_s=st.floats(0, NOW_S),
        free=st.tuples(st.integers(0, 3), st.integers(0, 3)),
        skill=st.floats(-500, 500),
        pool=st.sampled_from(["", "ice"]),
        region=st.none() | st.just("eu"),
    ),
    max_size=4,
).map(lambda drawn: [Backfill(n, b.since_s, b.free, b.skill, b.pool, b.region) for n, b in enumerate(drawn)])


def check(match: Match, rules: MatchRules) -> None:
    """Check everything that a match promises."""
    tickets, backfill = match.tickets, match.backfill
    assert len({each.pool for each in tickets}) == 1
    sizes = [sum(each.size for each in team) for team in match.teams]
    waited_s = NOW_S - min(each.since_s for each in tickets)
    if backfill is not None:
        assert all(size <= free for size, free in zip(sizes, backfill.free, strict=True))
        assert match.region == backfill.region
        waited_s = NOW_S - backfill.since_s
    elif match.players == rules.players:
        assert sizes == [rules.team_size] * rules.teams
    else:
        assert rules.min_players is not None
        assert match.players >= rules.min_players
        assert max(sizes) - min(sizes) <= 1
        assert waited_s >= rules.relax_after_s
    assert match.spread <= rules.window_at(waited_s)
    if match.region is not None:
        reached = [each.round_trips[match.region] for each in tickets if each.round_trips]
        assert max(reached, default=0.0) <= rules.round_trip_limit_at(waited_s)


@given(many, rule_sets, asked)
def test_whatever_waits_each_match_is_right_and_nobody_is_in_two(
    tickets: list[Ticket], rules: MatchRules, backfills: list[Backfill]
) -> None:
    matches = make_matches(tickets, rules, NOW_S, backfills)
    for match in matches:
        check(match, rules)
    found = [each.id for match in matches for each in match.tickets]
    assert len(found) == len(set(found))
    filled = [match.backfill.id for match in matches if match.backfill]
    assert len(filled) == len(set(filled))
    again = make_matches(list(reversed(tickets)), rules, NOW_S, backfills)
    assert again == matches  # the order of the arguments decides nothing


@given(many, rule_sets)
def test_no_two_who_are_left_could_have_met(tickets: list[Ticket], rules: MatchRules) -> None:
    duel = MatchRules(window=rules.window, widen_per_s=0.0, max_round_trip_ms=1e9)
    alone = [Ticket(t.id, t.since_s, t.skill) for t in tickets]
    found = {each.id for match in make_matches(alone, duel, NOW_S) for each in match.tickets}
    left = sorted(t.skill for t in alone if t.id not in found)
    assert all(above - below > min(duel.window, duel.max_window) for below, above in pairwise(left))


def test_parties_of_two_fill_the_largest_match() -> None:
    rules = MatchRules(teams=2, team_size=MAX_PLAYERS // 2)
    (match,) = make_matches([ticket(number, size=2) for number in range(300)], rules, NOW_S)
    assert match.players == MAX_PLAYERS
    with pytest.raises(ValueError, match="at most 512 players"):
        MatchRules(teams=2, team_size=MAX_PLAYERS)


def test_matches_of_hundreds_are_made() -> None:
    rules = MatchRules(teams=10, team_size=20)
    matches = make_matches([ticket(number) for number in range(500)], rules, NOW_S)
    assert [match.players for match in matches] == [200, 200]


def test_a_room_does_not_get_tickets_that_it_excludes() -> None:
    asked = Backfill(7, NOW_S, (2,), excluded=frozenset({1}))
    assert matched(ticket(1, 5), ticket(2, 4), backfills=[asked]) == [[2]]
