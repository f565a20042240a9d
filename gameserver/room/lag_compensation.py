"""The world as a player saw it when it pressed the trigger: what makes aiming fair under latency.

A client draws others in the past, and its input takes time to arrive; each input frame says which moment was on the
screen (protocol.md §3, `ack` and `behind`). A `Rewind` shows the room's own snapshots from that moment on. How far it
goes back is bounded, so that nobody is hit long after reaching cover, and whatever a client claims, it gains no more
than that. docs/guide/lag-compensation.md has a picture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from gameserver.protocol.constants import BEHIND_UNITS_PER_TICK
from gameserver.state.entity import Entity
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.interpolation import interpolate_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.player import Player
    from gameserver.state.schema import Schema
    from gameserver.sync.history import History

E = TypeVar("E", bound=Entity)


class LagCompensation:
    """The past of one room: decoded as it is asked for, and kept for as long as somebody may go back to it."""

    def __init__(self, schema: Schema, history: History, max_ticks: int, lag_of: Callable[[Player], int]) -> None:
        """`max_ticks`: how far a player's view may lie behind the tick that is being made; `history` must hold them.
        `lag_of`: how far it does, in 1/16 tick."""
        self._schema = schema
        self._history = history
        self._max_ticks = max_ticks
        self._tick = 0
        self._states: dict[float, ViewState] = {}
        self.lag_of = lag_of
        self.lags: list[int] = []
        """What the rules were told in the tick that is being made, in order: they depend on it."""

    def begin(self, tick: int) -> None:
        """This tick is being made from now on: let go what nobody will ask for again, which is moments between ticks
        and ticks too long ago."""
        self._tick = tick
        self.lags.clear()
        if self._states:
            oldest = tick - self._max_ticks
            self._states = {at: state for at, state in self._states.items() if at >= oldest and at == int(at)}

    def rewind(self, player: Player) -> Rewind:
        """The past as this player saw it, no further back than the bound."""
        lag = self.lag_of(player)
        self.lags.append(lag)
        newest = self._tick - 1
        oldest = max(1, self._tick - self._max_ticks)
        seen = min(newest, max(oldest, self._tick - lag / BEHIND_UNITS_PER_TICK))
        return Rewind(self, seen, newest)

    def at(self, moment: float) -> ViewState | None:
        """The state at a moment in ticks, which may lie between two; None where there was none, or it is not kept."""
        state = self._states.get(moment)
        if state is None:
            state = self._decode(moment)
            if state is not None:
                self._states[moment] = state
        return state

    def _decode(self, moment: float) -> ViewState | None:
        tick = math.floor(moment)
        before = self._history.get(tick)
        if before is None:
            return None
        after = self._history.get(tick + 1) if moment > tick else None
        tables = before.tables
        if after is not None:
            tables = interpolate_tables(self._schema, before.tables, after.tables, moment - tick)
        return ViewState(self._schema, tick, tables)


class Rewind:
    """The past from the moment that a player saw to the newest finished tick.

    Entities of the past are copies without an owner, to be read: what a hit does is done to the living one of the same
    id, `room.get(then.id)`, and whether it still may be hit (alive, not shielded) is for the rules to say.
    """

    __slots__ = ("_past", "newest", "seen")

    def __init__(self, past: LagCompensation, seen: float, newest: int) -> None:
        self._past = past
        self.seen = seen
        """The moment that was on the player's screen, in ticks; it may lie between two."""
        self.newest = newest
        """The newest tick that is finished; what comes after it is what lives in the room."""

    def all(self, entity_type: type[E], tick: int | None = None) -> list[E]:
        """The entities of a type as the player saw them, in order of id, or as they were after `tick`."""
        state = self._past.at(self.seen if tick is None else tick)
        return [] if state is None else list(state.entities(entity_type))

    def get(self, entity_id: int, tick: int | None = None) -> Entity | None:
        """One entity as the player saw it, or as it was after `tick`; None when it was not there."""
        state = self._past.at(self.seen if tick is None else tick)
        return None if state is None else state.get(entity_id)

    @property
    def ticks(self) -> range:
        """The finished ticks since the one that the player saw, oldest first: a shot that takes time to fly has flown
        through them on the player's screen, one step in each. Empty for who sees the newest."""
        return range(math.floor(self.seen + 0.5) + 1, self.newest + 1)
