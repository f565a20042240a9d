"""`gameserver check`: an author's own step and contact, in Python and in Node, on every type that they can move."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gameserver.ops.check_step import run_differential
from gameserver.room.kind import make_kind, predictable_types
from gameserver.shared_step.differential import GridField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver.room.room import Room


def check_room_step(room_class: type[Room[Any]], *, cases: int, steps: int, seed: int) -> bool:
    """Print one line for each entity type; return whether all bits were equal. Raises DeclarationError, CheckError."""
    kind = make_kind(room_class)
    predict = room_class.predict
    if predict is None:
        _say(f"{room_class.__name__} has no shared step: write predict = your_function in it")
        return True
    inputs = _grid_fields(kind.inputs.spec())
    contact = room_class.predict_contact
    clean = True
    for entity_type in predictable_types(predict, kind.schema):
        state = _grid_fields({"name": name, **field.spec()} for name, field in entity_type.fields.items())
        # Whom an avatar meets is to the contact what controls are to the step: what it reads.
        for function, read in ((predict, inputs), *(() if contact is None else ((contact, state),))):
            report = run_differential(
                function, state, read, cases=cases, steps=steps, dt=1 / room_class.tick_hz, seed=seed
            )
            _say(f"{entity_type.name}: {report}")
            clean = clean and report.ok
    return clean


def _grid_fields(specs: Iterable[Mapping[str, Any]]) -> list[GridField]:
    return [field for spec in specs if (field := GridField.from_spec(spec)) is not None]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
