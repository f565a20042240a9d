"""What is drawn of others: the state between two received snapshots, a little in the past.

Pure. `InterpolationClock` says which moment is drawn; `Interpolator` makes the state of it. docs/guide/time.md
section 5 states the algorithm; `client_demo/sdk/interpolation.js` is the twin, and a test compares the two.

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
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gameserver.client.clock import MAX_EXTRAPOLATION_S
from gameserver.client.curves import Curves
from gameserver.client.drawn import Drawn, DrawnTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.client.curves import Values
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table

    Ids = NDArray[np.int64]

VIEW_RING_SIZE = 64
"""Snapshots kept: three seconds at 20 a second, one second at 60. A client that draws needs three or four."""


class ViewLike(Protocol):
    """What is kept of a snapshot: its tick and one table an entity type."""

    @property
    def tick(self) -> int: ...
    @property
    def tables(self) -> Sequence[Table]: ...


class Interpolator:
    """Keeps the newest snapshots, and makes the state of any moment between them.

    Args:
        schema: The room's schema.
        tick_hz: The room's ticks a second.
    """

    def __init__(self, schema: Schema, tick_hz: int) -> None:
        self._curves = [Curves(entity_type) for entity_type in schema.entities]
        self._tick_s = 1.0 / tick_hz
        self._views: deque[ViewLike] = deque(maxlen=VIEW_RING_SIZE)

    def __len__(self) -> int:
        return len(self._views)

    def add(self, view: ViewLike) -> None:
        """Take a snapshot that was applied. One that is not newer than the last is of a new room: start over."""
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
                DrawnTable(curves.entity_type, one.ids, _blend(curves, one, other, u, h), one.objects)
                for curves, one, other in zip(self._curves, a.tables, b.tables, strict=True)
            ]
        )

    def _after(self, a: ViewLike, seconds: float) -> tuple[DrawnTable, ...]:
        seconds = min(MAX_EXTRAPOLATION_S, max(0.0, seconds))
        return tuple(
            [
                DrawnTable(curves.entity_type, table.ids, curves.after(curves.decode(table), seconds), table.objects)
                for curves, table in zip(self._curves, a.tables, strict=True)
            ]
        )


def _blend(curves: Curves, one: Table, other: Table, u: float, h: float) -> Values:
    """Return the values of the entities of `one`: on their way to `other` where they are in it and moved there, not
    jumped.
    """
    a = curves.decode(one)
    if not len(one):
        return a
    rows, stays = _rows_in(one.ids, other.ids)
    b = a.copy()
    b[:, stays] = curves.decode(other)[:, rows[stays]]
    on_the_way = stays & ~curves.jumps(a, b, h)
    drawn = curves.between(a, b, u, h)
    if not on_the_way.all():
        drawn[:, ~on_the_way] = curves.after(a, min(u * h, MAX_EXTRAPOLATION_S))[:, ~on_the_way]
    return drawn


def _rows_in(ids: Ids, others: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return for each of `ids` where it stands in `others`, and whether it does."""
    if ids is others:
        return np.arange(len(ids)), np.ones(len(ids), np.bool_)
    rows = np.searchsorted(others, ids)
    stays = rows < len(others)
    stays[stays] = others[rows[stays]] == ids[stays]
    return rows, stays
