"""How entities are expected to move (protocol.md §5, "Applying"): a field with a rate changes at that rate.

The encoder's residuals and the decoder's codes are both made with `_RatedFields.expected`, in IEEE double precision
and in the page's order of operations, so that both sides agree to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.compiled import COMPILED
from gameserver.state.table import compact
from gameserver.sync import plain_loops
from gameserver.sync.bits import zigzag
from gameserver.sync.rate_table import rate_table_of

if COMPILED:
    from gameserver.sync import loops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType

    Codes = NDArray[np.int64]


class _RatedFields:
    """Fields that have a rate, either all of them clamped to a range or all of them angles."""

    def __init__(self, entity_type: EntityType, pairs: list[tuple[int, int]], tick_hz: int) -> None:
        targets = [target for target, _ in pairs]
        rates = [rate for _, rate in pairs]
        self.targets = compact(targets)
        self.rates = compact(rates)
        self.k = (entity_type.step[rates] / entity_type.step[targets]) / tick_hz
        self.lo = entity_type.lo[targets]
        self.hi = entity_type.hi[targets]
        self.steps = entity_type.steps[targets] if entity_type.steps[targets[0], 0] else None

    def expected(self, before: Codes, after: Codes, span: int) -> Codes:
        """Return the codes that these fields are expected to have.

        Args:
            before: All codes of the base, shape (fields, n).
            after: All codes `span` ticks later, of which those of the rates are read.
            span: In ticks, at least 1.

        Returns:
            Shape (targets, n).
        """
        v1 = after[self.rates]
        code = before[self.targets] + np.floor(self.k * v1 + 0.5)
        if span > 1:
            v0 = before[self.rates]
            code += (span - 1) * np.floor(self.k * ((v0 + v1) / 2) + 0.5)
        if self.steps is not None:
            code %= self.steps
        else:
            np.maximum(code, self.lo, out=code)
            np.minimum(code, self.hi, out=code)
        return code.astype(np.int64)


class Motion:
    """How the entities of one type are expected to move at one tick rate."""

    __slots__ = ("_angles", "_half", "_rate_table", "_rated", "_steps")

    def __init__(self, entity_type: EntityType, tick_hz: int) -> None:
        is_angle = entity_type.steps[:, 0] > 0
        linear = [pair for pair in entity_type.rates if not is_angle[pair[0]]]
        angular = [pair for pair in entity_type.rates if is_angle[pair[0]]]
        self._rated = [_RatedFields(entity_type, pairs, tick_hz) for pairs in (linear, angular) if pairs]
        angles = entity_type.angles.tolist()
        self._angles = compact(angles) if angles else None
        self._steps = entity_type.steps[angles]
        self._half = self._steps // 2
        self._rate_table = rate_table_of(entity_type, tick_hz)

    def zigzagged(self, before: Codes, after: Codes, span: int) -> NDArray[np.uint64]:
        """Return the residuals as zigzag codes, shape (fields, n)."""
        if not COMPILED:
            return zigzag(self.residuals(before, after, span))
        found = self.zigzagged_packed(before.tobytes(), after.tobytes(), after.shape[1], span)
        return np.frombuffer(found, np.uint64).reshape(after.shape)

    def zigzagged_packed(self, before: bytes, after: bytes, count: int, span: int) -> bytes:
        """Return the same of packed codes, see `Table.packed_codes`."""
        if COMPILED:
            return loops.residuals(before, after, count, span, self._rate_table)
        return plain_loops.residuals(before, after, count, span, self._rate_table)

    def residuals(self, before: Codes, after: Codes, span: int) -> Codes:
        """Return the residuals with which `advance` leads from `before` to `after`, all of shape (fields, n)."""
        residuals = after - before
        for fields in self._rated:
            residuals[fields.targets] = after[fields.targets] - fields.expected(before, after, span)
        if self._angles is not None:
            wrapped = residuals[self._angles] + self._half
            residuals[self._angles] = wrapped % self._steps - self._half
        return residuals

    def advance(self, before: Codes, residuals: Codes | None, span: int) -> Codes:
        """Return the codes `span` ticks later.

        Args:
            before: The codes now, shape (fields, n).
            residuals: What is added to the expected codes, of the same shape; None: 0 for all.
            span: In ticks, at least 1.

        Returns:
            Shape (fields, n). Residuals may lead out of a field's range. Without residuals, and for a type without
            rates, that is `before` itself.
        """
        if residuals is None:
            if not self._rated:
                return before
            after = before.copy()
        else:
            after = before + residuals
        for fields in self._rated:
            expected = fields.expected(before, after, span)
            after[fields.targets] = expected if residuals is None else expected + residuals[fields.targets]
        if self._angles is not None:
            after[self._angles] %= self._steps
        return after
