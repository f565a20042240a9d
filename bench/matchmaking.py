"""The matcher against first come, first served and against a fixed window, on simulated players.

    python -m bench.matchmaking [--players 10000] [--seed 1]

Players arrive at random (Poisson), alone or as two friends, with a skill (normal, mean 1500, deviation 300) and round
trips to three regions. Once a second a pass makes matches of two teams of two. Times are simulated; only the last two
lines measure this machine.
"""

from __future__ import annotations

import argparse
import random
import statistics
from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING, Final

from gameserver.match.matcher import MatchRules, make_matches
from gameserver.match.teams import split
from gameserver.match.tickets import Match, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REGIONS: Final = ("eu", "us", "asia")
TEAMS: Final = (2, 2)
PATIENCE_S: Final = 300.0
"""Who has waited so long goes away."""
RATES: Final = (5.0, 0.5)
"""Players a second: a busy evening and a quiet morning."""


def crowd(players: int, rate: float, chance: random.Random) -> list[Ticket]:
    """Return the tickets of a simulated crowd, in order of arrival."""
    tickets: list[Ticket] = []
    now_s, left = 0.0, players
    while left > 0:
        size = 2 if left > 1 and chance.random() < 0.15 else 1
        now_s += chance.expovariate(rate / size)
        home = chance.choices(REGIONS, (5, 3, 2))[0]
        trips = {region: chance.uniform(15, 60) if region == home else chance.uniform(110, 280) for region in REGIONS}
        tickets.append(Ticket(len(tickets), now_s, chance.gauss(1500, 300), size, round_trips=trips))
        left -= size
    return tickets


def first_come(waiting: Sequence[Ticket], now_s: float) -> list[Match]:  # a policy like the others
    """Put together whoever comes next, and look at nothing but the sizes."""
    matches: list[Match] = []
    group: list[Ticket] = []
    for ticket in waiting:
        teams = split([*group, ticket], TEAMS)
        if teams is None:
            continue
        group.append(ticket)
        if sum(each.size for each in group) == sum(TEAMS):
            matches.append(Match(teams))
            group = []
    return matches


def by_rules(rules: MatchRules) -> Callable[[Sequence[Ticket], float], list[Match]]:
    """Return the policy that is the matcher with these rules."""
    return lambda waiting, now_s: make_matches(waiting, rules, now_s)


@dataclass
class Outcome:
    """What came of one policy."""

    waits_s: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    team_gaps: list[float] = field(default_factory=list)
    worst_ms: list[float] = field(default_factory=list)
    left: int = 0

    def note(self, match: Match, now_s: float) -> None:
        """Count a match."""
        for ticket in match.tickets:
            self.waits_s += [now_s - ticket.since_s] * ticket.size
        self.spreads.append(match.spread)
        strengths = [sum(ticket.skill * ticket.size for ticket in team) for team in match.teams]
        self.team_gaps.append((max(strengths) - min(strengths)) / 2)
        best = min(max(ticket.round_trips[region] for ticket in match.tickets) for region in REGIONS)
        self.worst_ms.append(best)

    def row(self, name: str) -> str:
        """Return the line of the table."""
        total = len(self.waits_s) + self.left
        cells = [
            f"{statistics.median(self.waits_s):.0f} / {percentile(self.waits_s, 95):.0f} s",
            f"{statistics.median(self.spreads):.0f} / {percentile(self.spreads, 95):.0f}",
            f"{statistics.median(self.team_gaps):.0f} / {percentile(self.team_gaps, 95):.0f}",
            f"{statistics.median(self.worst_ms):.0f} / {percentile(self.worst_ms, 95):.0f} ms",
            f"{100 * self.left / total:.1f} %",
        ]
        return f"| {name} | {' | '.join(cells)} |"


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of at least two values."""
    return statistics.quantiles(values, n=100)[percent - 1]


def simulate(tickets: Sequence[Ticket], policy: Callable[[Sequence[Ticket], float], list[Match]]) -> Outcome:
    """Run a policy once a second until everyone has been matched or has gone."""
    outcome, waiting, coming = Outcome(), list[Ticket](), list(reversed(tickets))
    now_s = 0.0
    while coming or waiting:
        now_s += 1.0
        while coming and coming[-1].since_s <= now_s:
            waiting.append(coming.pop())
        gone = {ticket.id for ticket in waiting if now_s - ticket.since_s > PATIENCE_S}
        outcome.left += sum(ticket.size for ticket in waiting if ticket.id in gone)
        for match in policy(waiting, now_s):
            outcome.note(match, now_s)
            gone |= {ticket.id for ticket in match.tickets}
        waiting = [ticket for ticket in waiting if ticket.id not in gone]
    return outcome


def pass_times_ms(waiting: int, chance: random.Random) -> tuple[float, float]:
    """Return the CPU time of one pass over `waiting` tickets: one that matches nearly all, one that matches none."""
    tickets = [Ticket(n, 0.0, chance.gauss(1500, 300)) for n in range(waiting)]
    apart = [Ticket(n, 0.0, 1000.0 * n) for n in range(waiting)]
    times = []
    for line in (tickets, apart):
        from_s = process_time()
        make_matches(line, MatchRules(team_size=2), 1.0)
        times.append((process_time() - from_s) * 1e3)
    return times[0], times[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--players", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    policies = {
        "first come, first served": first_come,
        "fixed window of 100": by_rules(MatchRules(team_size=2, widen_per_s=0, widen_round_trip_ms_per_s=0)),
        "fixed window of 300": by_rules(MatchRules(team_size=2, window=300, widen_per_s=0)),
        "the queue's own": by_rules(MatchRules(team_size=2)),
    }
    for rate in RATES:
        tickets = crowd(options.players, rate, random.Random(options.seed))
        print(f"\n{options.players} players, {rate:g} a second, two teams of two; p50 / p95\n")
        print("| | wait | spread of skill | gap between teams | round trip | gave up |")
        print("|---|--:|--:|--:|--:|--:|")
        for name, policy in policies.items():
            print(simulate(tickets, policy).row(name))
    full, empty = pass_times_ms(10_000, random.Random(options.seed))
    print(f"\nOne pass over 10,000 who wait: {full:.0f} ms when all can meet, {empty:.0f} ms when nobody can.")


if __name__ == "__main__":
    main()
