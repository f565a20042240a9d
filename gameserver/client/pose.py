"""Where the own avatar is drawn: on its way from the tick before to the newest predicted one, plus an error that is
eased out.

Pure; times in seconds. docs/guide/time.md section 6, "Each drawn frame", states the algorithm;
`client_demo/sdk/pose.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from gameserver.client.curves import JUMP_FACTOR, JUMP_SLACK_STEPS
from gameserver.state.fields import TURN, Angle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType

EASE_S = 0.1
"""An error of the drawn pose shrinks by a factor e in this time: gone before it is noticed, slow enough not to be
seen."""
SNAP_AFTER_S = 0.5
"""An error larger than the way made in this time is no error but another place: the pose snaps."""


class _EasedField(NamedTuple):
    """A field whose drawn value is smoothed."""

    name: str
    column: int
    """Its place among the numeric fields."""
    turns: bool
    """Whether it is an angle."""
    rate: str | None
    """The name of its rate field; None: its moves are never jumps."""
    step: float
    """The value of one code."""


class Pose:
    """The pose of one avatar.

    Args:
        entity_type: The avatar's.
        tick_s: The room's tick in seconds.
        snap_distance: An error beyond it snaps, in the fields' own units; None: by the present rate.
    """

    def __init__(self, entity_type: EntityType, tick_s: float, snap_distance: float | None = None) -> None:
        names = list(entity_type.numeric)
        self._fields = _eased_fields(entity_type)
        self._counter = None if entity_type.jumps is None else names[entity_type.jumps]
        self._tick_s = self._tick_length_s = tick_s
        self._snap_distance = snap_distance
        self._previous = self._current = self._offset = [0.0] * len(self._fields)
        self._jumps = 0
        self._leapt = False
        """Whether the newest step itself put the avatar elsewhere."""
        self._posed_at_s = self._ticked_at_s = -math.inf
        self.error_units = 0.0
        """Length of the newest error, over the fields that are no angles."""

    def begin(self, avatar: Any) -> None:
        """Begin here, at rest and without error."""
        self.place(avatar)
        self.settle()

    def settle(self) -> None:
        """Drop the error: the avatar is drawn where it is."""
        self._offset = [0.0] * len(self._fields)

    def place(self, avatar: Any) -> None:
        """The avatar was put somewhere; where it was before does not count."""
        self._previous = self._current = self._read(avatar)
        self._count(avatar)
        self._leapt = False

    def step(self, avatar: Any) -> None:
        """The avatar was stepped on by one tick."""
        self._previous = self._current
        self._current = self._read(avatar)
        self._leapt = self._count(avatar)

    def tick(self, at_s: float, length_s: float) -> None:
        """The newest step belongs to this tick of the client.

        Args:
            at_s: When the tick was due.
            length_s: How long it lasts.
        """
        self._ticked_at_s = at_s
        self._tick_length_s = length_s

    def at(self, avatar: Any, now_s: float) -> list[float]:
        """Return where the avatar is drawn now, in the order of the eased fields."""
        self._decay(now_s)
        return [at + off for at, off in zip(self._between_ticks(avatar, now_s), self._offset, strict=True)]

    def ease(self, avatar: Any, drawn: list[float], now_s: float) -> None:
        """Draw on from `drawn`, unless it is too far from where the avatar is now."""
        now = self._between_ticks(avatar, now_s)
        self._offset = [_way(field, at, was) for field, at, was in zip(self._fields, now, drawn, strict=True)]
        self.error_units = math.hypot(
            *[off for field, off in zip(self._fields, self._offset, strict=True) if not field.turns]
        )
        if any(self._is_far(avatar, field, off) for field, off in zip(self._fields, self._offset, strict=True)):
            self.settle()

    def write(self, drawn: dict[str, Any], avatar: Any, now_s: float) -> None:
        """Set the eased fields among the attributes of what is drawn."""
        for field, value in zip(self._fields, self.at(avatar, now_s), strict=True):
            drawn[field.name] = value % TURN if field.turns else value

    def write_columns(self, values: NDArray[np.float64], avatar: Any, now_s: float) -> None:
        """Set the eased fields among the values of all numeric fields."""
        for field, value in zip(self._fields, self.at(avatar, now_s), strict=True):
            values[field.column] = value % TURN if field.turns else value

    def mix(
        self,
        values: NDArray[np.float64],
        past: NDArray[np.float64],
        present: NDArray[np.float64],
        weight: float,
    ) -> None:
        """Set the eased fields among the values of all numeric fields to those between two others.

        Args:
            values: What is set.
            past: Counts for `1 - weight`.
            present: Counts for `weight`.
            weight: 0 to 1.
        """
        for field in self._fields:
            start = float(past[field.column])
            value = start + weight * _way(field, start, float(present[field.column]))
            values[field.column] = value % TURN if field.turns else value

    def _count(self, avatar: Any) -> bool:
        """Return whether the avatar's own count of jumps has changed."""
        jumps = 0 if self._counter is None else vars(avatar)[self._counter]
        changed: bool = jumps != self._jumps
        self._jumps = jumps
        return changed

    def _read(self, avatar: Any) -> list[float]:
        values = vars(avatar)
        return [values[field.name] for field in self._fields]

    def _between_ticks(self, avatar: Any, now_s: float) -> list[float]:
        """Return the way from the tick before to the newest one, as far as time has come."""
        if self._jumped(avatar):
            return self._current
        share = min(1.0, max(0.0, (now_s - self._ticked_at_s) / self._tick_length_s))
        return [
            before + share * _way(field, before, after)
            for field, before, after in zip(self._fields, self._previous, self._current, strict=True)
        ]

    def _jumped(self, avatar: Any) -> bool:
        if self._counter is not None:
            return self._leapt
        for field, before, after in zip(self._fields, self._previous, self._current, strict=True):
            if field.rate is not None:
                explained = JUMP_FACTOR * self._tick_s * abs(getattr(avatar, field.rate))
                if abs(after - before) > explained + JUMP_SLACK_STEPS * field.step:
                    return True
        return False

    def _is_far(self, avatar: Any, field: _EasedField, off: float) -> bool:
        if field.rate is None:
            return False
        limit = self._snap_distance
        if limit is None:
            limit = SNAP_AFTER_S * abs(getattr(avatar, field.rate)) + JUMP_SLACK_STEPS * field.step
        return abs(off) > limit

    def _decay(self, now_s: float) -> None:
        elapsed_s = now_s - self._posed_at_s
        self._posed_at_s = now_s
        if any(self._offset):
            share = math.exp(-max(0.0, elapsed_s) / EASE_S)
            self._offset = [
                off * share if abs(off * share) >= field.step / 2 else 0.0
                for field, off in zip(self._fields, self._offset, strict=True)
            ]


def _eased_fields(entity_type: EntityType) -> list[_EasedField]:
    """Return the floats with a rate, and the angles."""
    names = list(entity_type.numeric)
    rates = {target: names[rate] for target, rate in entity_type.rates}
    return [
        _EasedField(
            name, place, isinstance(field, Angle), None if isinstance(field, Angle) else rates[place], field.step
        )
        for place, (name, field) in enumerate(entity_type.numeric.items())
        if isinstance(field, Angle) or place in rates
    ]


def _way(field: _EasedField, start: float, end: float) -> float:
    """Return the way from one value to another; of an angle, the short way round."""
    if not field.turns:
        return end - start
    return (end - start + TURN / 2) % TURN - TURN / 2
