"""What rules do in a tick, at random: every edit is a function of the room and a source of chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.state.fields import Angle, Choice, Float, Jumps, List, Ref, Text
from tests.support.any_room.base import KEPT_DEAD, column_types, emit, living, object_types, spawn_one, value_for
from tests.support.any_room.schemas import random_value

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from gameserver.state.entity import Entity
    from tests.support.any_room.base import BaseRoom

MAX_ENTITIES = 250


def some(room: BaseRoom[Any], dice: random.Random, share: float | None = None) -> list[Entity]:
    """A random share of the entities of one type."""
    found = room.all(dice.choice(object_types(room)))
    share = dice.choice((0.0, 0.1, 0.5, 1.0)) if share is None else share
    return [entity for entity in found if dice.random() < share] or found[:1]


def bury(room: BaseRoom[Any], entity: Entity) -> None:
    """Despawn an entity, and remember it for references to the dead."""
    room.despawn(entity)
    room.dead = [*room.dead, entity][-KEPT_DEAD:]


def random_edit(room: BaseRoom[Any], entity: Entity, dice: random.Random, most: int = 3) -> None:
    """Assign anything to some of an entity's fields."""
    fields = type(entity).entity_type.fields
    for name in dice.sample(list(fields), k=min(len(fields), dice.randint(1, most))):
        setattr(entity, name, value_for(room, name, fields[name], dice))


def drift(room: BaseRoom[Any]) -> None:
    """Move everything by its rates."""
    for cls in room.entities:
        rates = [(f.rate_of, name) for name, f in cls.entity_type.fields.items() if f.rate_of is not None]
        if cls.entity_type.columns:
            table = room.table(cls)
            for target, rate in rates:
                setattr(table, target, getattr(table, target) + getattr(table, rate) * room.dt)
            continue
        for entity in room.all(cls):
            for target, rate in rates:
                setattr(entity, target, getattr(entity, target) + getattr(entity, rate) * room.dt)


def change_rates(room: BaseRoom[Any], dice: random.Random, share: float) -> None:
    """Give a share of the entities other rates, and a numeric field another value."""
    for entity in living(room):
        fields = type(entity).entity_type.numeric
        if fields and dice.random() < share:
            name = dice.choice([n for n, f in fields.items() if f.rate_of] or list(fields))
            setattr(entity, name, value_for(room, name, fields[name], dice))


def spawn(room: BaseRoom[Any], dice: random.Random) -> None:
    """Spawn a few entities."""
    for _ in range(dice.randint(1, 4)):
        if len(living(room)) < MAX_ENTITIES:
            spawn_one(room, dice.choice(object_types(room)), dice)


def burst(room: BaseRoom[Any], dice: random.Random) -> None:
    """Spawn many entities of one type."""
    cls = dice.choice(object_types(room))
    for _ in range(min(dice.randint(10, 120), MAX_ENTITIES - len(living(room)))):
        spawn_one(room, cls, dice)


def despawn(room: BaseRoom[Any], dice: random.Random) -> None:
    """Despawn some entities of a type, or all."""
    for entity in some(room, dice):
        bury(room, entity)


def replace(room: BaseRoom[Any], dice: random.Random) -> None:
    """Despawn some entities and spawn others with the very same values, in one tick."""
    for entity in some(room, dice):
        cls = type(entity)
        values = {name: getattr(entity, name) for name in cls.entity_type.fields}
        bury(room, entity)
        room.spawn(cls, **values)


def exchange(room: BaseRoom[Any], dice: random.Random) -> None:
    """Despawn some entities and spawn as many of any type."""
    for entity in some(room, dice):
        bury(room, entity)
        spawn_one(room, dice.choice(object_types(room)), dice)


def blink(room: BaseRoom[Any], dice: random.Random) -> None:
    """Spawn an entity that is gone again before the tick ends."""
    bury(room, spawn_one(room, dice.choice(object_types(room)), dice))


def edit(room: BaseRoom[Any], dice: random.Random) -> None:
    """Change some fields of some entities."""
    for entity in some(room, dice):
        random_edit(room, entity, dice)


def nudge(room: BaseRoom[Any], dice: random.Random) -> None:
    """Change numeric fields by a step or two."""
    for entity in some(room, dice):
        for name, field in type(entity).entity_type.numeric.items():
            if isinstance(field, Float | Angle) and dice.random() < 0.5:
                setattr(entity, name, getattr(entity, name) + dice.choice((-2, -1, 1, 2)) * field.step)


def scribble(room: BaseRoom[Any], dice: random.Random) -> None:
    """Change texts, and lists in place."""
    for entity in some(room, dice):
        for name, field in type(entity).entity_type.objects.items():
            if isinstance(field, List):
                items = getattr(entity, name)
                if items and dice.random() < 0.5:
                    items.pop(dice.randrange(len(items)))
                else:
                    items.append(random_value(field.of, dice))
            elif isinstance(field, Text):
                setattr(entity, name, dice.choice((getattr(entity, name) + "x", "", "Ada")))


def teleport(room: BaseRoom[Any], dice: random.Random) -> None:
    """Put entities elsewhere."""
    for entity in some(room, dice):
        entity_type = type(entity).entity_type
        if any(isinstance(field, Jumps) for field in entity_type.fields.values()):
            names = dice.sample(list(entity_type.numeric), k=min(2, len(entity_type.numeric)))
            room.teleport(entity, **{n: value_for(room, n, entity_type.fields[n], dice) for n in names})


def columns(room: BaseRoom[Any], dice: random.Random) -> None:
    """Spawn, despawn and change entities that are kept in columns."""
    for cls in column_types(room):
        table, fields = room.table(cls), cls.entity_type.numeric
        if len(table) and dice.random() < 0.6:
            share = dice.choice((0.1, 0.5, 1.0))
            table.despawn([i for i in table.ids.tolist() if dice.random() < share])
        if dice.random() < 0.7:
            count = min(dice.choice((0, 1, 5, 40)), MAX_ENTITIES - len(table))
            table.spawn_many(
                count, **{n: column_of(room, n, fields[n], count, dice) for n in fields if dice.random() < 0.8}
            )
        for name, field in fields.items():
            if dice.random() < 0.3:
                setattr(table, name, column_of(room, name, field, len(table), dice))


def column_of(room: BaseRoom[Any], name: str, field: Any, count: int, dice: random.Random) -> list[Any]:
    """Values for a column: indexes for a Choice, ids for a Ref."""
    values = [value_for(room, name, field, dice) for _ in range(count)]
    if isinstance(field, Choice):
        return [field.codes[value] for value in values]
    if isinstance(field, Ref):
        return [0 if value is None else value.id for value in values]
    limit = 2**62
    return [max(-limit, min(limit, value)) if isinstance(value, int) else value for value in values]


def avatar(room: BaseRoom[Any], dice: random.Random) -> None:
    """Give a player another avatar, a dead one or none."""
    everyone = [*room.players, *room.spectators]
    if everyone:
        player = dice.choice(everyone)
        choices = [None, *living(room), *room.dead, spawn_one(room, dice.choice(object_types(room)), dice, player)]
        player.avatar = dice.choice(choices)


def budget(room: BaseRoom[Any], dice: random.Random) -> None:
    """Give a player a byte budget of its own."""
    if room.players:
        dice.choice(room.players).bytes_per_s = dice.choice((None, None, 0, 40.0, 300.0, 3000, 1e6, float("inf")))


def event(room: BaseRoom[Any], dice: random.Random) -> None:
    """Send events to everyone, to some, or to nobody."""
    everyone = [p.number for p in (*room.players, *room.spectators)]
    for _ in range(dice.choice((1, 1, 3, 20))):
        to = None if dice.random() < 0.5 else {n for n in everyone if dice.random() < 0.5}
        emit(room, dice.choice(("hit", "é", "x")), random_payload(dice), to)


def random_payload(dice: random.Random, depth: int = 0) -> Any:
    """A value that every client can read, and JSON can hold."""
    choices: list[Any] = [None, True, 0, -1, 2**31, -(2**40), 1.5, "", "é😀", "x" * dice.randint(0, 60)]
    if depth < 4:
        choices += [[random_payload(dice, depth + 1) for _ in range(dice.randint(0, 3))]] * 3
        choices += [{k: random_payload(dice, depth + 1) for k in dice.sample(("a", "id", "é", "length"), 2)}] * 3
    return dice.choice(choices)


def kick(room: BaseRoom[Any], dice: random.Random) -> None:
    """Remove a player."""
    everyone = [*room.players, *room.spectators]
    if everyone and dice.random() < 0.3:
        player = dice.choice(everyone)
        room.kicked.add(player.number)
        player.kick("enough")


def move(room: BaseRoom[Any], dice: random.Random) -> None:
    """Have everything move by its rates, or not; and change rates in every tick, or not."""
    room.drifting = dice.random() < 0.7
    room.restless = dice.choice((0.0, 0.0, 0.1, 0.5, 1.0))


def settle(room: BaseRoom[Any], _: random.Random) -> None:
    """Stop everything: from now on nothing changes."""
    room.drifting, room.restless, room.still_since = False, 0.0, room.tick
    for cls in room.entities:
        rates = [name for name, f in cls.entity_type.fields.items() if f.rate_of is not None]
        for target in [room.table(cls)] if cls.entity_type.columns else room.all(cls):
            for name in rates:
                setattr(target, name, 0.0)


def stir(room: BaseRoom[Any], _: random.Random) -> None:
    """Undo `settle`."""
    room.drifting, room.still_since = True, None


EDITS: dict[str, Callable[[BaseRoom[Any], random.Random], None]] = {
    each.__name__: each
    for each in (
        *(spawn, burst, despawn, replace, exchange, blink, edit, nudge, scribble, teleport, columns),
        *(avatar, budget, event, kick, move, settle, stir),
    )
}
"""What a plan can hold, by name."""
