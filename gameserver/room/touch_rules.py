"""The rules of a predicted world on the server: checked against the room's schema, run each tick, and described for the
module that browsers load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.shared_step.translate import FieldCopies, touches
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Float
from gameserver.state.touch import run_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.room.player import Player
    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import InputsType
    from gameserver.state.schema import Schema
    from gameserver.state.touch import Touch
    from gameserver.state.world import World


class TouchRules:
    """Runs the predicted world of one room.

    Args:
        touch: The room's declaration.
        predict: The room's step.
        world: The room's entities.
        inputs: The room's inputs.
        dt: The length of a tick in seconds.
    """

    def __init__(
        self,
        touch: Touch,
        predict: Callable[[Any, Any, float], object],
        world: World,
        inputs: InputsType,
        dt: float,
    ) -> None:
        self._touch = touch
        self._predict = predict
        self._world = world
        self._inputs = inputs
        self._dt = dt

    def show(self, avatar: Any, controls: Any) -> None:
        """Keep what others may know of a player's controls in the fields of the avatar.

        Args:
            avatar: The player's avatar, or None.
            controls: Those that it has just been moved with.
        """
        if isinstance(avatar, self._touch.steered):
            for name in self._touch.shows:
                setattr(avatar, name, getattr(controls, name))

    def run(self, players: Iterable[Player]) -> None:
        """Run the tick, after everyone's input.

        What is steered and nobody's avatar is moved first, with the controls in its fields; then steps and contacts
        run, types in the order of their declaration, ids ascending.
        """
        touch = self._touch
        bodies = {cls.__name__: self._world.entities(cls) for cls in touch.types}
        avatars = {player.avatar.id for player in players if player.avatar is not None}
        for cls in touch.steered:
            for body in bodies[cls.__name__]:
                if body.id not in avatars:
                    self._predict(body, controls_in(self._inputs, touch.shows, body), self._dt)
        run_world(touch, bodies, self._dt)


def controls_in(inputs: InputsType, shows: Iterable[str], body: Any) -> Any:
    """Return the controls that a body's fields hold; what is not shown is neutral."""
    return inputs.cls(**{name: getattr(body, name) for name in shows})


def check_touch(room: str, touch: Touch, predict: Callable[..., object], schema: Schema) -> None:
    """Check a declaration against the room's entities and inputs.

    Raises:
        DeclarationError: Says which part cannot work, and what to write.
    """
    where = f"{room}.predict_world"
    types = {entity_type.cls: entity_type for entity_type in schema.entities}
    for cls in touch.types:
        if cls not in types:
            raise DeclarationError(f"{where}: the room has no {cls.__name__}; add it to entities")
        _check_place(where, touch, types[cls])
    for cls in touch.steered:
        _need(where, predict, 0, types[cls])
        _check_shows(where, touch, types[cls], schema.inputs)
    for cls, step in touch.steps.items():
        if step is not None:
            _need(where, step, 0, types[cls])
    for one, other, contact in touch.contacts:
        _need(where, contact, 0, types[one])
        _need(where, contact, 1, types[other])
    if touch.shows and not touch.steered:
        raise DeclarationError(f"{where}: shows needs a type that players steer; name one in contacts, not in steps")


def _check_place(where: str, touch: Touch, entity_type: EntityType) -> None:
    if entity_type.columns:
        raise DeclarationError(f"{where}: {entity_type.name} is kept in columns; leave columns=True out")
    missing = [name for name in touch.place if name not in entity_type.numeric]
    if missing:
        raise DeclarationError(
            f"{where}: {entity_type.name} has no numeric field {missing[0]}; give Touch the names of its position, "
            'place=("x", "y")'
        )


def _check_shows(where: str, touch: Touch, entity_type: EntityType, inputs: InputsType) -> None:
    for name in touch.shows:
        if name not in inputs.fields:
            known = ", ".join(inputs.fields) or "none"
            raise DeclarationError(f"{where}: shows has {name!r}, but the room's inputs are: {known}")
        shown, given = entity_type.fields.get(name), inputs.fields[name]
        if shown is None or shown.spec() != given.spec():
            raise DeclarationError(
                f"{where}: shows has {name!r}; declare the field {name} in {entity_type.name} exactly as in "
                f"{inputs.cls.__name__}, so that clients get what the player pressed"
            )


def _need(where: str, function: Callable[..., object], argument: int, entity_type: EntityType) -> None:
    """Check that a type has the fields that a function uses of one of its arguments."""
    missing = touches(function)[argument] - entity_type.numeric.keys()
    if missing:
        raise DeclarationError(
            f"{where}: {function.__name__} uses {', '.join(sorted(missing))}, which {entity_type.name} does not have; "
            "what a client is to predict must be replicated"
        )


def describe_touch(touch: Touch) -> dict[str, object]:
    """Return what the step module exports as `world` (protocol.md §7)."""
    return {
        "reach": float(touch.reach),
        "snap": float(touch.snap_distance),
        "place": list(touch.place),
        "shows": list(touch.shows),
        "shows_s": float(touch.shows_s),
        "steered": [cls.__name__ for cls in touch.steered],
        "floats": {cls.__name__: _copies_of(cls.entity_type) for cls in touch.types},
        "steps": [[cls.__name__, step] for cls, step in touch.steps.items()],
        "contacts": [[one.__name__, other.__name__, contact] for one, other, contact in touch.contacts],
    }


def _copies_of(entity_type: EntityType) -> FieldCopies:
    return FieldCopies(tuple([name for name, field in entity_type.numeric.items() if isinstance(field, Float | Angle)]))
