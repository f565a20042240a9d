"""Who sees what: for all viewers at once, which entities are near enough to each one's eye.

An entity comes into a view within its type's `enter` radius and stays until it is beyond the larger `leave` radius,
so that one on the border does not come and go. Types without a place, and those declared so, are always visible,
and so is each viewer's own avatar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gameserver.state.errors import DeclarationError, StateError
from gameserver.sync.encode.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from gameserver.state.entity import Entity, EntityType
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.encode.pairs import Pairs
    from gameserver.sync.snapshot import Snapshot

    Mask = NDArray[np.bool_]
    Filter = Callable[[EntityType, Table, Mask], Mask]

LEAVE_RATIO: Final = 1.1  # leave over enter radius: wide enough for what wobbles on the border, and few entities more
BLOCK_CELLS: Final = 1 << 15  # distances worked out at once, so that they stay in a core's cache: 6 times as fast


@dataclass(frozen=True, slots=True)
class Reach:
    """Within what distance an entity of a type comes into view, and beyond which it goes."""

    enter: float
    leave: float

    @staticmethod
    def of(radius: float, leave: float | None = None) -> Reach:
        """Check and complete a declared radius. Raises DeclarationError."""
        far = radius * LEAVE_RATIO if leave is None else leave
        if not 0 < radius <= far < float("inf"):
            msg = f"interest: radius {radius} and leave radius {leave} do not fit: 0 < radius ≤ leave radius is needed"
            raise DeclarationError(msg)
        return Reach(float(radius), float(far))


@dataclass(frozen=True, slots=True)
class _Place:
    """How to read where the entities of a type are, and how far away they are seen."""

    x: int
    y: int
    step_x: float
    step_y: float
    reach: Reach


class Interest:
    """The rule of one room."""

    def __init__(
        self,
        schema: Schema,
        radius: float,
        leave_radius: float | None = None,
        *,
        types: Mapping[type[Entity], float | Reach | None] | None = None,
        place: tuple[str, str] = ("x", "y"),
    ) -> None:
        """`types` gives single types a radius of their own, or None: always visible. `place` names the fields that
        say where an entity is; a type without them is always visible. Raises DeclarationError when the radii do not
        fit."""
        general = Reach.of(radius, leave_radius)
        own = {schema.index(cls): reach for cls, reach in (types or {}).items()}
        self._types = schema.entities
        self._places = [
            _place(entity_type, own.get(index, general), place) for index, entity_type in enumerate(schema.entities)
        ]
        self.reach = max([place.reach.leave for place in self._places if place is not None], default=general.leave)
        """The outermost radius of all."""

    def views(
        self,
        snapshot: Snapshot,
        viewpoints: ArrayLike,
        before: Views | None = None,
        *,
        avatars: ArrayLike | None = None,
        narrow: Filter | None = None,
    ) -> Views:
        """Return what viewers see of `snapshot`.

        `viewpoints`: each viewer's place, shape (viewers, 2); NaN for one that has none and sees only what is always
        visible. `before`: what the same viewers saw of an earlier snapshot. `avatars`: for each viewer the id of an
        entity that it sees in any case, 0 for none. `narrow`: the author's own rule, given a type, its table and
        the mask (viewers, entities) by distance; it returns the mask that holds.
        """
        points = np.asarray(viewpoints, np.float32).reshape(-1, 2)
        masks = []
        for index, (place, table) in enumerate(zip(self._places, snapshot.tables, strict=True)):
            if place is None:
                mask = np.ones((len(points), len(table)), np.bool_)
            else:
                mask = _near(place, table, points, None if before is None else _carried(before, index, table))
            if narrow is not None:
                mask = _narrowed(narrow, self._types[index], table, mask)
            if avatars is not None:
                _show_own(mask, table, np.asarray(avatars, np.int64))
            masks.append(mask)
        return Views(snapshot, tuple(masks), len(points))

    def distances(self, index: int, table: Table, pairs: Pairs, viewpoints: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far from its viewer's eye each pair's entity is, squared; 0 for types that have no place."""
        place = self._places[index]
        if place is None:
            return np.zeros(len(pairs), np.float32)
        x, y = _coordinates(place, table)
        across = x.take(pairs.rows) - viewpoints[:, 0].take(pairs.viewers)
        along = y.take(pairs.rows) - viewpoints[:, 1].take(pairs.viewers)
        found: NDArray[np.float32] = across * across + along * along
        return found


def _place(entity_type: EntityType, reach: float | Reach | None, names: tuple[str, str]) -> _Place | None:
    fields = list(entity_type.numeric)
    if reach is None or not all(name in fields for name in names):
        return None
    x, y = (fields.index(name) for name in names)
    steps = entity_type.step[:, 0]
    return _Place(x, y, float(steps[x]), float(steps[y]), reach if isinstance(reach, Reach) else Reach.of(reach))


def positions_of(
    schema: Schema, snapshot: Snapshot, ids: ArrayLike, place: tuple[str, str] = ("x", "y")
) -> NDArray[np.float32]:
    """Return where the entities `ids` are, shape (len(ids), 2); NaN for one that is not there or has no place."""
    wanted = np.asarray(ids, np.int64)
    found = np.full((len(wanted), 2), np.nan, np.float32)
    for entity_type, table in zip(schema.entities, snapshot.tables, strict=True):
        where = _place(entity_type, Reach(1, 1), place)
        if where is None or not len(table):
            continue
        rows = np.minimum(np.searchsorted(table.ids, wanted), len(table) - 1)
        here = table.ids[rows] == wanted
        found[here, 0] = table.codes[where.x, rows[here]] * where.step_x
        found[here, 1] = table.codes[where.y, rows[here]] * where.step_y
    return found


def _coordinates(place: _Place, table: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x = (table.codes[place.x] * place.step_x).astype(np.float32)
    y = (table.codes[place.y] * place.step_y).astype(np.float32)
    return x, y


def _near(place: _Place, table: Table, viewpoints: NDArray[np.float32], saw: Mask | None) -> Mask:
    """Return which entities each viewer sees, given which of them it saw."""
    x, y = _coordinates(place, table)
    sees = np.empty((len(viewpoints), len(table)), np.bool_)
    size = max(1, BLOCK_CELLS // max(1, len(table)))
    enter, leave = np.float32(place.reach.enter**2), np.float32(place.reach.leave**2)
    for first in range(0, len(viewpoints), size):
        block = slice(first, first + size)
        distance = x - viewpoints[block, 0, None]
        distance *= distance
        across = y - viewpoints[block, 1, None]
        across *= across
        distance += across
        near = np.less_equal(distance, enter, out=sees[block])
        if saw is not None:
            near |= (distance <= leave) & saw[block]
    return sees


def _carried(before: Views, index: int, table: Table) -> Mask:
    """Return which rows of `table` the viewers saw before, when it may have had other rows."""
    old = before.snapshot.tables[index].ids
    mask = before.masks[index]
    if old is table.ids:
        return mask
    _, base_rows, new_rows = np.intersect1d(old, table.ids, assume_unique=True, return_indices=True)
    carried = np.zeros((before.count, len(table)), np.bool_)
    carried[:, new_rows] = mask[:, base_rows]
    return carried


def _narrowed(narrow: Filter, entity_type: EntityType, table: Table, mask: Mask) -> Mask:
    """Return a copy of what the author's rule makes of a mask. Raises StateError when that is no such mask."""
    made = np.array(narrow(entity_type, table, mask), np.bool_)
    if made.shape != mask.shape:
        msg = f"the view of {entity_type.name} was narrowed to shape {made.shape}; it has to stay {mask.shape}"
        raise StateError(msg)
    return made


def _show_own(mask: Mask, table: Table, avatars: NDArray[np.int64]) -> None:
    if len(table):
        rows = np.minimum(np.searchsorted(table.ids, avatars), len(table) - 1)
        own = np.flatnonzero(table.ids[rows] == avatars)
        mask[own, rows[own]] = True
