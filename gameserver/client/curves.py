"""How the fields of one entity type move between two of its states: which lie on a curve, on a line, on a circle, and
which step. Pure arithmetic on decoded values, shared by interpolation and prediction.

docs/guide/time.md section 5 states it; `client_demo/sdk/curves.js` is the twin. (`gameserver.sync.motion` has the
arithmetic of rates on the wire: on codes, tick by tick.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.state.fields import TURN, Float

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.state.table import Table

    Values = NDArray[np.float64]

JUMP_FACTOR = 4.0
"""A move counts as a jump when it is this many times longer than the larger of its two rates explains …"""
JUMP_SLACK_STEPS = 64
"""… plus this many steps of the grid, so that slow things may be nudged."""


class Curves:
    """The numeric fields of one entity type, grouped by what is done to them between two states.

    Values are arrays of shape (numeric fields, entities).
    """

    def __init__(self, entity_type: EntityType) -> None:
        fields = list(entity_type.numeric.values())
        rated = dict(entity_type.rates)
        floats = [i for i, field in enumerate(fields) if isinstance(field, Float)]
        angles = entity_type.angles.tolist()
        self.entity_type = entity_type
        self.lines = [i for i in floats if i not in rated]
        self.turns = [i for i in angles if i not in rated]
        self.curves = [i for i in floats if i in rated]
        self.curve_rates = [rated[i] for i in self.curves]
        self.spins = [i for i in angles if i in rated]
        self.spin_rates = [rated[i] for i in self.spins]
        self.counter = entity_type.jumps
        self.curve_slack = JUMP_SLACK_STEPS * entity_type.step[self.curves]
        self.lo = entity_type.lo[self.curves] * entity_type.step[self.curves]
        self.hi = entity_type.hi[self.curves] * entity_type.step[self.curves]

    def decode(self, table: Table) -> Values:
        """Return the values of all codes of a table."""
        return table.codes * self.entity_type.step

    def jumps(self, a: Values, b: Values, h: float) -> NDArray[np.bool_]:
        """Return which of the `n` entities were put elsewhere between `a` and `b`, which are `h` seconds apart."""
        if self.counter is not None:  # the author says so; nothing is guessed
            counted: NDArray[np.bool_] = a[self.counter] != b[self.counter]
            return counted
        if not self.curves:
            return np.zeros(a.shape[1], np.bool_)
        fastest = np.maximum(np.abs(a[self.curve_rates]), np.abs(b[self.curve_rates]))
        moved = np.abs(b[self.curves] - a[self.curves])
        too_far: NDArray[np.bool_] = np.any(moved > JUMP_FACTOR * h * fastest + self.curve_slack, axis=0)
        return too_far

    def between(self, a: Values, b: Values, u: float, h: float) -> Values:
        """Return the values at the share `u` of the way from `a` to `b`, which are `h` seconds apart."""
        drawn = a.copy()
        if self.lines:
            drawn[self.lines] = a[self.lines] + u * (b[self.lines] - a[self.lines])
        if self.turns:
            drawn[self.turns] = (a[self.turns] + u * shortest_way(a[self.turns], b[self.turns])) % TURN
        if self.curves:
            drawn[self.curves] = hermite(
                a[self.curves], b[self.curves], a[self.curve_rates] * h, b[self.curve_rates] * h, u
            )
        if self.spins:
            drawn[self.spins] = self._spun(a, b, u, h)
        return drawn

    def _spun(self, a: Values, b: Values, u: float, h: float) -> Values:
        """Return the angles that have a rate. A fast spinner may turn by more than half a turn: its rates say which
        way, and how often, it went round.
        """
        start, from_rate, to_rate = a[self.spins], a[self.spin_rates] * h, b[self.spin_rates] * h
        expected = start + (from_rate + to_rate) / 2
        end = expected + shortest_way(expected, b[self.spins])
        return hermite(start, end, from_rate, to_rate, u) % TURN

    def after(self, a: Values, seconds: float) -> Values:
        """Return the values `seconds` after `a`, all rates going on as they are."""
        drawn = a.copy()
        if self.curves:
            drawn[self.curves] = np.clip(a[self.curves] + seconds * a[self.curve_rates], self.lo, self.hi)
        if self.spins:
            drawn[self.spins] = (a[self.spins] + seconds * a[self.spin_rates]) % TURN
        return drawn


def shortest_way(a: Values, b: Values) -> Values:
    """Return the turn from `a` to `b` in radians, -π ≤ turn < π."""
    return (b - a + TURN / 2) % TURN - TURN / 2


def hermite(a: Values, b: Values, from_rate: Values, to_rate: Values, u: float) -> Values:
    """Return the cubic from `a` to `b` at `u`; the rates are what would be covered in the whole of it."""
    u2, u3 = u * u, u * u * u  # in this form a point at rest is drawn exactly where it is
    return a + (3 * u2 - 2 * u3) * (b - a) + (u3 - 2 * u2 + u) * from_rate + (u3 - u2) * to_rate
