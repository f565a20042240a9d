"""A room in which players wait until there is a good match for them, and from which they travel into it together.

    class RaceQueue(Queue):
        kind = "race-queue"
        destination = "race"
        rules = MatchRules(teams=2, team_size=3)

        def skill_of(self, player: Player) -> float:
            return player.claims["rating"]

Everyone waits as an event "queue" says: `{"waiting": 12, "waited_s": 3, "expected_s": 20}`, when they come and every
few seconds. Who is matched gets a seat in a new room, with `team` among the `params` that it has there. All of a match
get seats or none; those who do not go on waiting, and have waited as long as before. Running rooms that ask for
players, with `self.backfill("race-queue")`, are served before new matches are made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gameserver.match.matcher import MatchRules, make_matches
from gameserver.match.tickets import Backfill, Ticket
from gameserver.match.wait_estimate import WaitEstimate
from gameserver.room.moves import FreeSeats, NewRoom
from gameserver.room.player import JoinRefused
from gameserver.room.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gameserver.match.tickets import Match
    from gameserver.room.backfill import OpenSeats
    from gameserver.room.moves import Destination, MoveFailed
    from gameserver.room.player import Player

MAX_REGIONS: Final = 32
MAX_ROUND_TRIP_MS: Final = 10_000.0
MAX_PARTY_KEY_CHARS: Final = 64
PARTY_WAIT_S: Final = 5.0
"""How long a party waits for members that have not arrived; then those who are there are matched without them."""
NEWS_EVERY_S: Final = 5.0
"""How often each player is sent how it waits."""
SERVED_S: Final = 15.0
"""Longer than a move to another process takes at most."""
ASK_AGAIN_S: Final = 5.0
"""How long a room gets nobody else after it did not take those who were sent: meanwhile they can be matched anew."""
MAX_RETRY_PAUSE_S: Final = 30.0
"""How long a player waits at most before it is matched again after its match got no room. It may be one whom the game
refuses: the pause is random and grows with each failure, so others are not matched with it again and again."""
SEND_AGAIN_S: Final = 60.0
"""How long a room does not get those again whom it did not take."""


@dataclass(slots=True, eq=False)
class _Group:
    """A player, or a party of players, who are matched together."""

    number: int
    since_s: float
    size: int
    players: dict[int, Player] = field(default_factory=dict)
    moving: bool = False
    room: str | None = None
    """The running room that it moves to, if that has asked for players."""
    failures: int = 0
    """How many matches with it got no room."""
    not_before_s: float = 0.0
    """When it is matched again after that."""
    not_to: dict[str, float] = field(default_factory=dict)
    """By the ids of rooms that did not take it: when it may be sent there again."""


@dataclass(slots=True, eq=False)
class _Asking:
    """A running room that asks for players."""

    number: int
    since_s: float
    seats: OpenSeats
    served_until_s: float = 0.0
    """Until when nobody else is sent, because players are on their way; earlier if the room says what is free now."""


class Queue(Room[Any]):
    """Players wait here; subclass it and set `destination`."""

    kind = "queue"
    tick_hz = 5
    max_players = 10_000
    max_spectators = 0
    single = True
    destination: ClassVar[str] = ""
    """The kind of room that matches play in."""
    rules: ClassVar[MatchRules] = MatchRules()
    """What a good match is."""
    match_every_s: ClassVar[float] = 1.0
    """How often matches are made."""

    # -- for subclasses ----------------------------------------------------------------------------------------------

    def skill_of(self, player: Player) -> float:
        """What the matcher compares. The default is `skill` of the token's claims: what a client says of itself in its
        `params` is no measure.

        Args:
            player: Who has come.

        Returns:
            A rating, in the unit of `MatchRules.window`.
        """
        skill = (player.claims or {}).get("skill", 0.0)
        return float(skill) if isinstance(skill, int | float) and math.isfinite(skill) else 0.0

    def pool_of(self, player: Player) -> str:
        """Which players can meet. The default is the parameter `mode`.

        Args:
            player: Who has come; of a party, its first.

        Returns:
            The pool; players of different pools never meet.
        """
        return player.text("mode")

    def round_trips_of(self, player: Player) -> Mapping[str, float]:
        """How far a player is from each region. The default is the parameter `regions`: a map of milliseconds.

        Args:
            player: Who has come.

        Returns:
            Milliseconds by region; empty: every region will do.
        """
        said = player.params.get("regions")
        if not isinstance(said, dict) or len(said) > MAX_REGIONS:
            return {}
        return {str(region): float(ms) for region, ms in said.items() if _is_round_trip(ms)}

    def options_of(self, match: Match) -> Mapping[str, Any]:
        """The options of the room for a match. The default is none.

        Args:
            match: Who plays, and where.

        Returns:
            Options as the destination's class declares them.
        """
        return {}

    # -- waiting -----------------------------------------------------------------------------------------------------

    def on_create(self, options: Mapping[str, object]) -> None:
        """Begin with nobody waiting."""
        self._groups: dict[int, _Group] = {}
        self._group_of: dict[int, _Group] = {}
        self._parties: dict[str, _Group] = {}
        self._estimate = WaitEstimate()
        self._asking: dict[str, _Asking] = {}
        self._last_asking = 0
        self._not_before_s: dict[str, float] = {}
        """By the id of each room that did not take those who were sent: when others are sent."""
        self.every(max(1, round(self.match_every_s * self.tick_hz)), self._make_matches)

    def on_auth(self, player: Player) -> None:
        """Refuse a party that can never play, while it can still stay where it is."""
        _, size = _party_of(player)
        if size > self.rules.team_size:
            raise JoinRefused(f"a party of {size} does not fit into a team of {self.rules.team_size}")

    def on_join(self, player: Player) -> None:
        """Somebody begins to wait: alone, or with the party whose key its parameters have."""
        key, size = _party_of(player)
        group = self._parties.get(key) if key is not None else None
        if group is None or group.moving or len(group.players) >= group.size:
            group = self._groups[player.number] = _Group(player.number, self._now_s, size)
            if key is not None:
                self._parties[key] = group
        group.players[player.number] = player
        self._group_of[player.number] = group
        self._send_news(player)

    def on_leave(self, player: Player) -> None:
        """Somebody waits no more, or plays from now on."""
        group = self._group_of.pop(player.number)
        del group.players[player.number]
        group.size = max(1, group.size - 1)
        if not group.players:
            del self._groups[group.number]
            for key in [key for key, of_key in self._parties.items() if of_key is group]:
                del self._parties[key]

    def on_tick(self) -> None:
        """Send some of the players how they wait, so that each gets it every few seconds."""
        every = round(NEWS_EVERY_S * self.tick_hz)
        for player in self.players:
            if (self.tick + player.number) % every == 0:
                self._send_news(player)

    def _send_news(self, player: Player) -> None:
        group = self._group_of[player.number]
        expected_s = self._estimate.wait_s(self.pool_of(player), self.skill_of(player))
        news = {
            "waiting": len(self._group_of),
            "waited_s": int(self._now_s - group.since_s),
            "expected_s": None if expected_s is None else int(expected_s),
        }
        self.send(player, "queue", news)

    @property
    def _now_s(self) -> float:
        return self.tick / self.tick_hz

    # -- matches -----------------------------------------------------------------------------------------------------

    def on_backfills(self, rooms: Sequence[OpenSeats], ended: Sequence[str]) -> None:
        """Running rooms ask for players, for others than before, or for none any more."""
        for room_id in ended:
            self._asking.pop(room_id, None)
        for seats in rooms:
            known = self._asking.get(seats.room)
            if known is None:
                self._last_asking += 1
                self._asking[seats.room] = _Asking(self._last_asking, self._now_s, seats)
            else:
                known.seats, known.served_until_s = seats, 0.0

    def _make_matches(self) -> None:
        now_s = self._now_s
        tickets = [self._ticket_of(group) for group in self._groups.values() if self._is_complete(group)]
        self._not_before_s = {room: at_s for room, at_s in self._not_before_s.items() if at_s > now_s}
        asking = {
            asking.number: asking
            for room, asking in self._asking.items()
            if asking.served_until_s <= now_s and room not in self._not_before_s
        }
        backfills = self._backfills_of(asking.values())
        for match in make_matches(tickets, self.rules, now_s, backfills):
            self._estimate.note(match, now_s)
            self._send_off(match, None if match.backfill is None else asking[match.backfill.id])

    def _backfills_of(self, asking: Iterable[_Asking]) -> list[Backfill]:
        excluded: dict[str, set[int]] = {}
        for group in self._groups.values():
            if group.not_to:
                group.not_to = {room: at_s for room, at_s in group.not_to.items() if at_s > self._now_s}
                for room in group.not_to:
                    excluded.setdefault(room, set()).add(group.number)
        return [
            Backfill(
                one.number,
                one.since_s,
                one.seats.free,
                one.seats.skill,
                one.seats.pool,
                one.seats.region,
                frozenset(excluded.get(one.seats.room, ())),
            )
            for one in asking
        ]

    def _is_complete(self, group: _Group) -> bool:
        """Whether a group can be matched now: its players are there, and none has lost its link."""
        if (
            group.moving
            or group.not_before_s > self._now_s
            or not all(player.connected for player in group.players.values())
        ):
            return False
        return len(group.players) >= group.size or self._now_s - group.since_s >= PARTY_WAIT_S

    def _ticket_of(self, group: _Group) -> Ticket:
        players = list(group.players.values())
        round_trips = [self.round_trips_of(player) for player in players]
        shared = set(round_trips[0]).intersection(*round_trips)
        return Ticket(
            id=group.number,
            since_s=group.since_s,
            skill=sum(map(self.skill_of, players)) / len(players),
            size=len(players),
            pool=self.pool_of(players[0]),
            round_trips={region: max(one[region] for one in round_trips) for region in sorted(shared)},
        )

    def _send_off(self, match: Match, asking: _Asking | None) -> None:
        """Have all players of a match travel to a room of their own, or to one that has asked for them."""
        team_of: dict[Player, int] = {}
        for team, tickets in enumerate(match.teams):
            for ticket in tickets:
                group = self._groups[ticket.id]
                group.moving = True
                group.room = None if asking is None else asking.seats.room
                team_of.update(dict.fromkeys(group.players.values(), team))
        to: Destination
        if asking is None:
            to = NewRoom(self.destination, self.options_of(match))
        else:
            asking.served_until_s = self._now_s + SERVED_S
            to = FreeSeats(asking.seats.room, tuple([sum(one.size for one in team) for team in match.teams]))
        has_teams = asking is None or asking.seats.has_teams or self.rules.teams == 1
        self.move_all(to, players=team_of, params=lambda player: {"team": team_of[player]} if has_teams else {})

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        """The match has no room: its players go on waiting, with their time."""
        group = self._group_of.get(player.number)
        if group is None or not group.moving:  # None: it has left; not moving: another one of its party was first
            return
        group.moving = False
        group.not_before_s = self._now_s + self.random.uniform(0.0, min(2.0**group.failures, MAX_RETRY_PAUSE_S))
        group.failures = min(group.failures + 1, 8)
        if group.room is not None:
            self._not_before_s[group.room] = self._now_s + ASK_AGAIN_S
            group.not_to[group.room] = self._now_s + SEND_AGAIN_S
            group.room = None


def _party_of(player: Player) -> tuple[str | None, int]:
    """Return the key by which a player's party is known, and how many it is; None and 1 for one who is alone."""
    key, size = player.params.get("party"), player.params.get("party_size")
    is_key = isinstance(key, str) and 0 < len(key) <= MAX_PARTY_KEY_CHARS
    is_size = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return (key, size) if is_key and is_size else (None, 1)  # type: ignore[return-value]


def _is_round_trip(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= MAX_ROUND_TRIP_MS  # type: ignore[operator]
