"""What the rules of the fuzzer's rooms remember, and what more than one of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gameserver.room.room import Room
from gameserver.state.fields import Float, Ref
from gameserver.state.inputs import Inputs
from tests.support.any_room.schemas import random_value

if TYPE_CHECKING:
    import random

    from gameserver.room.player import Player
    from gameserver.state.entity import Entity
    from tests.support.any_room.truth import Truth

C = TypeVar("C", bound=Inputs)

KEPT_DEAD = 8


class BaseRoom(Room[C]):
    """A room that remembers what viewers must have got."""

    game: dict[str, Any]
    """What the room was built from; `games.random_game` makes it."""

    def on_create(self, options: Any) -> None:
        self.plan: list[tuple[str, int]] = []
        """The edits of the next tick: names and seeds."""
        self.dead: list[Entity] = []
        self.emitted: list[tuple[int, int, str, Any, frozenset[int] | None]] = []
        """Number, tick, name, payload and receivers of each event of the game's."""
        self.kicked: set[int] = set()
        self.lost: dict[int, tuple[float, bool]] = {}
        """By number of a suspended player: when it lost its link, and whether its client was going away (1001)."""
        self.truths: dict[int, Truth] = {}
        self.drifting = True
        """Whether everything moves by its rates."""
        self.restless = 0.0
        """The share of the entities that change their rates in each tick."""
        self.still_since: int | None = None
        """The tick since which nothing changes; None: things change."""


def object_types(room: BaseRoom[Any]) -> list[type[Entity]]:
    """The types that are kept as objects."""
    return [cls for cls in room.entities if not cls.entity_type.columns]


def column_types(room: BaseRoom[Any]) -> list[type[Entity]]:
    """The types that are kept in columns."""
    return [cls for cls in room.entities if cls.entity_type.columns]


def living(room: BaseRoom[Any]) -> list[Entity]:
    """All entities that are kept as objects."""
    return [entity for cls in object_types(room) for entity in room.all(cls)]


def value_for(room: BaseRoom[Any], name: str, field: Any, dice: random.Random) -> Any:
    """A value for a field; positions are mostly near the borders of views."""
    near = room.game["interest"]
    if near is not None and name in near["place"] and isinstance(field, Float) and dice.random() < 0.9:
        return dice.uniform(-1.6, 1.6) * near["radius"]
    entities = [*living(room)[:20], *room.dead] if isinstance(field, Ref) else ()
    return random_value(field, dice, entities)


def spawn_one(room: BaseRoom[Any], cls: type[Entity], dice: random.Random, owner: Player | None = None) -> Entity:
    """Spawn an entity with values for some of its fields."""
    fields = cls.entity_type.fields
    share = dice.choice((0.0, 0.4, 1.0))
    near = room.game["interest"]
    placed = () if near is None else near["place"]
    chosen = [name for name in fields if name in placed or dice.random() < share]
    return room.spawn(cls, owner=owner, **{name: value_for(room, name, fields[name], dice) for name in chosen})


def emit(room: BaseRoom[Any], name: str, payload: Any, to: set[int] | None = None) -> None:
    """Send an event, and note it."""
    receivers = None if to is None else [p for p in (*room.players, *room.spectators) if p.number in to]
    room.broadcast(name, payload, to=receivers)
    known = None if receivers is None else frozenset(p.number for p in receivers)
    events: Any = room._context
    room.emitted.append((events.events.newest, room.tick, name, payload, known))
