"""What a bot checks in the states that it receives: nothing moves further than the rules allow, and something changes.

Pure. The client itself (`session_core.py`, `replica.py`) checks, for every user, that deltas fit their base, that
ticks, acks and cursors do not run backwards, and that no event is missing.
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
"""Pairs of views that a shared checker keeps the findings of: the clients of one room are a few states apart."""


@dataclass(frozen=True, slots=True)
class SpeedLimit:
    """How fast entities of one type may move.

    Args:
        entity: Name of the entity type.
        per_s: Greatest distance in a second, in the units of `fields`.
        fields: The numeric fields that the distance is measured over, together.
        slack: Distance added to the limit for each pair of states. What rounding to the grid of `fields` may add in
            each tick between them is added as well, to what moves at all.
        unless: Name of a flag field. An entity that has it set before or after a move may move any distance, as in a
            respawn.
    """

    entity: str
    per_s: float
    fields: tuple[str, ...] = ("x", "y")
    slack: float = 1.0
    unless: str | None = None


class _Limit:
    """A `SpeedLimit` prepared for one schema."""

    def __init__(self, limit: SpeedLimit, schema: Schema) -> None:
        self.limit = limit
        self.index = schema.named(limit.entity)
        entity_type = schema.entities[self.index]
        names = list(entity_type.numeric)
        self._columns = [names.index(name) for name in limit.fields]
        self._steps = entity_type.step[self._columns]
        self._rounding = float(np.linalg.norm(self._steps) / 2) if limit.per_s else 0.0
        self._unless = None if limit.unless is None else names.index(limit.unless)

    def violations(self, before: Table, after: Table, ticks: int, tick_s: float) -> NDArray[np.int64]:
        """Return the ids of the entities that moved too far in so many ticks."""
        was, now, ids = _in_both(before, after)
        moved = (now[self._columns] - was[self._columns]) * self._steps
        allowed = self.limit.per_s * ticks * tick_s + self._rounding * ticks + self.limit.slack
        too_far = np.sqrt((moved * moved).sum(axis=0)) > allowed
        if self._unless is not None:
            too_far &= (was[self._unless] | now[self._unless]) == 0
        found: NDArray[np.int64] = ids[too_far]
        return found


def _in_both(before: Table, after: Table) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes before and after, and the ids, of the entities in both tables."""
    if before.ids is after.ids:
        return before.codes, after.codes, after.ids
    ids, was, now = np.intersect1d(before.ids, after.ids, assume_unique=True, return_indices=True)
    return before.codes[:, was], after.codes[:, now], ids


class Finding(NamedTuple):
    """What was found between two states."""

    changed: bool
    """Whether the states differ. A run in which no state ever changes has tested nothing."""
    violations: tuple[str, ...]
    """What broke a rule, in words."""


class StateChecker:
    """Checks pairs of consecutive states of one room.

    Clients that share their views (`SharedStateReader`) can share a checker, which then checks each pair once.
    """

    def __init__(self, schema: Schema, tick_s: float, limits: Iterable[SpeedLimit] = ()) -> None:
        """Prepare the limits for a schema.

        Raises:
            KeyError: A limit names an entity type that the schema does not have.
            ValueError: A limit names a field that its entity type does not have.
        """
        self._tick_s = tick_s
        self._limits = [_Limit(limit, schema) for limit in limits]
        self._found: deque[tuple[ViewState, ViewState, Finding]] = deque(maxlen=REMEMBERED)

    def check(self, before: ViewState, after: ViewState) -> Finding:
        """Compare two consecutive states."""
        for known_before, known_after, finding in self._found:
            if known_before is before and known_after is after:
                return finding
        changed = not all(a.same(b) for a, b in zip(before.tables, after.tables, strict=True))
        finding = Finding(changed, self._violations(before, after))
        self._found.append((before, after, finding))
        return finding

    def _violations(self, before: ViewState, after: ViewState) -> tuple[str, ...]:
        ticks = after.tick - before.tick
        texts = []
        for limit in self._limits:
            was, now = before.tables[limit.index], after.tables[limit.index]
            if was is not now and len(was):
                ids = limit.violations(was, now, ticks, self._tick_s)
                texts += [f"{limit.limit.entity} {i} moved too far by tick {after.tick}" for i in ids.tolist()]
        return tuple(texts)
