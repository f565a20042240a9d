"""The grids of a type's numeric fields, as loops over single numbers read them."""

from __future__ import annotations


class Grids:
    """One item a field in each list, in order of the schema.

    Args:
        step: The distance between neighbouring values.
        lo: The lowest code.
        hi: The highest code, included.
        turn: The number of codes in a full turn for angles, 0 for other fields.
    """

    def __init__(self, step: list[float], lo: list[int], hi: list[int], turn: list[int]) -> None:
        self.step = step
        self.lo = lo
        self.hi = hi
        self.turn = turn
