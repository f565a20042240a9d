"""Interest management: which entities are near enough to each viewer's viewpoint, for all viewers at once.

An entity enters a view within its type's `enter` radius and stays in it up to the larger `leave` radius, so that an
entity at the border does not flicker. Types without a position, types declared as always visible, and each viewer's
own avatar are visible at any distance.
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
    Reals = NDArray[np.float32]
    FindNear = Callable[[Reals, Reals, Reals, float, float, Mask | None], Mask]
    Filter = Callable[[EntityType, Table, Mask], Mask]

LEAVE_RATIO: Final = 1.1  # leave over enter radius: wide enough against flicker, and only a fifth more entities
BLOCK_CELLS: Final = 1 << 15  # distances computed at once: they fit into a core's cache, which is 6 times as fast


@dataclass(frozen=True, slots=True)
class Reach:
    """The distance within which an entity of a type enters a view, and the one beyond which it leaves."""

    enter: float
    leave: float

    @staticmethod
    def of(radius: float, leave: float | None = None) -> Reach:
        """Return the reach for a declared radius; without `leave` that is LEAVE_RATIO times the radius.

        Raises:
            DeclarationError: Not 0 < radius ≤ leave < infinity.
        """
        far = radius * LEAVE_RATIO if leave is None else leave
        if not 0 < radius <= far < float("inf"):
            msg = f"interest: radius {radius} and leave radius {leave} do not fit: 0 < radius ≤ leave radius is needed"
            raise DeclarationError(msg)
        return Reach(float(radius), float(far))

    @property
    def squared(self) -> tuple[float, float]:
        """The squares of both."""
        return self.enter**2, self.leave**2


@dataclass(frozen=True, slots=True)
class _Position:
    """Where to read the positions of a type's entities, and from how far away they are seen."""

    x: int
    """Row of the coordinate in a table's codes."""
    y: int
    step_x: float
    step_y: float
    reach: Reach


class Interest:
    """The rule of one room by which viewers see entities."""

    def __init__(
        self,
        schema: Schema,
        radius: float,
        leave_radius: float | None = None,
        *,
        types: Mapping[type[Entity], float | Reach | None] | None = None,
        place: tuple[str, str] = ("x", "y"),
        find_near: FindNear | None = None,
    ) -> None:
        """Check the declaration.

        Args:
            schema: The room's entity types.
            radius: Within what distance entities enter a view.
            leave_radius: Beyond what distance they leave it; None: LEAVE_RATIO times the radius.
            types: Radii of single types; None: always visible.
            place: The two fields that say where an entity is. A type without them is always visible.
            find_near: What compares distances; None: `near`.

        Raises:
            DeclarationError: The radii do not fit each other.
        """
        general = Reach.of(radius, leave_radius)
        own = {schema.index(cls): reach for cls, reach in (types or {}).items()}
        self._find_near = find_near or near
        self._types = schema.entities
        self._positions = [
            _position(entity_type, own.get(index, general), place) for index, entity_type in enumerate(schema.entities)
        ]
        leave_radii = [position.reach.leave for position in self._positions if position is not None]
        self.reach = max(leave_radii, default=general.leave)
        """The largest radius of all types."""

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

        Args:
            snapshot: The newest snapshot.
            viewpoints: From where each viewer looks, shape (viewers, 2); NaN for a viewer without a viewpoint, who sees
                only what is always visible.
            before: What the same viewers saw of an earlier snapshot.
            avatars: For each viewer the id of an entity that it sees at any distance, 0 for none.
            narrow: The author's own rule. It is given a type, its table and the mask (viewers, entities) by distance,
                and returns the mask that is used.

        Raises:
            StateError: `narrow` returned a mask of another shape.
        """
        points = np.asarray(viewpoints, np.float32).reshape(-1, 2)
        masks = []
        for index, (position, table) in enumerate(zip(self._positions, snapshot.tables, strict=True)):
            if position is None:
                mask = np.ones((len(points), len(table)), np.bool_)
            else:
                saw = None if before is None else _mask_before(before, index, table)
                mask = self._find_near(*_coordinates(position, table), points, *position.reach.squared, saw)
            if narrow is not None:
                mask = _narrowed(narrow, self._types[index], table, mask)
            if avatars is not None:
                _add_avatars(mask, table, np.asarray(avatars, np.int64))
            masks.append(mask)
        return Views(snapshot, tuple(masks), len(points))

    def squared_distances(
        self, index: int, table: Table, pairs: Pairs, viewpoints: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the square of each pair's distance from viewpoint to entity; 0 for types that have no position.

        Args:
            index: The entity type.
            table: The type's table, which the rows of `pairs` are of.
            pairs: The viewers and entities.
            viewpoints: Shape (viewers, 2).
        """
        position = self._positions[index]
        if position is None:
            return np.zeros(len(pairs), np.float32)
        x, y = _coordinates(position, table)
        dx = x.take(pairs.rows) - viewpoints[:, 0].take(pairs.viewers)
        dy = y.take(pairs.rows) - viewpoints[:, 1].take(pairs.viewers)
        squared: NDArray[np.float32] = dx * dx + dy * dy
        return squared


def _position(entity_type: EntityType, reach: float | Reach | None, names: tuple[str, str]) -> _Position | None:
    """Return how to read the position of a type; None when it is always visible."""
    fields = list(entity_type.numeric)
    if reach is None or entity_type.use is not None or not all(name in fields for name in names):
        return None
    x, y = (fields.index(name) for name in names)
    steps = entity_type.step[:, 0]
    return _Position(x, y, float(steps[x]), float(steps[y]), reach if isinstance(reach, Reach) else Reach.of(reach))


def positions_of(
    schema: Schema, snapshot: Snapshot, ids: ArrayLike, place: tuple[str, str] = ("x", "y")
) -> NDArray[np.float32]:
    """Return where entities are, shape (len(ids), 2); NaN for an id that does not exist or has no position.

    Args:
        schema: The room's entity types.
        snapshot: Where to look the entities up.
        ids: Entities of any type.
        place: The two fields that say where an entity is.
    """
    wanted = np.asarray(ids, np.int64)
    found = np.full((len(wanted), 2), np.nan, np.float32)
    for entity_type, table in zip(schema.entities, snapshot.tables, strict=True):
        position = _position(entity_type, Reach(1, 1), place)
        if position is None or not len(table):
            continue
        rows = np.minimum(np.searchsorted(table.ids, wanted), len(table) - 1)
        here = table.ids[rows] == wanted
        found[here, 0] = table.codes[position.x, rows[here]] * position.step_x
        found[here, 1] = table.codes[position.y, rows[here]] * position.step_y
    return found


def _coordinates(position: _Position, table: Table) -> tuple[Reals, Reals]:
    """Return the x and the y of each entity."""
    x = (table.codes[position.x] * position.step_x).astype(np.float32)
    y = (table.codes[position.y] * position.step_y).astype(np.float32)
    return x, y


def near(x: Reals, y: Reals, viewpoints: Reals, enter: float, leave: float, saw: Mask | None) -> Mask:
    """Return which entities are near enough to each viewer, shape (viewers, entities).

    Args:
        x: Of each entity.
        y: Likewise.
        viewpoints: Shape (viewers, 2).
        enter: The square of the distance within which an entity enters a view, in float32 as all of these.
        leave: The square of the distance beyond which it leaves.
        saw: What the viewers saw before; None: nothing.
    """
    sees = np.empty((len(viewpoints), len(x)), np.bool_)
    size = max(1, BLOCK_CELLS // max(1, len(x)))
    for first in range(0, len(viewpoints), size):
        block = slice(first, first + size)
        squared = x - viewpoints[block, 0, None]
        squared *= squared
        dy = y - viewpoints[block, 1, None]
        dy *= dy
        squared += dy
        close = np.less_equal(squared, np.float32(enter), out=sees[block])
        if saw is not None:
            close |= (squared <= np.float32(leave)) & saw[block]
    return sees


def _mask_before(before: Views, index: int, table: Table) -> Mask:
    """Return which rows of `table` the viewers saw before, in a snapshot whose table may have other rows."""
    old = before.snapshot.tables[index].ids
    mask = before.masks[index]
    if old is table.ids:
        return mask
    _, base_rows, new_rows = np.intersect1d(old, table.ids, assume_unique=True, return_indices=True)
    mask_now = np.zeros((before.count, len(table)), np.bool_)
    mask_now[:, new_rows] = mask[:, base_rows]
    return mask_now


def _narrowed(narrow: Filter, entity_type: EntityType, table: Table, mask: Mask) -> Mask:
    """Return a copy of what the author's rule makes of a mask.

    Raises:
        StateError: The rule returned a mask of another shape.
    """
    made = np.array(narrow(entity_type, table, mask), np.bool_)
    if made.shape != mask.shape:
        msg = f"the view of {entity_type.name} was narrowed to shape {made.shape}; it has to stay {mask.shape}"
        raise StateError(msg)
    return made


def _add_avatars(mask: Mask, table: Table, avatars: NDArray[np.int64]) -> None:
    """Make each viewer's avatar visible to it."""
    if len(table):
        rows = np.minimum(np.searchsorted(table.ids, avatars), len(table) - 1)
        own = np.flatnonzero(table.ids[rows] == avatars)
        mask[own, rows[own]] = True
