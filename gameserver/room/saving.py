"""Makes what the rules keep into plain data: one `Saver` for a checkpoint.

Plain values stand for themselves; anything else is a list that begins with a word:

    ["tuple", …] ["frozenset", …] ["int", digits] ["enum", class, name] ["number", dtype, bytes]
    ["entity", id] ["player", number] ["room"] ["roster"] ["state"] ["listing"] ["options"] ["table", type]
    ["timer", number] ["job", number] ["named", name] ["method", owner, name] ["partial", function, args, names]
    ["object", index]

What can be changed in place is in `objects` once, so that two attributes that are the same list are so again when it is
restored, and circles are no problem.
"""

from __future__ import annotations

import enum
import functools
import gc
import random
import struct
import sys
import types
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gameserver.room.outside_work import Job
from gameserver.room.player import Player
from gameserver.room.roster import Roster
from gameserver.room.saveable import CannotSave, is_by_attributes, name_of, slots_of
from gameserver.room.timers import Timer
from gameserver.state.columns import ColumnStore
from gameserver.state.entity import Entity
from gameserver.state.resting import STORE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from gameserver.room.room import Room
    from gameserver.state.entity import EntityType

MANY: Final = 8
"""Lists of so many whole numbers are saved as an array."""
MAX_INT: Final = (1 << 63) - 1
_PLAIN: Final = frozenset({type(None), bool, float, str, bytes})
"""Values of these types stand for themselves, and so do whole numbers that are not too large."""
_CONTAINERS: Final = frozenset({list, dict, set, deque})
_MAPS: Final[dict[type[Any], str]] = {dict: "dict", OrderedDict: "ordered", defaultdict: "default", Counter: "counter"}
_NOT_PLAIN: Final = ("not plain",)
_PLAYERS: Final = ("role", "params", "claims", "came_from", "connected", "data")
_OF_ENTITIES: Final = ("id", "owner", "alive")


class Saver:
    """Saves the values of one room.

    Args:
        room: The room.
        is_here: Whether a participant is saved with its session; one that has left is saved as an object.
    """

    def __init__(self, room: Room[Any], is_here: Mapping[int, Player]) -> None:
        self.objects: list[Any] = []
        self._room = room
        self._is_here = is_here
        self._indexes: dict[int, int] = {}
        self._kept: list[object] = []  # what has an index lives as long, so that no other object gets its id
        self._ways: dict[type[Any], tuple[str, str]] = {}
        """How objects of a class are saved, and its name."""
        self._names: dict[object, str] = {}
        """Of classes and functions."""

    def save(self, value: Any, path: str) -> Any:
        """Return a value as plain data.

        Args:
            value: The value.
            path: Where it is, for the error.

        Raises:
            CannotSave: It cannot be saved.
        """
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is int:
            return value if -MAX_INT <= value <= MAX_INT else ["int", str(value)]
        if kind is tuple or kind is frozenset:
            return [kind.__name__, *self._items(value, path)]
        if kind in _CONTAINERS:
            return self._object(value, path)
        if isinstance(value, Player) and self._is_here.get(value.number) is value:
            return ["player", value.number]
        return self._named(value, path) or self._part_of_room(value) or self._object(value, path)

    def _items(self, values: Collection[Any], path: str) -> list[Any]:
        if _PLAIN.issuperset(map(type, values)):
            return list(values)
        return [
            value if type(value) in _PLAIN else self.save(value, f"{path}[{index}]")
            for index, value in enumerate(values)
        ]

    def _named(self, value: Any, path: str) -> list[Any] | None:
        """Return a value that is saved by its name; None for another one."""
        match value:
            case Entity():
                return None
            case enum.Enum():
                return ["enum", self._name(type(value), path), value.name]
            case np.generic():
                return ["number", value.dtype.str, value.tobytes()]
            case types.MethodType():
                return ["method", self.save(value.__self__, path), value.__func__.__name__]
            case functools.partial():
                called = self.save(value.func, path)
                return ["partial", called, self._items(value.args, path), self._pairs(value.keywords.items(), path)]
            case type() | types.FunctionType() | types.BuiltinFunctionType():
                return ["named", self._name(value, path)]
        return None

    def _name(self, thing: Any, path: str) -> str:
        name = self._names.get(thing)
        if name is None:
            name = name_of(thing)
        if name is None:
            raise CannotSave(
                path,
                f"{thing!r} has no name in its module; write a method, or a function or class of the module itself",
            )
        self._names[thing] = name
        return name

    def _part_of_room(self, value: Any) -> list[Any] | None:
        """Return a reference to what every room has; None for another value."""
        room = self._room
        match value:
            case Entity() if value.alive and room.get(value.id) is value:
                return ["entity", value.id]
            case Player() if self._is_here.get(value.number) is value:
                return ["player", value.number]
            case ColumnStore():
                return ["table", value.entity_type.name]
            case Timer():
                return ["timer", value.number]
            case Job():
                return ["job", value.number]
            case Roster() if value is room.roster:
                return ["roster"]
        for name in ("state", "listing", "options"):
            if value is getattr(room, name):
                return [name]
        return ["room"] if value is room else None

    def _object(self, value: Any, path: str) -> list[Any]:
        index = self._indexes.get(id(value))
        if index is None:
            index = self._indexes[id(value)] = len(self.objects)
            self._kept.append(value)
            self.objects.append(None)
            self.objects[index] = self._content(value, path)
        return ["object", index]

    def _content(self, value: Any, path: str) -> list[Any]:
        kind = type(value)
        if kind is list and (ints := _ints(value)) is not None:
            return ["ints", ints]
        if kind is list or kind is set:
            return [kind.__name__, *self._items(value, path)]
        if kind in _MAPS:
            made_by = self.save(value.default_factory, path) if kind is defaultdict else None
            return [_MAPS[kind], made_by, self._pairs(value.items(), path)]
        match value:
            case deque():
                return ["deque", value.maxlen, *self._items(value, path)]
            case bytearray():
                return ["bytearray", bytes(value)]
            case np.ndarray() if not value.dtype.hasobject:
                return ["array", value.dtype.str, list(value.shape), value.tobytes()]
            case random.Random():
                return ["random", random_state(value)]
        return self._instance(value, path)

    def _instance(self, value: Any, path: str) -> list[Any]:
        if isinstance(value, Player):
            return ["gone player", value.number, self.player(value, path)]
        way, name = self._way(type(value), path)
        match way:
            case "saved":
                return [way, name, self.save(value.save(), f"{path}.save()")]
            case "named tuple":
                return [way, name, *self._items(value, path)]
            case "struct":
                return [way, name, self.attributes(value, value.__struct_fields__, path)]
        return [way, name, self.attributes(value, attributes_of(value), path)]

    def _way(self, kind: type[Any], path: str) -> tuple[str, str]:
        """Return how objects of a class are saved, and the name of the class.

        Raises:
            CannotSave: They cannot be.
        """
        known = self._ways.get(kind)
        if known is not None:
            return known
        if hasattr(kind, "save") and hasattr(kind, "load"):
            way = "saved"
        elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
            way = "named tuple"
        elif issubclass(kind, msgspec.Struct):
            way = "struct"
        elif is_by_attributes(kind):
            way = "instance"
        else:
            raise CannotSave(
                path,
                f"a {_described(kind)} cannot be saved; keep plain data, a dataclass, entities or players, or give "
                f"{kind.__name__} methods save() and load()",
            )
        self._ways[kind] = way, self._name(kind, path)
        return self._ways[kind]

    def attributes(self, value: Any, names: Sequence[str], path: str) -> list[Any]:
        """Return attributes by name, as pairs.

        Raises:
            CannotSave: One cannot be saved.
        """
        values = self.row([getattr(value, name) for name in names], names, path)
        return [[name, saved] for name, saved in zip(names, values, strict=True)]

    def row(self, values: Iterable[Any], names: Iterable[str], path: str) -> list[Any]:
        """Return the values of attributes, in order. Most are plain, and no path is made for those.

        Args:
            values: What they are.
            names: Their names.
            path: Where they are, for the error.

        Raises:
            CannotSave: One cannot be saved.
        """
        return [
            value
            if type(value) in _PLAIN or (type(value) is int and -MAX_INT <= value <= MAX_INT)
            else self.save(value, f"{path}.{name}")
            for name, value in zip(names, values, strict=True)
        ]

    def player(self, player: Player, path: str) -> list[Any]:
        """Return what a participant consists of.

        Raises:
            CannotSave: Something of it cannot be saved.
        """
        own = self.attributes(player, _PLAYERS, path)
        return [*own, ["_bytes_per_s", player.bytes_per_s], ["_avatar", self.save(player.avatar, f"{path}.avatar")]]

    def _pairs(self, items: Iterable[tuple[Any, Any]], path: str) -> list[Any]:
        return [
            [
                key if type(key) is str else self.save(key, path),
                value if type(value) in _PLAIN else self.save(value, f"{path}[{key!r:.40}]"),
            ]
            for key, value in items
        ]


def _ints(value: list[Any]) -> bytes | None:
    """Return a list of many whole numbers as an array of 32 bits each; None for another list."""
    if len(value) >= MANY and set(map(type, value)) == {int} and sys.byteorder == "little":
        with suppress(OverflowError):
            return array("i", value).tobytes()
    return None


def own_attributes(attributes: Mapping[str, Any], fields: Collection[str]) -> tuple[str, ...]:
    """Return the names of the attributes of an entity that rests which are no fields.

    Args:
        attributes: All of them.
        fields: The names of its fields.
    """
    if len(attributes) == len(_OF_ENTITIES) + len(fields) + 1:  # and the store that is notified when it wakes
        return _OF_ENTITIES
    return tuple([name for name in attributes if name not in fields and name != STORE])


def fields_at_rest(attributes: Mapping[str, Any], fields: Iterable[str]) -> list[Any] | None:
    """Return the values of the fields of an entity that rests, for as long as it rests.

    Nothing but the entity has its lists then, so they stand for themselves, as `["ints", bytes]` or `["list", …]`.

    Args:
        attributes: Those of the entity.
        fields: The names of its fields.

    Returns:
        The values in order of the names; None if one needs more than that.
    """
    values = [_at_rest(attributes[name]) for name in fields]
    return None if _NOT_PLAIN in values else values


def _at_rest(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN or (kind is int and -MAX_INT <= value <= MAX_INT):
        return value
    if kind is not list:
        return _NOT_PLAIN
    if (ints := _ints(value)) is not None:
        return ["ints", ints]
    return ["list", *value] if all(_at_rest(item) is item for item in value) else _NOT_PLAIN


def attributes_of(value: Any) -> list[str]:
    """The names of the attributes that an object has itself."""
    slots = [name for name in slots_of(type(value)) if hasattr(value, name)]
    if isinstance(value, Entity):
        return [*slots, *_attributes_of_entity(value)]
    return [*slots, *getattr(value, "__dict__", ())]


def usual_attributes(entity_type: EntityType) -> tuple[str, ...] | None:
    """The names of the attributes of entities to which the rules have added nothing; None if their class has slots."""
    return None if slots_of(entity_type.cls) else (*_OF_ENTITIES, *entity_type.fields)


def has_usual_attributes(entity: Entity, count: int) -> bool:
    """Whether the rules have added nothing to an entity whose class has so many usual attributes."""
    has = len(gc.get_referents(entity)) - 1  # without its class
    return has == count or (has == count + 1 and getattr(entity, STORE, None) is not None)


def _attributes_of_entity(entity: Entity) -> list[str]:
    """The names of an entity's fields and of what the rules have added.

    Reading `__dict__` makes each later access to the attributes of that entity slower, up to Python 3.12 (see
    `state/generated.py`): it is left alone where it holds no more than the fields.
    """
    fields = type(entity).entity_type.fields
    if has_usual_attributes(entity, len(fields) + len(_OF_ENTITIES)):
        return [*_OF_ENTITIES, *fields]
    return [*_OF_ENTITIES, *[name for name in entity.__dict__ if name not in (*_OF_ENTITIES, STORE)]]


def random_state(source: random.Random) -> list[Any]:
    """The state of a source of random numbers."""
    version, words, gauss = source.getstate()
    return [version, struct.pack(f"<{len(words)}I", *words), gauss]


def set_random_state(source: random.Random, saved: Any) -> None:
    """Give a source of random numbers a saved state."""
    version, words, gauss = saved
    source.setstate((version, tuple(np.frombuffer(words, "<u4").tolist()), gauss))


def _described(kind: type[Any]) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
