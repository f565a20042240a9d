"""A room class made ready: checked, its schema built, its input codec compiled, its shared step translated. Once for
each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.protocol.codec import InputCodec
from gameserver.room.room import Room, check_room, entities_of, inputs_of, kind_of
from gameserver.shared_step.translate import changes, fingerprint, to_module, touches
from gameserver.state.errors import DeclarationError
from gameserver.state.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import InputsType


@dataclass(frozen=True, slots=True)
class StepModule:
    """The ES module that browsers load to predict: its text, and the fingerprint of what it does."""

    fingerprint: str
    text: str


@dataclass(frozen=True, slots=True)
class Kind:
    """See the module."""

    name: str
    room_class: type[Room[Any]]
    schema: Schema
    inputs: InputsType
    input_codec: InputCodec
    step: StepModule | None

    @property
    def step_path(self) -> str | None:
        """Where the server serves the step, or None without one."""
        return None if self.step is None else f"/step/{self.name}-{self.step.fingerprint}.js"


def make_kind(room_class: type[Room[Any]], name: str | None = None) -> Kind:
    """Raises DeclarationError (a TypeError) that says what is wrong with the declaration and what to write instead."""
    check_room(room_class)
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
