"""`gameserver check`: compares an author's step and contact function in Python and in Node, for every entity type that
they can move, and the predicted world with bodies of all its types; and whether a room that lasts can be saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.cli.check_lasting import check_room_lasts
from gameserver.cli.errors import EXIT_FOUND, plain_errors
from gameserver.loading import load_room
from gameserver.ops.check_step import run_differential, run_experiment
from gameserver.ops.check_world import BODIES_OF_A_TYPE, world_experiment
from gameserver.room.kind import make_kind, predictable_types
from gameserver.shared_step.differential import GridField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver.room.room import Room

CASES_PER_WORLD = 10
"""A world of bodies takes so many times as long as one of them: it gets fewer cases."""


def check(room: str, *, cases: int = 10_000, steps: int = 60, seed: int = 1) -> None:
    """Run a room's shared step in Python and in Node on random states and inputs, and compare every bit. Of a room that
    lasts, name what cannot be saved.

    The exit status is 1 if any bit differs, or something cannot be saved.

    Args:
        room: The room class as MODULE:CLASS.
        cases: Number of random start states.
        steps: Number of ticks from each start state.
        seed: Seed of the random cases, to get the same ones on each run.
    """
    with plain_errors():
        room_class = load_room(room)
        lasts = not room_class.lasting or check_room_lasts(room_class, seed=seed)
        same = check_room_step(room_class, cases=cases, steps=steps, seed=seed)
    raise SystemExit(0 if same and lasts else EXIT_FOUND)


def check_room_step(room_class: type[Room[Any]], *, cases: int, steps: int, seed: int) -> bool:
    """Compare a room's shared functions in both languages and print a line for each entity type.

    Returns:
        Whether all bits were equal.

    Raises:
        DeclarationError: The room class cannot be used.
        CheckError: There is no Node, or it cannot run the functions.
    """
    kind = make_kind(room_class)
    predict = room_class.predict
    if predict is None:
        print(f"{room_class.__name__} has no shared step: write predict = your_function in it")
        return True
    inputs = _grid_fields(kind.inputs_type.spec())
    contact = room_class.predict_contact
    same = True
    for entity_type in predictable_types(predict, kind.schema):
        state = _grid_fields({"name": name, **field.spec()} for name, field in entity_type.fields.items())
        # A contact function reads the entity that was met, as a step reads the controls.
        for function, read in ((predict, inputs), *(() if contact is None else ((contact, state),))):
            report = run_differential(
                function, state, read, cases=cases, steps=steps, dt=1 / room_class.tick_hz, seed=seed
            )
            print(f"{entity_type.name}: {report}")
            same = same and report.ok
    touch = room_class.predict_world
    if touch is None or not same:
        return same
    types = {entity_type.name: entity_type for entity_type in kind.schema.entities}
    experiment, module = world_experiment(touch, predict, types, kind.inputs_type, 1 / room_class.tick_hz)
    cases = max(1, cases // CASES_PER_WORLD)
    report = run_experiment(experiment, module, cases=cases, steps=steps, seed=seed)
    print(f"predict_world, {len(touch.types) * BODIES_OF_A_TYPE} bodies: {report}")
    return report.ok


def _grid_fields(specs: Iterable[Mapping[str, Any]]) -> list[GridField]:
    return [field for spec in specs if (field := GridField.from_spec(spec)) is not None]
