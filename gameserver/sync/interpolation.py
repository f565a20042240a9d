"""The state between two snapshots: where entities are while a client draws the way from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.state.fields import Float
from gameserver.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema


def interpolate_tables(
    schema: Schema, before: Sequence[Table], after: Sequence[Table], fraction: float
) -> tuple[Table, ...]:
    """Return the entities of `before`, moved towards `after`.

    Floats move on a straight line and angles the shorter way round, both rounded to whole codes. All other fields,
    entities that are missing in `after`, and entities whose `Jumps` field changed stay as they are in `before`.

    Args:
        before: One table an entity type, in order of the schema.
        after: The tables of a later tick.
        fraction: How much of the way, 0 … 1.
    """
    return tuple(
        [
            _interpolate(entity_type, one, other, fraction)
            for entity_type, one, other in zip(schema.entities, before, after, strict=True)
        ]
    )


def _interpolate(entity_type: EntityType, before: Table, after: Table, fraction: float) -> Table:
    """Return the table of one type, at `fraction` of the way."""
    stay = np.isin(before.ids, after.ids, assume_unique=True)
    rows = np.searchsorted(after.ids, before.ids[stay])
    difference = np.zeros_like(before.codes)
    difference[:, stay] = after.codes[:, rows] - before.codes[:, stay]
    angles = entity_type.angles
    steps = entity_type.steps[angles]
    difference[angles] = (difference[angles] + steps // 2) % steps - steps // 2
    moving = [i for i, field in enumerate(entity_type.numeric.values()) if isinstance(field, Float) or i in angles]
    if entity_type.jumps is not None:
        difference[:, difference[entity_type.jumps] != 0] = 0
    codes = before.codes.copy()
    codes[moving] += np.rint(fraction * difference[moving]).astype(np.int64)
    codes[angles] %= steps
    return Table(before.ids, codes, before.objects)
