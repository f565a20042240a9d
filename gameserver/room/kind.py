"""A kind of room: a room class, checked, with its schema, its input codec and its translated shared step. Each is made
once."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from gameserver import native
from gameserver.protocol.codec import InputCodec
from gameserver.protocol.constants import Role
from gameserver.room.room import Room, check_hooks
from gameserver.room.roster import RoomState, Roster
from gameserver.room.settings import KIND_NAMES, check_settings, is_kind_name
from gameserver.room.touch_rules import check_touch, describe_touch
from gameserver.shared_step.translate import changes, fingerprint, to_step_module, touches
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.inputs import Inputs
from gameserver.state.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.native import InputFormat
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
    inputs_type: InputsType
    input_codec: InputCodec
    input_format: InputFormat | None
    """What the native path knows of its INPUT, if it is used."""
    step: StepModule | None

    @property
    def takes_backfills(self) -> bool:
        """Whether running rooms may ask rooms of this kind for players."""
        return self.room_class.on_backfills is not Room.on_backfills

    def seats(self, role: Role) -> int:
        """Return how many seats a room has for a role."""
        return self.room_class.max_players if role is Role.PLAYER else self.room_class.max_spectators

    def seats_per_address(self, role: Role) -> int | None:
        """Return how many of them one address has at most; None: all."""
        of_class = self.room_class
        return of_class.max_players_per_address if role is Role.PLAYER else of_class.max_spectators_per_address

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
    for setting in ("predict_contact", "predict_world"):
        if predict is None and getattr(room_class, setting) is not None:
            raise DeclarationError(f"{room_class.__name__}.{setting}: write predict = your_step beside it")
    codec = InputCodec(inputs.ranges)
    form = native.make_input_format(codec)
    return Kind(name or kind_of(room_class), room_class, schema, inputs, codec, form, step)


def _make_step(room_class: type[Room[Any]], predict: Callable[..., object], schema: Schema) -> StepModule:
    _check_step(room_class.__name__, predict, schema)
    exports = {"predict": predict}
    if room_class.predict_contact is not None:
        _check_contact(room_class.__name__, room_class.predict_contact, schema)
        exports["contact"] = room_class.predict_contact
    data: dict[str, dict[str, object]] = {}
    if room_class.predict_world is not None:
        if room_class.predict_contact is not None:
            raise DeclarationError(
                f"{room_class.__name__}.predict_contact: predict_world is there too; add the contact to its contacts"
            )
        check_touch(room_class.__name__, room_class.predict_world, predict, schema)
        data["world"] = describe_touch(room_class.predict_world)
    return StepModule(fingerprint(list(exports.values()), data), to_step_module(exports, data))


def _check_step(room: str, predict: Callable[..., object], schema: Schema) -> None:
    used = touches(predict)
    _check_parameters(f"{room}.predict", predict, len(used), "entity, controls, dt")
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
    _check_parameters(f"{room}.predict_contact", contact, len(used), "me, other, dt")
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


def _check_parameters(setting: str, function: Callable[..., object], count: int, wanted: str) -> None:
    if count != len(wanted.split(", ")):
        raise DeclarationError(f"{setting}: {function.__name__} takes {count} arguments; write {wanted}")


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
                for place, argument in enumerate(get_args(base)):
                    if isinstance(argument, type) and issubclass(argument, Inputs):
                        return argument
                    if isinstance(argument, type) and argument is not Any and origin is Room and place == 0:
                        raise DeclarationError(
                            f"{cls.__name__}: {argument.__name__} is no class of inputs; write Room[YourInputs], "
                            "with class YourInputs(Inputs)"
                        )
    return Inputs


def avatars_of(room_class: type[Room[Any]]) -> tuple[type[Entity], ...]:
    """The classes of what players steer, as `Room[YourInputs, Dot]` or `Room[YourInputs, Dot | None]` names them; empty
    where a class does not."""
    for cls in room_class.__mro__:
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Room:
                (_, avatar, _) = get_args(base)
                named = (avatar, *get_args(avatar))
                return tuple([one for one in named if isinstance(one, type) and issubclass(one, Entity)])
    return ()


def entities_of(room_class: type[Room[Any]]) -> tuple[type[Entity], ...]:
    """The replicated types of a room class: those that it lists, or all in its module and in the modules of the rooms
    that it inherits from, in that order; then those of its roster and its state. Classes whose name begins with `_` are
    bases for others: they are left out."""
    return (*_declared_entities(room_class), *_with_a_use(room_class))


def _with_a_use(room_class: type[Room[Any]]) -> list[type[Entity]]:
    found: list[type[Entity]] = []
    if isinstance(room_class.roster, Roster):
        found.append(room_class.roster.player_state)
    if type(room_class.state) is not RoomState:
        found.append(type(room_class.state))
    return found


def _declared_entities(room_class: type[Room[Any]]) -> tuple[type[Entity], ...]:
    if room_class.entities:
        return tuple([cls for cls in room_class.entities if cls._use is None])
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
                if v._use is None
            )
    return tuple(found)


def check_room(room_class: type[Room[Any]]) -> None:
    """Refuse a declaration that cannot work.

    Raises:
        DeclarationError: Names the class and says what to write instead.
    """
    if not (isinstance(room_class, type) and issubclass(room_class, Room)):
        raise DeclarationError(f"{room_class!r} is no room; give the class itself, a subclass of Room")
    name = room_class.__name__
    check_settings(room_class)
    check_hooks(room_class)
    if room_class.snapshot_hz is not None and room_class.tick_hz % room_class.snapshot_hz:
        raise DeclarationError(
            f"{name}.snapshot_hz is {room_class.snapshot_hz}; write a divisor of tick_hz ({room_class.tick_hz}), "
            "so that snapshots fall on ticks"
        )
    if not is_kind_name(kind_of(room_class)):
        raise DeclarationError(f"{name} is no name for a kind of room; write kind = {KIND_NAMES}")
