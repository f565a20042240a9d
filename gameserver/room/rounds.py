"""Rounds: the phases that a game with a beginning and an end goes through, again and again.

    lobby ──ready──▶ countdown ──▶ playing ──▶ results ──▶ lobby
      ▲                 │                         │
      └─somebody is not─┘        countdown ◀──ready (a rematch)

All that a phase depends on is in the replicated `RoundState` and the room's roster, so clients show it as it is, and a
room that is replayed goes through the same phases at the same ticks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from gameserver.room.roster import RoomState, Roster
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Choice, Int

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.player import Player
    from gameserver.room.room import Room

READY: Final = "ready"
"""The message with which a client says that its player is ready, or, with the payload false, that it is not."""


class RoundState(RoomState):
    """What everybody knows of the rounds of a room. Subclass it to declare more fields."""

    phase = Choice("lobby", "countdown", "playing", "results")
    ends_at_tick = Int(0)
    """The tick at which the phase ends by itself; 0: it does not."""
    round = Int(0)
    """How many rounds have begun."""


class Rounds:
    """Leads a room through its rounds. Make it in `on_create`, and call `update` in `on_tick`.

    Args:
        room: The room; its class declares `state = RoundState()` and a roster.
        min_players: How many players with a link a round needs; it ends when fewer have a seat.
        countdown_s: Seconds from when all are ready to the start.
        play_s: Seconds that a round takes at most; None: until `finish` is called.
        results_s: Seconds for which the results are shown, unless all are ready for the next round before; None: until
            they are.
        needs_ready: Whether a round waits until every player with a link is ready; otherwise it begins as soon as there
            are enough.
        locks: Whether nobody new is let in from the countdown until the room is back in the lobby, so that a rematch
            has the same people.
        start: Called when a round begins.
        end: Called when it is over.

    Raises:
        DeclarationError: The room's class declares no `RoundState`, or no roster.
        ValueError: A number is below 0, or `min_players` below 1; or nothing would end the results.
    """

    def __init__(
        self,
        room: Room[Any],
        *,
        min_players: int = 2,
        countdown_s: float = 3.0,
        play_s: float | None = 120.0,
        results_s: float | None = 15.0,
        needs_ready: bool = True,
        locks: bool = False,
        start: Callable[[], object] | None = None,
        end: Callable[[], object] | None = None,
    ) -> None:
        name = type(room).__name__
        if not isinstance(room.state, RoundState):
            raise DeclarationError(f"{name}: rounds need state = RoundState(), or your subclass of it")
        if not isinstance(room.roster, Roster):
            raise DeclarationError(f"{name}: rounds need roster = Roster(PlayerState), or your subclass of it")
        if min_players < 1:
            raise ValueError(f"min_players is {min_players}; write 1 or more")
        if results_s is None and not needs_ready:
            raise ValueError("results_s is None: without needs_ready nothing would end the results; write seconds")
        self._room = room
        self._state: RoundState = room.state
        self._roster: Roster[Any] = room.roster
        self._min_players = min_players
        self._needs_ready = needs_ready
        self._locks = locks
        self._start = start
        self._end = end
        self._waited_for: frozenset[int] = frozenset()
        """Who was there when the countdown began: a newcomer does not stop it."""
        hz = room.tick_hz
        self._ticks: dict[str, int | None] = {
            "lobby": None,
            "countdown": _ticks("countdown_s", countdown_s, hz),
            "playing": _ticks("play_s", play_s, hz),
            "results": _ticks("results_s", results_s, hz),
        }

    @property
    def playing(self) -> bool:
        """Whether a round is under way."""
        return self._state.phase == "playing"

    @property
    def ticks_left(self) -> int | None:
        """Ticks until the phase ends by itself; None: it does not."""
        ends_at = self._state.ends_at_tick
        return max(0, ends_at - self._room.tick) if ends_at else None

    def take(self, player: Player, name: str, payload: object) -> bool:
        """Take a client's message, if it is the one that says whether its player is ready; call it in `on_message`.

        Args:
            player: Who sent it.
            name: The message's name.
            payload: False: not ready (any more); anything else: ready.

        Returns:
            Whether it was that message; the rules need not look at it then.
        """
        if name != READY:
            return False
        if not player.is_spectator and not self.playing:
            self._roster[player].ready = payload is not False
        return True

    def finish(self) -> None:
        """End the round, because somebody has won; does nothing while none is under way."""
        if self.playing:
            self._enter("results")
            if self._end is not None:
                self._end()

    def update(self) -> None:
        """Go on to the next phase, if it is time; call it once a tick, in `on_tick`."""
        is_over = self.ticks_left == 0
        match self._state.phase:
            case "lobby":
                if self._all_set:
                    self._enter("countdown")
            case "countdown":
                if not self._still_set:
                    self._enter("lobby")
                elif is_over:
                    self._begin()
            case "playing":
                if is_over or self._seated < self._min_players:
                    self.finish()
            case _:
                if self._needs_ready and self._all_set:
                    self._enter("countdown")
                elif is_over:
                    self._enter("lobby")

    @property
    def _seated(self) -> int:
        """How many players have a seat, those without a link included."""
        return sum(not entry.spectator for entry in self._roster)

    @property
    def _all_set(self) -> bool:
        """Whether a round may begin: enough players are there, and none of them is waited for."""
        here = self._here
        return len(here) >= self._min_players and self._are_ready(here)

    @property
    def _still_set(self) -> bool:
        """Whether the countdown goes on: everyone is there who was when it began, and still wants to play."""
        here = [entry for entry in self._here if entry.number in self._waited_for]
        return len(here) == len(self._waited_for) and self._are_ready(here)

    @property
    def _here(self) -> list[Any]:
        """The entries of players with a link."""
        return [entry for entry in self._roster if entry.connected and not entry.spectator]

    def _are_ready(self, entries: list[Any]) -> bool:
        return not self._needs_ready or all(entry.ready for entry in entries)

    def _begin(self) -> None:
        self._state.round += 1
        for entry in self._roster:
            entry.ready = False
        self._enter("playing")
        if self._start is not None:
            self._start()

    def _enter(self, phase: str) -> None:
        state, ticks = self._state, self._ticks[phase]
        if self._locks and "lobby" in (state.phase, phase):
            self._room.lock(phase != "lobby")
        if phase == "countdown":
            self._waited_for = frozenset(entry.number for entry in self._here)
        state.phase = phase
        state.ends_at_tick = 0 if ticks is None else self._room.tick + ticks


def _ticks(name: str, seconds: float | None, tick_hz: int) -> int | None:
    """Return seconds as whole ticks, at least one.

    Raises:
        ValueError: They are below 0, or no finite number.
    """
    if seconds is None:
        return None
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name} is {seconds}; write seconds, 0 or more, or None")
    return max(1, round(seconds * tick_hz))
