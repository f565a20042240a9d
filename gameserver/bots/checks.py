"""What a bot holds against the states it is told: nothing may move further than the rules allow, and something ought
to happen.

Pure. That a delta fits, that ticks, acks and cursors do not run backwards and that no event is missing is checked by
the client itself (`session_core.py`, `replica.py`), for every user and not only for bots.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.decode.view_state import ViewState

REMEMBERED = 8
"""Pairs of views kept by a shared watch: clients in one room are a few states apart."""


@dataclass(frozen=True, slots=True)
class SpeedLimit:
    """How far an entity of a type may get: `per_s` units a second over its `fields` together, and `slack` units for
    the grid.

    `unless`: a flag that, set before or after the move, excuses any move: a respawn.
    """

    entity: str
    per_s: float
    fields: tuple[str, ...] = ("x", "y")
    slack: float = 1.0
    unless: str | None = None


class _Limit:
    """A `SpeedLimit` made ready for one schema."""

    def __init__(self, limit: SpeedLimit, schema: Schema) -> None:
        self.limit = limit
        self.index = schema.named(limit.entity)
        entity_type = schema.entities[self.index]
        places = list(entity_type.numeric)
        self._places = [places.index(name) for name in limit.fields]
        self._steps = entity_type.step[self._places]
        self._unless = None if limit.unless is None else places.index(limit.unless)

    def broken(self, before: Table, after: Table, seconds: float) -> NDArray[np.int64]:
        """Return the ids of those that moved too far."""
        was, now, ids = _both(before, after)
        moved = (now[self._places] - was[self._places]) * self._steps
        too_far = np.sqrt((moved * moved).sum(axis=0)) > self.limit.per_s * seconds + self.limit.slack
        if self._unless is not None:
            too_far &= (was[self._unless] | now[self._unless]) == 0
        broken: NDArray[np.int64] = ids[too_far]
        return broken


def _both(before: Table, after: Table) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes before and after of those that are in both tables, and their ids."""
    if before.ids is after.ids:
        return before.codes, after.codes, after.ids
    ids, was, now = np.intersect1d(before.ids, after.ids, assume_unique=True, return_indices=True)
    return before.codes[:, was], after.codes[:, now], ids


class Finding(NamedTuple):
    """What was found between two states."""

    changed: bool
    """Whether they differ at all: a run in which nothing ever changes has shown nothing."""
    wrong: tuple[str, ...]


class Watch:
    """Looks at one state after the other. Raises KeyError or ValueError for a limit that names what the schema has not.

    Clients that share their views (`SharedStateReader`) may share a watch: the same two views are looked at once.
    """

    def __init__(self, schema: Schema, tick_s: float, limits: Iterable[SpeedLimit] = ()) -> None:
        self._tick_s = tick_s
        self._limits = [_Limit(limit, schema) for limit in limits]
        self._found: deque[tuple[ViewState, ViewState, Finding]] = deque(maxlen=REMEMBERED)

    def look(self, before: ViewState, after: ViewState) -> Finding:
        """Return what is to be said about two states that came one after the other."""
        for one, other, finding in self._found:
            if one is before and other is after:
                return finding
        changed = not all(a.same(b) for a, b in zip(before.tables, after.tables, strict=True))
        finding = Finding(changed, self._wrong(before, after))
        self._found.append((before, after, finding))
        return finding

    def _wrong(self, before: ViewState, after: ViewState) -> tuple[str, ...]:
        seconds = (after.tick - before.tick) * self._tick_s
        wrong = []
        for limit in self._limits:
            one, other = before.tables[limit.index], after.tables[limit.index]
            if one is not other and len(one):
                ids = limit.broken(one, other, seconds)
                wrong += [f"{limit.limit.entity} {i} moved too far by tick {after.tick}" for i in ids.tolist()]
        return tuple(wrong)
