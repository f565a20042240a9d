"""How the fields of a type are expected to move, as loops over single numbers read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gameserver.state.entity import EntityType


class RateTable:
    """How the fields of a type are expected to move; each list has one item a field.

    `rate`: the index of the field that is its rate, -1 for none. `k`: how much one code of that rate adds in a tick.
    `lo`, `hi`: its range. `turn`: how many codes a full turn has, 0 for a field that is no angle.
    """

    def __init__(self, rate: list[int], k: list[float], lo: list[float], hi: list[float], turn: list[int]) -> None:
        self.rate = rate
        self.k = k
        self.lo = lo
        self.hi = hi
        self.turn = turn


def rate_table_of(entity_type: EntityType, tick_hz: int) -> RateTable:
    """Return what loops need to know of a type at one tick rate."""
    step = entity_type.step[:, 0].tolist()
    rate, k = [-1] * len(step), [0.0] * len(step)
    for target, by in entity_type.rates:
        rate[target], k[target] = by, (step[by] / step[target]) / tick_hz
    lo, hi = entity_type.lo[:, 0].astype(float).tolist(), entity_type.hi[:, 0].astype(float).tolist()
    return RateTable(rate, k, lo, hi, entity_type.steps[:, 0].tolist())
