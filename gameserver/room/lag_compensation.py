"""Lag compensation: the world as a player saw it when it made an input, so that its shots are judged by what it saw.

A client draws others in the past, and its input takes time to arrive; each input frame says which moment was on the
screen (protocol.md §3, `ack` and `behind`). A `Rewind` shows the room's snapshots from that moment on. How far it goes
back is bounded: nobody is hit long after reaching cover, whatever a client claims. docs/guide/lag-compensation.md has a
picture.

Bodies of a room's `predict_world` near its avatar a player sees in its own present, and that is the newest finished
tick when its input is consumed. Those are judged where they are there.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

from gameserver.protocol.constants import BEHIND_UNITS_PER_TICK
from gameserver.state.entity import Entity
from gameserver.state.touch import nearest_bodies
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.interpolation import interpolate_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.player import Player
    from gameserver.state.schema import Schema
    from gameserver.state.touch import Touch
    from gameserver.sync.history import History

E = TypeVar("E", bound=Entity)

_by_id: Final = attrgetter("id")


class LagCompensation:
    """The past states of one room, decoded on demand and kept for as long as they can be asked for again."""

    def __init__(
        self,
        schema: Schema,
        history: History,
        max_ticks: int,
        lag_of: Callable[[Player], int],
        touch: Touch | None = None,
    ) -> None:
        """Rewind into the snapshots of a history.

        Args:
            schema: The room's.
            history: Holds the snapshots of at least the last `max_ticks` ticks.
            max_ticks: How far a player's view may lie behind the tick that is being made.
            lag_of: How far a player's view lies behind it, in 1/16 tick.
            touch: Which bodies players see in the present; None: none.
        """
        self._schema = schema
        self._history = history
        self._max_ticks = max_ticks
        self._tick = 0
        self._states: dict[float, ViewState] = {}
        self._lag_of = lag_of
        self._touch = touch
        self.used = False
        """Whether the rules have ever looked into the past: then a checkpoint needs the history."""
        self.lags: list[int] = []
        """The lags used in the tick that is being made, in order of the calls; a recording holds them, since the rules
        depend on them."""

    def begin(self, tick: int) -> None:
        """Start a tick: forget the states that cannot be asked for again, those between ticks and those too old."""
        self._tick = tick
        self.lags.clear()
        if self._states:
            oldest = tick - self._max_ticks
            self._states = {at: state for at, state in self._states.items() if at >= oldest and at == int(at)}

    @property
    def max_ticks(self) -> int:
        """How far a player's view may lie behind the tick that is being made."""
        return self._max_ticks

    def use(self, lag_of: Callable[[Player], int]) -> None:
        """Ask another source, from now on, how far behind players see."""
        self._lag_of = lag_of

    def rewind(self, player: Player) -> Rewind:
        """The past as this player saw it, no further back than the bound."""
        self.used = True
        lag = self._lag_of(player)
        self.lags.append(lag)
        newest = self._tick - 1
        oldest = max(1, self._tick - self._max_ticks)
        seen = min(newest, max(oldest, self._tick - lag / BEHIND_UNITS_PER_TICK))
        return Rewind(self, seen, newest, self._predicted_by(player, newest))

    def _predicted_by(self, player: Player, newest: int) -> frozenset[int]:
        """The ids of the bodies that this player's client predicts: the nearest ones within reach of its avatar."""
        if self._touch is None or player.avatar is None:
            return frozenset()
        state = self.at(newest)
        avatar = None if state is None else state.get(player.avatar.id)
        if state is None or avatar is None:
            return frozenset()
        bodies = [body for cls in self._touch.types for body in state.entities(cls)]
        return frozenset(nearest_bodies(self._touch, avatar, bodies))

    def at(self, moment: float) -> ViewState | None:
        """The state at a moment in ticks, which may lie between two; None when the history does not hold it."""
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

    Entities of the past are copies without an owner, to be read only. Apply a hit to the living entity of the same id,
    `room.get(then.id)`; whether that one may still be hit (alive, not shielded) is for the rules to decide.

    A body that the player's client predicts (`predict_world`) was on its screen where the newest finished tick has it,
    and is there in all that this returns.
    """

    __slots__ = ("_past", "_predicted", "newest", "seen")

    def __init__(
        self, past: LagCompensation, seen: float, newest: int, predicted: frozenset[int] = frozenset()
    ) -> None:
        """Made by `Room.rewind`.

        Args:
            past: Where the states come from.
            seen: The moment that the player saw, in ticks.
            newest: The newest finished tick.
            predicted: The ids of the bodies that the player saw at that tick.
        """
        self._past = past
        self._predicted = predicted
        self.seen = seen
        """The moment that was on the player's screen, in ticks; it may lie between two."""
        self.newest = newest
        """The newest finished tick; what comes after it is the living state of the room."""

    def all(self, entity_type: type[E], tick: int | None = None) -> list[E]:
        """The entities of a type as the player saw them, or as they were after a tick.

        Args:
            entity_type: Their class.
            tick: A finished tick; None: the moment `seen`.

        Returns:
            Copies, in order of id; empty when that tick is not kept.
        """
        state = self._past.at(self.seen if tick is None else tick)
        found = [] if state is None else list(state.entities(entity_type))
        present = self._past.at(self.newest) if self._predicted else None
        if present is None:
            return found
        predicted = self._predicted
        found = [entity for entity in found if entity.id not in predicted]
        found += [entity for entity in present.entities(entity_type) if entity.id in predicted]
        return sorted(found, key=_by_id)

    def get(self, entity_id: int, tick: int | None = None) -> Entity | None:
        """One entity as the player saw it, or as it was after a tick.

        Args:
            entity_id: Its id.
            tick: A finished tick; None: the moment `seen`.

        Returns:
            A copy, or None when it was not there.
        """
        if entity_id in self._predicted:
            tick = self.newest
        state = self._past.at(self.seen if tick is None else tick)
        return None if state is None else state.get(entity_id)

    @property
    def ticks(self) -> range:
        """The finished ticks since the one that the player saw, oldest first.

        On the player's screen a shot that takes time to fly made one step in each of them. Empty when the player saw
        the newest tick.
        """
        return range(math.floor(self.seen + 0.5) + 1, self.newest + 1)
