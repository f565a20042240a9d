"""A kind of room: a room class, checked, with its schema, its input codec and its translated shared step. Each is made
once."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from gameserver.protocol.codec import InputCodec
from gameserver.room.room import Room
from gameserver.room.settings import KIND_NAMES, check_settings, is_kind_name
from gameserver.shared_step.translate import changes, fingerprint, to_module, touches
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.inputs import Inputs
from gameserver.state.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import InputsType


_NOT_IN_PATHS = re.compile(r"[^A-Za-z0-9_-]")

SNAPSHOT_HZ = 20
"""The usual rate of snapshots: clients draw others two intervals behind, so a tenth of a second."""
MIN_SNAPSHOT_HZ = 10
"""A room does not fall below this rate only because its tick rate has no better divisor."""


@dataclass(frozen=True, slots=True)
class StepModule:
    """The ES module that browsers load to predict: its text, and the fingerprint of what it does."""

    fingerprint: str
    text: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of room."""

    name: str
    room_class: type[Room[Any]]
    schema: Schema
    inputs: InputsType
    input_codec: InputCodec
    step: StepModule | None

    @property
    def option_names(self) -> tuple[str, ...]:
        """What a creator may choose, by name."""
        return self.room_class.options.__struct_fields__

    @property
    def step_path(self) -> str | None:
        """Where the server serves the step, relative to its WebSocket; None without a step. Other code has another
        path.
        """
        if self.step is None:
            return None
        name = _NOT_IN_PATHS.sub("_", self.name)  # for people who read it: the fingerprint says which step it is
        return f"step/{name}-{self.step.fingerprint}.js"

    @property
    def snapshot_every(self) -> int:
        """Ticks from one snapshot to the next."""
        tick_hz, snapshot_hz = self.room_class.tick_hz, self.room_class.snapshot_hz
        return tick_hz // (default_snapshot_hz(tick_hz) if snapshot_hz is None else snapshot_hz)


def make_kind(room_class: type[Room[Any]], name: str | None = None) -> Kind:
    """Make the kind of a room class.

    Args:
        room_class: The author's class.
        name: What clients ask for; None: as the class says.

    Returns:
        The kind.

    Raises:
        DeclarationError: Says what is wrong with the declaration and what to write instead; it is a TypeError.
    """
    check_room(room_class)
    if name is not None and not is_kind_name(name):
        raise DeclarationError(f"{name!r} is no name for a kind of room; give {KIND_NAMES}")
    inputs_class = inputs_of(room_class)
    inputs = inputs_class.inputs_type
    schema = Schema(entities_of(room_class), inputs_class)
    predict = room_class.predict
    step = None if predict is None else _make_step(room_class, predict, schema)
    if predict is None and room_class.predict_contact is not None:
        raise DeclarationError(f"{room_class.__name__}.predict_contact: write predict = your_step beside it")
    return Kind(name or kind_of(room_class), room_class, schema, inputs, InputCodec(inputs.ranges), step)


def _make_step(room_class: type[Room[Any]], predict: Callable[..., object], schema: Schema) -> StepModule:
    _check_step(room_class.__name__, predict, schema)
    exports = {"predict": predict}
    if room_class.predict_contact is not None:
        _check_contact(room_class.__name__, room_class.predict_contact, schema)
        exports["contact"] = room_class.predict_contact
    functions = list(exports.values())
    names = ", ".join([f"{function.__name__} as {name}" for name, function in exports.items()])
    return StepModule(fingerprint(functions), f"{to_module(functions)}\nexport {{ {names} }};\n")


def _check_step(room: str, predict: Callable[..., object], schema: Schema) -> None:
    used = touches(predict)
    if not predictable_types(predict, schema):
        raise DeclarationError(
            f"{room}.predict: no entity type of the room has all the fields that {predict.__name__} uses: "
            f"{', '.join(sorted(used[0]))}; what a client is to predict must be replicated"
        )
    missing = used[1] - schema.inputs.fields.keys()
    if missing:
        raise DeclarationError(
            f"{room}.predict: {predict.__name__} uses {', '.join(sorted(missing))} of its controls, "
            f"but {schema.inputs.cls.__name__} has {', '.join(schema.inputs.fields) or 'no fields'}"
        )


def _check_contact(room: str, contact: Callable[..., object], schema: Schema) -> None:
    used = touches(contact)
    if not any(used[0] | used[1] <= entity_type.numeric.keys() for entity_type in schema.entities):
        raise DeclarationError(
            f"{room}.predict_contact: no entity type of the room has all the fields that {contact.__name__} uses: "
            f"{', '.join(sorted(used[0] | used[1]))}; what a client is to predict must be replicated"
        )
    changed = changes(contact)[1]
    if changed:
        raise DeclarationError(
            f"{room}.predict_contact: {contact.__name__} changes {', '.join(sorted(changed))} of its second argument; "
            "change the first one only: the other gets its own turn"
        )


def predictable_types(predict: Callable[..., object], schema: Schema) -> list[EntityType]:
    """The entity types that have every field that a shared step uses of its first argument."""
    used = touches(predict)[0]
    return [entity_type for entity_type in schema.entities if used <= entity_type.numeric.keys()]


def default_snapshot_hz(tick_hz: int) -> int:
    """Return the rate of snapshots of a room that names none: a divisor of `tick_hz`, near `SNAPSHOT_HZ`."""
    divisors = [hz for hz in range(1, tick_hz + 1) if tick_hz % hz == 0]
    highest = max(hz for hz in divisors if hz <= SNAPSHOT_HZ)
    if highest == tick_hz or highest >= MIN_SNAPSHOT_HZ:
        return highest
    return min(hz for hz in divisors if hz > SNAPSHOT_HZ)


def kind_of(room_class: type[Room[Any]]) -> str:
    """The name that clients ask for."""
    return room_class.kind or room_class.__name__.lower()


def inputs_of(room_class: type[Room[Any]]) -> type[Inputs]:
    """The input class that `Room[...]` was given, `Inputs` (no fields) without one."""
    for cls in room_class.__mro__:
        for base in getattr(cls, "__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Room):
                for argument in get_args(base):
                    if isinstance(argument, type) and issubclass(argument, Inputs):
                        return argument
    return Inputs


def entities_of(room_class: type[Room[Any]]) -> tuple[type[Entity], ...]:
    """The replicated types of a room class: those that it lists, or all in its module and in the modules of the rooms
    that it inherits from, in that order. Classes whose name begins with `_` are bases for others: they are left out."""
    if room_class.entities:
        return tuple(room_class.entities)
    found: dict[type[Entity], None] = {}
    for cls in room_class.__mro__:
        if issubclass(cls, Room) and cls is not Room:
            module = sys.modules.get(cls.__module__)
            if module is None:
                raise DeclarationError(
                    f"{cls.__name__}: its module {cls.__module__} cannot be looked at; write entities = (your types,)"
                )
            named = vars(module).values()
            found |= dict.fromkeys(
                v
                for v in named
                if isinstance(v, type) and issubclass(v, Entity) and v is not Entity and not v.__name__.startswith("_")
            )
    return tuple(found)


def check_room(room_class: type[Room[Any]]) -> None:
    """Refuse a declaration that cannot work.

    Raises:
        DeclarationError: Names the class and says what to write instead.
    """
    name = room_class.__name__
    check_settings(room_class)
    if room_class.snapshot_hz is not None and room_class.tick_hz % room_class.snapshot_hz:
        raise DeclarationError(
            f"{name}.snapshot_hz is {room_class.snapshot_hz}; write a divisor of tick_hz ({room_class.tick_hz}), "
            "so that snapshots fall on ticks"
        )
    if not is_kind_name(kind_of(room_class)):
        raise DeclarationError(f"{name} is no name for a kind of room; write kind = {KIND_NAMES}")
