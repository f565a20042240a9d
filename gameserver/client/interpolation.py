"""What is drawn of others: the state between two received snapshots, a little in the past.

Pure. `InterpolationClock` says which moment is drawn; `Interpolator` makes the state of it. docs/guide/time.md
section 5 states the algorithm, and `client_demo/sdk/interpolation.js` is its twin.

Rules kept here:
- An entity appears and disappears with the snapshot that says so, neither sooner nor later.
- A field with a rate moves on a cubic Hermite curve, other floats on a line, angles the short way; the rest steps.
- At a snapshot's own tick every value is exactly that snapshot's, so motion that ends is at rest at its exact end.
- Without a newer snapshot motion goes on with its last rates for `MAX_EXTRAPOLATION_S`, and no further.
- What was put elsewhere is not drawn on the way: an entity whose `Jumps` count went on, or, of a type without one,
  one that moved much further than its rates explain.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gameserver.client.clock import MAX_EXTRAPOLATION_S
from gameserver.state.fields import TURN, Float

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from gameserver.state.entity import Entity, EntityType
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table

    Values = NDArray[np.float64]
    Ids = NDArray[np.int64]

MAX_SNAPSHOTS = 64
"""More than three seconds at 20 a second; a client that draws at all needs three or four."""

JUMP_FACTOR = 4.0
"""A move counts as a jump when it is this many times longer than the larger of its two rates explains …"""
JUMP_SLACK_STEPS = 64
"""… plus this many steps of the grid, so that slow things may be nudged."""


class ViewLike(Protocol):
    """What is kept of a snapshot: its tick and one table an entity type."""

    @property
    def tick(self) -> int: ...
    @property
    def tables(self) -> Sequence[Table]: ...


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """The entities of one type as they are to be drawn."""

    entity_type: EntityType
    ids: Ids
    """Ascending, shape (n,)."""
    values: Values
    """Decoded values, shape (numeric fields, n); a flag is 0 or 1, a choice its index, a reference an id."""
    objects: tuple[tuple[object, ...], ...]
    """For each object field its `n` frozen values."""

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> Values:
        """Return the `n` values of a numeric field. Raises ValueError for a name that is none."""
        return self.values[list(self.entity_type.numeric).index(name)]  # type: ignore[no-any-return]

    def without(self, ids: Collection[int]) -> DrawnTable:
        """Return the table without these entities."""
        stays = ~np.isin(self.ids, list(ids))
        objects = tuple([tuple(compress(column, stays)) for column in self.objects])
        return DrawnTable(self.entity_type, self.ids[stays], self.values[:, stays], objects)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that is to be drawn at one moment."""

    tick: float
    """The moment, in ticks of the room."""
    tables: tuple[DrawnTable, ...]
    spawns: tuple[Entity, ...] = ()
    """What the player's own actions have spawned, in the player's own time; they are not in the tables."""


class Motion:
    """How the fields of one entity type move between snapshots: indexes of its numeric fields, grouped by what is
    done to them.
    """

    def __init__(self, entity_type: EntityType) -> None:
        fields = list(entity_type.numeric.values())
        rated = dict(entity_type.rates)
        floats = [i for i, field in enumerate(fields) if isinstance(field, Float)]
        angles = entity_type.angles.tolist()
        self.entity_type = entity_type
        self.lines = [i for i in floats if i not in rated]
        self.turns = [i for i in angles if i not in rated]
        self.curves = [i for i in floats if i in rated]
        self.curve_rates = [rated[i] for i in self.curves]
        self.spins = [i for i in angles if i in rated]
        self.spin_rates = [rated[i] for i in self.spins]
        self.counter = entity_type.jumps
        self.curve_slack = JUMP_SLACK_STEPS * entity_type.step[self.curves]
        self.lo = entity_type.lo[self.curves] * entity_type.step[self.curves]
        self.hi = entity_type.hi[self.curves] * entity_type.step[self.curves]

    def decode(self, table: Table) -> Values:
        """Return the values of all codes of a table."""
        return table.codes * self.entity_type.step

    def jumps(self, a: Values, b: Values, h: float) -> NDArray[np.bool_]:
        """Return which of the `n` entities were put elsewhere between `a` and `b`, which are `h` seconds apart."""
        if self.counter is not None:  # the author says it; nothing is guessed
            counted: NDArray[np.bool_] = a[self.counter] != b[self.counter]
            return counted
        if not self.curves:
            return np.zeros(a.shape[1], np.bool_)
        fastest = np.maximum(np.abs(a[self.curve_rates]), np.abs(b[self.curve_rates]))
        moved = np.abs(b[self.curves] - a[self.curves])
        too_far: NDArray[np.bool_] = np.any(moved > JUMP_FACTOR * h * fastest + self.curve_slack, axis=0)
        return too_far

    def between(self, a: Values, b: Values, u: float, h: float) -> Values:
        """Return the values at the share `u` of the way from `a` to `b`, which are `h` seconds apart."""
        drawn = a.copy()
        if self.lines:
            drawn[self.lines] = a[self.lines] + u * (b[self.lines] - a[self.lines])
        if self.turns:
            drawn[self.turns] = (a[self.turns] + u * shortest_way(a[self.turns], b[self.turns])) % TURN
        if self.curves:
            drawn[self.curves] = hermite(
                a[self.curves], b[self.curves], a[self.curve_rates] * h, b[self.curve_rates] * h, u
            )
        if self.spins:
            drawn[self.spins] = self._spun(a, b, u, h)
        return drawn

    def _spun(self, a: Values, b: Values, u: float, h: float) -> Values:
        """A fast spinner may turn by more than half a turn: its rates say which way, and how often, it went round."""
        start, from_rate, to_rate = a[self.spins], a[self.spin_rates] * h, b[self.spin_rates] * h
        expected = start + (from_rate + to_rate) / 2
        end = expected + shortest_way(expected, b[self.spins])
        return hermite(start, end, from_rate, to_rate, u) % TURN

    def after(self, a: Values, seconds: float) -> Values:
        """Return the values `seconds` after `a`, all rates going on as they are."""
        drawn = a.copy()
        if self.curves:
            drawn[self.curves] = np.clip(a[self.curves] + seconds * a[self.curve_rates], self.lo, self.hi)
        if self.spins:
            drawn[self.spins] = (a[self.spins] + seconds * a[self.spin_rates]) % TURN
        return drawn


def shortest_way(a: Values, b: Values) -> Values:
    """Return the turn from `a` to `b` in radians, -π ≤ turn < π."""
    return (b - a + TURN / 2) % TURN - TURN / 2


def hermite(a: Values, b: Values, from_rate: Values, to_rate: Values, u: float) -> Values:
    """Return the cubic from `a` to `b` at `u`; the rates are what would be covered in the whole of it."""
    u2, u3 = u * u, u * u * u  # in this form a point at rest is drawn exactly where it is
    return a + (3 * u2 - 2 * u3) * (b - a) + (u3 - 2 * u2 + u) * from_rate + (u3 - u2) * to_rate


class Interpolator:
    """Keeps the newest snapshots, and makes the state of any moment between them."""

    def __init__(self, schema: Schema, tick_hz: int) -> None:
        self._motions = [Motion(entity_type) for entity_type in schema.entities]
        self._tick_s = 1.0 / tick_hz
        self._views: deque[ViewLike] = deque(maxlen=MAX_SNAPSHOTS)

    def __len__(self) -> int:
        return len(self._views)

    def add(self, view: ViewLike) -> None:
        """Take a snapshot that was applied; one that is not newer than the last restarts the buffer (the client
        joined anew).
        """
        if self._views and view.tick <= self._views[-1].tick:
            self._views.clear()
        self._views.append(view)

    def draw(self, drawn_s: float) -> Drawn | None:
        """Return the state at `drawn_s` seconds after the room's tick 0, or None before the first snapshot.

        Snapshots that no later moment needs are let go, so call it with times that do not run backwards.
        """
        if not self._views:
            return None
        tick = drawn_s / self._tick_s
        while len(self._views) > 1 and self._views[1].tick <= tick:
            self._views.popleft()
        a = self._views[0]
        if len(self._views) > 1 and a.tick <= tick:
            return Drawn(tick, self._between(a, self._views[1], tick))
        return Drawn(tick, self._after(a, (tick - a.tick) * self._tick_s))

    def _between(self, a: ViewLike, b: ViewLike, tick: float) -> tuple[DrawnTable, ...]:
        h = (b.tick - a.tick) * self._tick_s
        u = (tick - a.tick) / (b.tick - a.tick)
        return tuple(
            [
                DrawnTable(motion.entity_type, one.ids, _blend(motion, one, other, u, h), one.objects)
                for motion, one, other in zip(self._motions, a.tables, b.tables, strict=True)
            ]
        )

    def _after(self, a: ViewLike, seconds: float) -> tuple[DrawnTable, ...]:
        seconds = min(MAX_EXTRAPOLATION_S, max(0.0, seconds))
        return tuple(
            [
                DrawnTable(motion.entity_type, table.ids, motion.after(motion.decode(table), seconds), table.objects)
                for motion, table in zip(self._motions, a.tables, strict=True)
            ]
        )


def _blend(motion: Motion, one: Table, other: Table, u: float, h: float) -> Values:
    """Return the values of the entities of `one`: on their way to `other` where they are in it and go there by
    themselves.
    """
    a = motion.decode(one)
    if not len(one):
        return a
    rows, stays = _rows_in(one.ids, other.ids)
    b = a.copy()
    b[:, stays] = motion.decode(other)[:, rows[stays]]
    on_the_way = stays & ~motion.jumps(a, b, h)
    drawn = motion.between(a, b, u, h)
    if not on_the_way.all():
        drawn[:, ~on_the_way] = motion.after(a, min(u * h, MAX_EXTRAPOLATION_S))[:, ~on_the_way]
    return drawn


def _rows_in(ids: Ids, others: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return for each of `ids` where it stands in `others`, and whether it does."""
    if ids is others:
        return np.arange(len(ids)), np.ones(len(ids), np.bool_)
    rows = np.searchsorted(others, ids)
    stays = rows < len(others)
    stays[stays] = others[rows[stays]] == ids[stays]
    return rows, stays
