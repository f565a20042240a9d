"""What a type's entities are expected to do by themselves (protocol.md §5, "Applying"): a field with a rate goes on
at that rate.

The encoder's residual and the decoder's step are made of the one `_expected` here, in IEEE double precision and in
the page's order of operations, so that both ends agree to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.compiled import COMPILED
from gameserver.state.table import compact
from gameserver.sync.bits import zigzag

if COMPILED:
    from gameserver.sync import loops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.sync.loops import Moves

    Codes = NDArray[np.int64]


class _Rates:
    """Fields that are moved by others, all of them clamped or all of them angles."""

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
        """Return the targets' expected codes, `span` ticks on, given all codes before and the rates' codes after."""
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
    """The expectation for one entity type at one tick rate."""

    __slots__ = ("_angles", "_groups", "_half", "_moves", "_steps")

    def __init__(self, entity_type: EntityType, tick_hz: int) -> None:
        is_angle = entity_type.steps[:, 0] > 0
        linear = [pair for pair in entity_type.rates if not is_angle[pair[0]]]
        angular = [pair for pair in entity_type.rates if is_angle[pair[0]]]
        self._groups = [_Rates(entity_type, pairs, tick_hz) for pairs in (linear, angular) if pairs]
        angles = entity_type.angles.tolist()
        self._angles = compact(angles) if angles else None
        self._steps = entity_type.steps[angles]
        self._half = self._steps // 2
        self._moves = moves_of(entity_type, tick_hz) if COMPILED else None

    def zigzagged(self, before: Codes, after: Codes, span: int) -> NDArray[np.uint64]:
        """Return the residuals as unsigned codes."""
        if self._moves is None:
            return zigzag(self.residuals(before, after, span))
        found = loops.residuals(before.tobytes(), after.tobytes(), after.shape[1], span, self._moves)
        return np.frombuffer(found, np.uint64).reshape(after.shape)

    def residuals(self, before: Codes, after: Codes, span: int) -> Codes:
        """Return what `advance` needs to get from `before` to `after`, all of shape (fields, n)."""
        residuals = after - before
        for rates in self._groups:
            residuals[rates.targets] = after[rates.targets] - rates.expected(before, after, span)
        if self._angles is not None:
            wrapped = residuals[self._angles] + self._half
            residuals[self._angles] = wrapped % self._steps - self._half
        return residuals

    def advance(self, before: Codes, residuals: Codes | None, span: int) -> Codes:
        """Return the codes `span` ticks later; None: residuals of 0. A residual may take a code out of its range."""
        if residuals is None:
            if not self._groups:
                return before
            after = before.copy()
        else:
            after = before + residuals
        for rates in self._groups:
            expected = rates.expected(before, after, span)
            after[rates.targets] = expected if residuals is None else expected + residuals[rates.targets]
        if self._angles is not None:
            after[self._angles] %= self._steps
        return after


def moves_of(entity_type: EntityType, tick_hz: int) -> Moves:
    """Return what the compiled loops know of a type."""
    from gameserver.sync.loops import Moves  # what it needs comes with the compiled build alone

    step = entity_type.step[:, 0].tolist()
    rate, k = [-1] * len(step), [0.0] * len(step)
    for target, by in entity_type.rates:
        rate[target], k[target] = by, (step[by] / step[target]) / tick_hz
    lo, hi = entity_type.lo[:, 0].astype(float).tolist(), entity_type.hi[:, 0].astype(float).tolist()
    return Moves(rate, k, lo, hi, entity_type.steps[:, 0].tolist())
