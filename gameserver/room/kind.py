"""A room class made ready: checked, its schema built, its input codec compiled, its shared step translated. Once for
each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.protocol.codec import InputCodec
from gameserver.room.room import Room, check_room, entities_of, inputs_of, kind_of
from gameserver.state.schema import Schema
from gameserver.state.shared.translate import fingerprint, to_module

if TYPE_CHECKING:
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
    step = None
    if predict is not None:
        mark = fingerprint([predict])
        text = to_module([predict]) + f"\nexport {{ {predict.__name__} as predict }};\n"
        step = StepModule(mark, text)
    return Kind(name or kind_of(room_class), room_class, schema, inputs, InputCodec(inputs.ranges), step)
