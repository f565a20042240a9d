"""The world as a player saw it when it pressed the trigger: what makes aiming fair under latency.

A client draws others in the past, and its input takes time to arrive; each input frame says what it was drawn (protocol.md
§3, INPUT's `behind`). A `Rewind` shows the room's own snapshots from that tick on. How far it goes back is bounded, so that
nobody is hit long after reaching cover, and whatever a client claims, it gains no more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gameserver.state.entity import Entity
from gameserver.sync.viewstate import ViewState

if TYPE_CHECKING:
    from gameserver.state.schema import Schema
    from gameserver.sync.history import History

E = TypeVar("E", bound=Entity)

MAX_REWIND_S = 0.25
"""200 ms of round trip with the interpolation of a good network; who has more leads its targets by the rest."""


class Past:
    """The past of one room, decoded as it is asked for, and kept for the tick in which it was."""

    def __init__(self, schema: Schema, history: History, tick_hz: int) -> None:
        self._schema = schema
        self._history = history
        self._states: dict[int, ViewState] = {}
        self.max_ticks = max(1, round(MAX_REWIND_S * tick_hz))

    def at(self, tick: int) -> ViewState | None:
        """The state after `tick`, or None when it is not kept any more."""
        state = self._states.get(tick)
        if state is None:
            snapshot = self._history.get(tick)
            if snapshot is None:
                return None
            state = self._states[tick] = ViewState(self._schema, tick, snapshot.tables)
        return state

    def forget_before(self, tick: int) -> None:
        """Drop what was decoded of ticks that nobody may go back to any more."""
        if self._states:
            self._states = {kept: state for kept, state in self._states.items() if kept >= tick}


class Rewind:
    """From the tick that a player saw, `tick`, to the newest state, `newest`. Entities of the past are copies: read them,
    and change the living one of the same id (`room.get(id)`)."""

    def __init__(self, past: Past, tick: int, newest: int) -> None:
        self._past = past
        self.newest = newest
        self.tick = min(newest, max(tick, newest - past.max_ticks, 1)) if newest else 0

    def all(self, entity_type: type[E], tick: int | None = None) -> list[E]:
        """The entities of a type as the player saw them, or as they were after a later `tick`; none from before the room."""
        state = self._past.at(self.tick if tick is None else tick)
        return [] if state is None else state.entities(entity_type)

    def get(self, entity_id: int, tick: int | None = None) -> Entity | None:
        """One entity as the player saw it, or None when it was not there."""
        state = self._past.at(self.tick if tick is None else tick)
        return None if state is None else state.get(entity_id)

    @property
    def ticks(self) -> range:
        """The ticks from the one that the player saw to the newest, both included: for shots that take time to fly."""
        return range(self.tick, self.newest + 1)
