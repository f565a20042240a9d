"""`Entity`, the base class of what a room replicates, and `EntityType`, the fields of one such class."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import numpy as np

from gameserver.state.declare import TABLE_NAMES, check_class_arguments, take_fields, unknown_field
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Choice, Flag, Float, Jumps, List, Ref, Text, describe
from gameserver.state.generated import compile_copy, compile_fill, compile_gather, compile_load, compile_scatter
from gameserver.state.grids import CHOICE, FLAG, REAL, REF, WHOLE, Grids
from gameserver.state.jumps import JUMP_COUNTS
from gameserver.state.resting import resting_class
from gameserver.state.table import Table, compact

PLAYERS: Final = "players"
"""The use of the type whose entities are the participants of a room."""
ROOM: Final = "room"
"""The use of the type whose one entity is about the room itself."""
USES: Final = (PLAYERS, ROOM)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gameserver.state.declare import AnyField


class EntityType:
    """The fields of one entity class: by name in the order of the wire, and as arrays for work on all entities at once.

    `lo`, `hi`, `step` and `steps` have shape (numeric fields, 1), so that they broadcast over a table's codes.
    """

    def __init__(
        self, cls: type[Entity], fields: dict[str, AnyField], *, columns: bool = False, rests: bool = False
    ) -> None:
        self.cls = cls
        self.name = cls.__name__
        self.use = cls._use
        self.fields = fields
        self.columns = columns
        self.rests = rests
        self.numeric = {name: field for name, field in fields.items() if field.numeric}
        self.objects = {name: cast("Text | List[Any]", field) for name, field in fields.items() if not field.numeric}
        self.object_places: tuple[int, ...] = tuple(i for i, field in enumerate(fields.values()) if not field.numeric)
        """The indexes of the object fields among all fields."""
        if columns and self.use is not None:
            msg = f"{self.name}: cannot be kept in columns; leave columns=True out"
            raise DeclarationError(msg)
        if columns and self.objects:
            msg = f"{self.name}.{next(iter(self.objects))}: a type kept in columns has numeric fields only"
            raise DeclarationError(msg)
        if columns and rests:
            msg = f"{self.name}: has columns=True and rests=True; leave one out, columns are always captured whole"
            raise DeclarationError(msg)
        if columns and not TABLE_NAMES.isdisjoint(fields):
            taken = next(name for name in fields if name in TABLE_NAMES)
            msg = f"{self.name}.{taken}: the table of this type has a {taken} of its own; take another name"
            raise DeclarationError(msg)
        self._compile()

    def _compile(self) -> None:
        numeric = list(self.numeric.values())
        column = (len(numeric), 1)
        self.lo: NDArray[np.int64] = np.array([f.lo for f in numeric], np.int64).reshape(column)
        self.hi: NDArray[np.int64] = np.array([f.hi for f in numeric], np.int64).reshape(column)
        self.step: NDArray[np.float64] = np.array([f.step for f in numeric], np.float64).reshape(column)
        self.steps: NDArray[np.int64] = np.array([f.steps for f in numeric], np.int64).reshape(column)
        """The number of codes in a full turn for angles, 0 for other fields."""
        self.angles: NDArray[np.intp] = np.flatnonzero(self.steps)
        """The indexes of the angles among the numeric fields."""
        place = {name: index for index, name in enumerate(self.numeric)}
        self.rates: tuple[tuple[int, int], ...] = tuple(
            [(place[field.rate_of], place[name]) for name, field in self.numeric.items() if field.rate_of is not None]
        )
        """Pairs of indexes among the numeric fields: a field, and the one that holds its rate of change per second."""
        self.jumps: int | None = next((i for i, field in enumerate(numeric) if isinstance(field, Jumps)), None)
        """The index of the `Jumps` field among the numeric fields, or None."""
        self.fill: Callable[..., None] = compile_fill(self.fields)
        self.copy: Callable[[Any], Any] = compile_copy(self.cls, self.fields)
        self.gather: Callable[..., bytes] = compile_gather(self.numeric)
        self._scatter: Callable[..., None] = compile_scatter(self.numeric)
        self._load_columns: Callable[..., None] = compile_load(self.numeric)
        real = [isinstance(field, Float | Angle) for field in numeric]
        self._real = compact([i for i, is_real in enumerate(real) if is_real])
        self._whole = compact([i for i, is_real in enumerate(real) if not is_real])

    @cached_property
    def list_names(self) -> tuple[str, ...]:
        """The names of the fields whose values can be changed in place."""
        return tuple([name for name, field in self.objects.items() if isinstance(field, List)])

    @cached_property
    def at_rest(self) -> type:
        """The class that entities have while they rest, see `gameserver.state.resting`.

        Raises:
            DeclarationError: The class has `__slots__`.
        """
        return resting_class(self.cls, self.fields, self.list_names)

    @cached_property
    def grids(self) -> Grids:
        """The grids of the numeric fields, for loops over single numbers."""
        ranges = [array[:, 0].tolist() for array in (self.step, self.lo, self.hi, self.steps)]
        fields = list(self.numeric.values())
        return Grids(list(self.numeric), [_kind_of(field) for field in fields], fields, ranges)

    def empty_table(self) -> Table:
        """Return a table of no entities of this type."""
        return Table.empty(len(self.numeric), len(self.objects))

    def rate_index(self, name: str) -> int | None:
        """Return the index among all fields of the rate of the field `name`, or None."""
        return next((i for i, field in enumerate(self.fields.values()) if field.rate_of == name), None)

    def spec(self) -> dict[str, object]:
        """Return the type as WELCOME's schema describes it."""
        fields = [{"name": name, **describe(field, self.rate_index(name))} for name, field in self.fields.items()]
        use = {} if self.use is None else {"use": self.use}
        return {"name": self.name, **use, "fields": fields}

    def check_names(self, values: dict[str, Any]) -> None:
        """Check that every name in `values` is a field.

        Raises:
            TypeError: One is not.
        """
        if not values.keys() <= self.fields.keys():
            raise unknown_field(self.cls, values, self.fields)

    def load(self, entities: Sequence[Entity], codes: NDArray[np.int64] | bytes, living: dict[int, Any]) -> None:
        """Set the entities' numeric attributes to the values of their codes.

        Args:
            entities: In the order of the columns of `codes`; at least one if those are packed.
            codes: Shape (numeric fields, entities), or the same as `Table.packed_codes`.
            living: The entities that references can lead to, by id.
        """
        if isinstance(codes, bytes):
            count = len(entities)
            numbers = struct.unpack(f"<{len(self.numeric) * count}q", codes)
            self._load_columns(entities, [numbers[at : at + count] for at in range(0, len(numbers), count)], living)
            return
        values = (codes[self._real] * self.step[self._real]).tolist()
        self._scatter(entities, iter(values), iter(codes[self._whole].tolist()), living)

    def __repr__(self) -> str:
        return f"<EntityType {self.name}: {', '.join(self.fields)}>"


class Entity:
    """A replicated thing in a room. Subclass it and declare fields:

        class Ship(Entity):
            x = Float(step=1 / 16)
            vx = Float(step=1 / 16, rate_of="x")

    Rules read and write the attributes freely during a tick. At its end each field is set to the value that is
    replicated, the nearest one on its grid. Any other attribute belongs to the game and stays on the server.
    `class Boid(Entity, columns=True)` keeps all entities of a type in arrays, see `gameserver.state.columns`.
    `class Wall(Entity, rests=True)` is for a type whose entities rarely change: those that rest cost a tick nothing.
    While an entity rests, its class is a subclass of its own: compare with `isinstance`, not by `type(entity) is Wall`.

    `Room.spawn` creates an entity and puts it into the room.

    Args:
        values: First values of fields, by name; fields that are not named begin with their default.

    Raises:
        TypeError: One of the names is not a field.
    """

    entity_type: ClassVar[EntityType]
    _use: ClassVar[str | None] = None
    """What clients find the type's entities by, one of `USES`; None: by its name alone. Everybody always sees a type
    with a use."""

    id: int = 0
    """Unique in the room, from 1, never reused; 0 before the entity is spawned."""
    owner: Any = None
    """The player that the entity belongs to, or None."""
    alive: bool = False
    """True from spawn to despawn."""

    def __init_subclass__(cls, *, columns: bool = False, rests: bool = False, **kwargs: Any) -> None:
        """Check the declaration and set the class's `entity_type`.

        Args:
            columns: True keeps the entities in numpy arrays instead of objects.
            rests: True captures an entity only in ticks in which anything may have changed it.
            kwargs: Passed on to the next class.

        Raises:
            DeclarationError: A field is declared wrongly.
        """
        check_class_arguments(cls, kwargs, ("columns", "rests"))
        super().__init_subclass__(**kwargs)
        cls.entity_type = EntityType(cls, take_fields(cls), columns=columns, rests=rests)
        if rests:
            _ = cls.entity_type.at_rest  # raises now rather than in a tick

    def __init__(self, /, **values: Any) -> None:
        entity_type = type(self).entity_type
        entity_type.check_names(values)
        entity_type.fill(self, values)

    def __repr__(self) -> str:
        fields = type(self).entity_type.fields
        shown = ", ".join(f"{name}={_short(getattr(self, name))}" for name in fields)
        return f"<{type(self).__name__} {self.id}{'' if self.alive else ' (gone)'}: {shown}>"


def _kind_of(field: AnyField) -> int:
    """Return how loops over single numbers treat a numeric field."""
    kinds = ((Float | Angle, REAL), (Flag, FLAG), (Choice, CHOICE), (Ref, REF))
    return next((kind for field_type, kind in kinds if isinstance(field, field_type)), WHOLE)


def teleport(entity: Entity, values: dict[str, Any]) -> None:
    """Set fields of an entity and increment its `Jumps` field, so that viewers do not draw it on the way.

    Raises:
        TypeError: The entity's type has no `Jumps` field, or no field of one of the names.
    """
    entity_type = type(entity).entity_type
    if entity_type.jumps is None:
        msg = f"{entity_type.name} has no Jumps field: declare one, jumps = Jumps(), so that it can be teleported"
        raise TypeError(msg)
    entity_type.check_names(values)
    for name, value in values.items():
        setattr(entity, name, value)
    counter = list(entity_type.numeric)[entity_type.jumps]
    setattr(entity, counter, (getattr(entity, counter) + 1) % JUMP_COUNTS)


def _short(value: object) -> str:
    """Return the repr of a field's value; a reference as type and id only, since references can form a circle."""
    return f"<{type(value).__name__} {value.id}>" if isinstance(value, Entity) else repr(value)
