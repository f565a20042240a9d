"""One predicted body: its values after the newest predicted tick, the pose that is drawn of it, and how far it has come
on its way from the past that is interpolated to the present that is predicted.

Pure; times in seconds. `client_demo/sdk/body.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.client.grid import compile_snap
from gameserver.client.pose import Pose
from gameserver.state.fields import Angle, Float, Ref

if TYPE_CHECKING:
    from gameserver.client.grid import Snap
    from gameserver.state.entity import EntityType
    from gameserver.state.table import Table
    from gameserver.state.touch import Touch

    Codes = tuple[int, ...]

BLEND_S = 0.25
"""How long a body is drawn on its way between the past that is interpolated and the present that is predicted."""


@dataclass(slots=True)
class BodyStats:
    """How well the bodies of one type are predicted."""

    bodies: int = 0
    """How many are predicted now."""
    corrections: int = 0
    """How often a state moved one of them from where it was predicted to be."""
    units: float = 0.0
    """How far the newest of these corrections moved what is drawn."""
    late: int = 0
    """Corrections with a state before which the server repeated or dropped an input frame of this client."""
    others: int = 0
    """Corrections with a state in which something that others steer was elsewhere than predicted too."""
    rules: int = 0
    """All other corrections: rules outside of the predicted world, bodies that were out of reach, rules that differ."""


class BodyKind:
    """The bodies of one type.

    Args:
        index: The type's place in the schema.
        entity_type: The type.
        touch: The room's `predict_world`.
    """

    def __init__(self, index: int, entity_type: EntityType, touch: Touch) -> None:
        names = list(entity_type.numeric)
        self.index = index
        self.entity_type = entity_type
        self.steered = entity_type.name in {cls.__name__ for cls in touch.steered}
        self.place = [(names.index(name), float(entity_type.numeric[name].step)) for name in touch.place]
        self.snap: Snap = compile_snap(entity_type)
        fields = list(entity_type.numeric.values())
        self.stepped = [name for name, field in entity_type.fields.items() if not isinstance(field, Ref)]
        """The fields that rules change: references cannot be predicted."""
        self.moving = [i for i, field in enumerate(fields) if isinstance(field, Float | Angle)]
        self.stats = BodyStats()

    def distances(self, table: Table, x: float, y: float) -> list[float]:
        """Return how far each row of a table is from a place."""
        (column_x, step_x), (column_y, step_y) = self.place
        rows = zip(table.codes[column_x].tolist(), table.codes[column_y].tolist(), strict=True)
        return [_length(at_x * step_x - x, at_y * step_y - y) for at_x, at_y in rows]


class Body:
    """One predicted body.

    Args:
        kind: Its type.
        entity_id: Its id.
        tick_s: The room's tick in seconds.
        snap_distance: An error beyond it is not eased out.
    """

    __slots__ = ("before", "codes", "entity", "held", "kind", "leaving", "moved", "pose", "share", "was")

    def __init__(self, kind: BodyKind, entity_id: int, tick_s: float, snap_distance: float) -> None:
        self.kind = kind
        self.entity: Any = object.__new__(kind.entity_type.cls)
        self.entity.id = entity_id
        self.pose = Pose(kind.entity_type, tick_s, snap_distance)
        self.held: Any = None
        """The controls that its fields hold, if it is steered."""
        self.codes: Codes = ()
        """Its codes after the newest predicted tick."""
        self.before: Codes | None = None
        """The same before the state that is being taken; None: it was not predicted before."""
        self.was: list[float] = []
        """Where it was drawn then."""
        self.share = 0.0
        """How much of the way from the past to the present it has come."""
        self.leaving = False
        self.moved = False
        """Whether the state that was taken has moved it."""

    def remember(self, now_s: float) -> None:
        """A state is about to be taken: note where it is predicted and drawn."""
        self.before = self.codes
        self.was = self.pose.at(self.entity, now_s)

    def load(self, table: Table, row: int) -> None:
        """Set it to what a state has of it."""
        entity_type = self.kind.entity_type
        codes = table.codes[:, row]
        self.codes = tuple(codes.tolist())
        entity_type.load([self.entity], codes.reshape(-1, 1), {})
        for (name, field), column in zip(entity_type.objects.items(), table.objects, strict=True):
            setattr(self.entity, name, field.thaw(column[row]))
        self.pose.place(self.entity)

    def step(self) -> None:
        """A tick has run: put every field on its grid, as the server does."""
        self.codes = self.kind.snap(self.entity, self.codes)
        self.pose.step(self.entity)

    def compare(self) -> None:
        """Note whether the state that was taken has moved it; one that jumped is drawn there at once."""
        self.moved = False
        if self.before is None:
            return
        counter = self.kind.entity_type.jumps
        if counter is not None and self.before[counter] != self.codes[counter]:
            self.pose.settle()
            self.share = 1.0
            return
        self.moved = any(self.before[i] != self.codes[i] for i in self.kind.moving)

    def move_share(self, elapsed_s: float, past: Any) -> None:
        """Move it on its way between the past and the present.

        Args:
            elapsed_s: Since the drawn frame before.
            past: The values of all numeric fields that are interpolated; None: the past that is drawn does not hold
                the body.
        """
        step = elapsed_s / BLEND_S
        if past is None or self._jumps_after(past):
            self.share = 1.0
        elif self.leaving:
            self.share = max(0.0, self.share - step)
        else:
            self.share = min(1.0, self.share + step)

    def _jumps_after(self, past: Any) -> bool:
        """Return whether a jump lies between the past that is drawn and the present: there is no way from one to the
        other, and the old place must not come back."""
        counter = self.kind.entity_type.jumps
        return counter is not None and int(past[counter]) != self.codes[counter]

    def values(self, past: Any, now_s: float) -> Any:
        """Return the values of all numeric fields as they are drawn.

        Args:
            past: Those that are interpolated; None: the past that is drawn does not hold the body.
            now_s: The time now.
        """
        present = np.array(self.codes, np.float64) * self.kind.entity_type.step[:, 0]
        self.pose.write_columns(present, self.entity, now_s)
        if past is None or self.share == 1.0:
            return present
        weight = self.share * self.share * (3.0 - 2.0 * self.share)
        values = present if self.share >= 0.5 else past.copy()
        self.pose.mix(values, past, present, weight)
        return values


def _length(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)
