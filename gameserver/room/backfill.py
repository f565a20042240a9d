"""Backfill: a running room asks the queues of a kind for players in its free seats.

The rules say what the room wants to be (`BackfillRequest`); how many seats that leaves open now is computed anew from
the seats themselves whenever they change (`OpenSeats`). Nothing counts up and down, so no order of joins, losses and
failed moves can make the room ask for too many. Queues get it like a lobby gets its rows, and send players with a move
to `gameserver.room.moves.FreeSeats`; the room's seats are looked at again before they are taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from gameserver.room.settings import MAX_SEATS, is_kind_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_TEAMS: Final = 64
MAX_NAME_CHARS: Final = 64
"""Of a pool or a region."""


class OpenSeats(msgspec.Struct, frozen=True):
    """The free seats of one running room that a queue is asked to fill, as `Room.on_backfills` gets them."""

    room: str
    """Its id."""
    queue: str
    """The kind of room that it asks."""
    free: tuple[int, ...]
    """The free seats of each team; one number where the room asks for no teams. At least one seat is free."""
    has_teams: bool = False
    """Whether those who come must know their team, as the parameter `team`."""
    skill: float = 0.0
    """The skill that fits."""
    pool: str = ""
    """Only players of this pool fit."""
    region: str | None = None
    """Where the room is; None: it does not say."""


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """What the rules of a room have asked for.

    Args:
        queue: The kind of room that is asked.
        seats: How many seats are to be taken in all, or in each team; None: all.
        skill: The skill that fits.
        pool: Only players of this pool fit.
        region: Where the room is; None: it does not say.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument is out of range.
    """

    queue: str
    seats: int | tuple[int, ...] | None = None
    skill: float = 0.0
    pool: str = ""
    region: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.queue, str) or not is_kind_name(self.queue):
            raise ValueError(f"queue is {self.queue!r}; write the kind of a queue, such as 'race-queue'")
        _check_seats(self.seats)
        if isinstance(self.skill, bool) or not isinstance(self.skill, int | float):
            raise TypeError(f"skill is {self.skill!r}; write a number")
        if not math.isfinite(self.skill):
            raise ValueError(f"skill is {self.skill!r}; write a finite number")
        _check_name("pool", self.pool)
        if self.region is not None:
            _check_name("region", self.region)

    def open_seats(self, room: str, players: Iterable[Mapping[str, object]], taken: int, free: int) -> OpenSeats | None:
        """Return what is open now; None if nothing is.

        Args:
            room: The id of the room.
            players: The parameters of all players who have a seat or are on their way to one.
            taken: How many seats of players are taken, reserved ones included.
            free: How many are not.
        """
        if not isinstance(self.seats, tuple):
            wanted = free if self.seats is None else min(self.seats - taken, free)
            return self._open(room, (wanted,)) if wanted > 0 else None
        there = [0] * len(self.seats)
        for params in players:
            team = params.get("team")
            if isinstance(team, int) and 0 <= team < len(there):
                there[team] += 1
        by_team = [max(0, seats - count) for seats, count in zip(self.seats, there, strict=True)]
        surplus = sum(by_team) - max(0, min(sum(self.seats) - taken, free))
        for _ in range(surplus):  # somebody is here without a team, or a seat is reserved
            by_team[by_team.index(max(by_team))] -= 1
        return self._open(room, tuple(by_team)) if any(by_team) else None

    def _open(self, room: str, free: tuple[int, ...]) -> OpenSeats:
        has_teams = isinstance(self.seats, tuple)
        return OpenSeats(room, self.queue, free, has_teams, float(self.skill), self.pool, self.region)


def backfill_request(
    queue: str, seats: int | Sequence[int] | None, skill: float, pool: str, region: str | None
) -> BackfillRequest:
    """Return what a room asks for.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument is out of range.
    """
    of_teams = isinstance(seats, Sequence) and not isinstance(seats, str)
    return BackfillRequest(queue, tuple(seats) if of_teams else seats, skill, pool, region)  # type: ignore[arg-type]


def _check_seats(seats: object) -> None:
    of_teams = isinstance(seats, tuple)
    each = seats if isinstance(seats, tuple) else () if seats is None else (seats,)
    if any(isinstance(count, bool) or not isinstance(count, int) for count in each):
        raise TypeError(f"seats is {seats!r}; write how many, or a list with how many each team has")
    if seats is None:
        return
    if not 0 < sum(each) <= MAX_SEATS or min(each) < 0:
        raise ValueError(f"seats is {seats!r}; write 1 or more, or call cancel_backfill()")
    if of_teams and len(each) > MAX_TEAMS:
        raise ValueError(f"seats has {len(each)} teams; give at most {MAX_TEAMS}")


def _check_name(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; write a text")
    if len(value) > MAX_NAME_CHARS:
        raise ValueError(f"{name} has {len(value)} characters; give at most {MAX_NAME_CHARS}")
