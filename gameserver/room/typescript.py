"""Writes what a room declares as TypeScript types, for `connect<Tag>(…)` of the SDK.

That is entities, inputs, events, messages, options and listing. The text is the same for the same declarations.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from msgspec import NODEFAULT, inspect

from gameserver.room.kind import avatars_of, predictable_types
from gameserver.room.room import Room
from gameserver.state.entity import PLAYERS, ROOM
from gameserver.state.fields import Choice, Flag, List, Ref, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver.room.kind import Kind
    from gameserver.state.declare import AnyField
    from gameserver.state.entity import EntityType

_JS_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_USED: Final = frozenset({"Record", "Uint8Array"})
"""Names of TypeScript's own that the text uses."""
_EVERY_ENTITY: Final = ("readonly id: number;", "readonly isNew: boolean;")

_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.AnyType: "any",
    inspect.NoneType: "null",
    inspect.BoolType: "boolean",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "string",
    inspect.BytesType: "Uint8Array",
    inspect.DateTimeType: "string",
    inspect.DateType: "string",
    inspect.TimeType: "string",
    inspect.TimeDeltaType: "string",
    inspect.UUIDType: "string",
    inspect.DecimalType: "string",
}
"""What values of a type are on the wire; of any other type nothing is known."""


def types_of_kind(kind: Kind, source: str) -> str:
    """Return the types of a kind of room as the text of a `.d.ts` file.

    Args:
        kind: The kind of room.
        source: How a command line names its class, for the file's first line.

    Returns:
        TypeScript, with one exported interface for each class, that of the room last.
    """
    return _Writer(kind).text(source)


class _Writer:
    """Collects the interfaces of one file. No two have the same name."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._interfaces: dict[str, list[str]] = {}
        self._entities: dict[str, str] = {}
        """The name of each entity type's interface."""
        self._names: dict[tuple[Any, bool], str] = {}
        """The name of a class's interface; the flag says whether clients send it."""

    def text(self, source: str) -> str:
        room_class = self._kind.room_class
        for entity_type in self._kind.schema.entities:
            self._add_entity(entity_type)
        inputs = self._kind.schema.inputs
        inputs_name = self._free_name(inputs.cls.__name__)
        self._interfaces[inputs_name] = [f"{name}: {_of_field(field)};" for name, field in inputs.fields.items()]
        room_name = self._free_name(room_class.__name__)
        self._interfaces[room_name] = []
        lines = self._room(inputs_name)
        del self._interfaces[room_name]  # and in again, as the last one
        self._interfaces[room_name] = lines
        head = f"// Made by `gameserver types {source}`. Make it again when what the room declares has changed.\n"
        return "\n".join([head, *[_interface(name, lines) for name, lines in self._interfaces.items()]])

    def _room(self, inputs_name: str) -> list[str]:
        kind, room_class = self._kind, self._kind.room_class
        entities = {each.name: self._entities[each.name] for each in kind.schema.entities if each.use is None}
        events = {name: self._of(event.payload) for name, event in room_class._declared_events.items()}
        takes_others = room_class.on_message is not Room.on_message
        messages = {
            name: self._of(message.payload, sent=True) for name, message in room_class._declared_messages.items()
        }
        return [
            f"kind: {json.dumps(kind.name)};",
            f"entities: {_object(entities)};",
            f"avatar: {' | '.join(self._avatars()) or 'null'};",
            f"inputs: {inputs_name};",
            f"messages: {_object(messages, others='unknown' if takes_others or not messages else None)};",
            f"events: {_object(events, others=None if events else 'any')};",
            f"options: {self._of(type(room_class.options))};",
            f"listing: {self._of(type(room_class.listing))};",
            f"roster: {self._with_use(PLAYERS)};",
            f"room: {self._with_use(ROOM)};",
        ]

    def _avatars(self) -> list[str]:
        """The names of the types that a player may steer, as far as the class says so."""
        named = [cls.__name__ for cls in avatars_of(self._kind.room_class) if cls.__name__ in self._entities]
        if named:
            return [self._entities[name] for name in named]
        predict = self._kind.room_class.predict
        types = self._kind.schema.entities if predict is None else predictable_types(predict, self._kind.schema)
        return [self._entities[each.name] for each in types if each.use is None]

    def _with_use(self, use: str) -> str:
        index = self._kind.schema.uses.get(use)
        return "Record<string, never>" if index is None else self._entities[self._kind.schema.entities[index].name]

    def _add_entity(self, entity_type: EntityType) -> None:
        own = [f"{field_name}: {_of_field(field)};" for field_name, field in entity_type.fields.items()]
        which = f"readonly type: {json.dumps(entity_type.name)};"
        name = self._entities[entity_type.name] = self._free_name(entity_type.name)
        self._interfaces[name] = [_EVERY_ENTITY[0], which, *_EVERY_ENTITY[1:], *own]

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._interfaces or name in _USED:
            name, number = f"{wanted}{number}", number + 1
        return name

    # -- the types that msgspec knows ----------------------------------------------------------------------------------

    def _of(self, declared: Any, *, sent: bool = False) -> str:
        """The type of a payload, options or a listing.

        Args:
            declared: The Python type.
            sent: Whether clients send it: then they may leave out what has a default.
        """
        return self._of_type(inspect.type_info(declared), sent)

    def _of_type(self, info: inspect.Type, sent: bool) -> str:
        match info:
            case inspect.Metadata(type=inner):
                return self._of_type(inner, sent)
            case inspect.LiteralType(values=values):
                return " | ".join(map(json.dumps, values))
            case inspect.EnumType(cls=cls):
                return " | ".join(json.dumps(member.value) for member in cls)
            case inspect.UnionType(types=types):
                return " | ".join(dict.fromkeys(self._of_type(each, sent) for each in types))
            case inspect.DictType(value_type=value):
                return f"Record<string, {self._of_type(value, sent)}>"
            case inspect.TupleType(item_types=items):
                return f"[{', '.join(self._of_type(each, sent) for each in items)}]"
            case inspect.CollectionType(item_type=item):
                return _array(self._of_type(item, sent))
            case inspect.StructType(array_like=True) | inspect.NamedTupleType():
                return f"[{', '.join(self._of_type(each.type, sent) for each in info.fields)}]"
            case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType():
                return self._named(info, sent)
        return _WORDS.get(type(info), "unknown")

    def _named(self, info: inspect.StructType | inspect.DataclassType | inspect.TypedDictType, sent: bool) -> str:
        """Return the name of the interface of a class with fields, and add it if it is new."""
        if not info.fields:
            return "Record<string, never>"
        optional = [each.encode_name for each in info.fields if _may_be_left_out(each, info, sent)]
        key = (info.cls, sent and bool(optional))
        if key not in self._names:
            name = self._names[key] = self._free_name(info.cls.__name__)
            self._interfaces[name] = []  # it may have itself as a part
            tag = getattr(info, "tag_field", None)
            lines = [] if tag is None else [f"{_key(tag)}: {json.dumps(getattr(info, 'tag', None))};"]
            for each in info.fields:
                mark = "?" if each.encode_name in optional else ""
                lines.append(f"{_key(each.encode_name)}{mark}: {self._of_type(each.type, sent)};")
            self._interfaces[name] = lines
        return self._names[key]


def _may_be_left_out(field: inspect.Field, info: inspect.Type, sent: bool) -> bool:
    if field.required:
        return False
    has_default = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
    return sent or (isinstance(info, inspect.TypedDictType) and not has_default)


def _of_field(field: AnyField) -> str:
    match field:
        case Flag():
            return "boolean"
        case Choice():
            return " | ".join(map(json.dumps, field.names))
        case Text():
            return "string"
        case Ref():
            return "number | null"
        case List():
            return _array(_of_field(field.of))
    return "number"


def _array(item: str) -> str:
    return f"({item})[]" if "|" in item else f"{item}[]"


def _key(name: str) -> str:
    return name if _JS_NAME.fullmatch(name) else json.dumps(name)


def _object(parts: Mapping[str, str], *, others: str | None = None) -> str:
    """A type of an object; `others` is the type of what has none of these names."""
    members = "; ".join(f"{_key(name)}: {kind}" for name, kind in parts.items())
    closed = f"{{ {members} }}" if parts else "{}"
    if others is None:
        return closed
    return f"{closed} & Record<string, {others}>" if parts else f"Record<string, {others}>"


def _interface(name: str, lines: Iterable[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"export interface {name} {{\n{body}}}\n"
