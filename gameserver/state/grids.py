"""The numeric fields of a type, as loops over single numbers read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE_BYTES: Final = 8
"""Loops read and write codes and residuals as integers of so many bytes."""

REAL: Final = 0
"""A field whose values are a code times the step: Float, Angle."""
WHOLE: Final = 1
"""A field whose values are codes: Int, Jumps."""
FLAG: Final = 2
CHOICE: Final = 3
REF: Final = 4


class Grids:
    """One item a field in each list, in order of the schema.

    Args:
        names: The attributes that hold the values.
        kinds: REAL, WHOLE, FLAG, CHOICE or REF.
        fields: The fields themselves.
        ranges: The lists that follow here, one after the other.
    """

    def __init__(self, names: list[str], kinds: list[int], fields: list[Any], ranges: Sequence[list[Any]]) -> None:
        self.names = names
        self.kinds = kinds
        self.fields = fields
        self.step: list[float] = ranges[0]
        """The distance between neighbouring values."""
        self.lo: list[int] = ranges[1]
        """The lowest code."""
        self.hi: list[int] = ranges[2]
        """The highest code, included."""
        self.turn: list[int] = ranges[3]
        """The number of codes in a full turn for angles, 0 for other fields."""
