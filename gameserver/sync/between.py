"""The state between two ticks that follow each other, for moments that fall between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.state.fields import Float
from gameserver.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema


def between(schema: Schema, before: Sequence[Table], after: Sequence[Table], share: float) -> tuple[Table, ...]:
    """Return the entities of `before` at the share 0 … 1 of the way to `after`, on the grid: floats on a line, angles
    the short way round, everything else, who leaves, and who is put elsewhere, as before."""
    return tuple(
        [_blend(kind, one, other, share) for kind, one, other in zip(schema.entities, before, after, strict=True)]
    )


def _blend(entity_type: EntityType, before: Table, after: Table, share: float) -> Table:
    stay = np.isin(before.ids, after.ids, assume_unique=True)
    rows = np.searchsorted(after.ids, before.ids[stay])
    way = np.zeros_like(before.codes)
    way[:, stay] = after.codes[:, rows] - before.codes[:, stay]
    angles = entity_type.angles
    steps = entity_type.steps[angles]
    way[angles] = (way[angles] + steps // 2) % steps - steps // 2
    moves = [i for i, field in enumerate(entity_type.numeric.values()) if isinstance(field, Float) or i in angles]
    if entity_type.jumps is not None:
        way[:, way[entity_type.jumps] != 0] = 0
    codes = before.codes.copy()
    codes[moves] += np.rint(share * way[moves]).astype(np.int64)
    codes[angles] %= steps
    return Table(before.ids, codes, before.objects)
