"""The author's base class: a game's rules are the hooks of a `Room`, and what they may do are its methods.

Hooks run at a tick, one after the other, in one thread: nothing needs a lock. Nothing here awaits or waits.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Generic, get_args, get_origin

from gameserver.protocol.constants import MAX_TICK_HZ
from gameserver.state.entity import Entity, teleport
from gameserver.state.errors import DeclarationError
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import TypeVar

    from gameserver.room.engine import RoomEngine
    from gameserver.room.lag_compensation import Rewind
    from gameserver.room.player import Player
    from gameserver.room.timers import Timer
    from gameserver.room.visibility import Near
    from gameserver.state.columns import ColumnStore
    from gameserver.state.table import Table

    C = TypeVar("C", bound=Inputs, default=Inputs)
    E = TypeVar("E", bound=Entity)
else:
    from typing import TypeVar

    C = TypeVar("C", bound=Inputs)

MAX_REWIND_S = 0.9
"""A room keeps its snapshots for a second."""


class Room(Generic[C]):
    """A simulation and its players. Subclass it, name its input class, and fill in the hooks you need:

    class Arena(Room[Controls]):
        tick_hz = 60
        def on_join(self, player): player.avatar = self.spawn(Ship, owner=player)
        def on_input(self, player, controls): steer(player.avatar, controls, self.dt)
    """

    kind: ClassVar[str] = ""
    """The name that clients ask for; the class's name in lower case unless given."""
    tick_hz: ClassVar[int] = 20
    """Steps of the simulation a second, 1 to `MAX_TICK_HZ` (240)."""
    snapshot_hz: ClassVar[int] = 20
    """How often viewers are told, at most `tick_hz` and a divisor of it."""
    max_players: ClassVar[int] = 16
    max_spectators: ClassVar[int] = 64
    empty_close_s: ClassVar[float] = 30.0
    """How long a room without anybody in it stays open."""
    max_rewind_s: ClassVar[float] = 0.25
    """How far back `rewind` goes at most, 0 to 0.9 s: so long after reaching cover somebody may still be hit."""
    resume_grace_s: ClassVar[float | None] = None
    """How long a lost player's seat is kept; None: the server's own setting."""
    entities: ClassVar[tuple[type[Entity], ...]] = ()
    """The replicated types. Left empty: all that its module, and those of the rooms it inherits from, define or
    import."""
    predict: ClassVar[Callable[[Any, Any, float], object] | None] = None
    """A `@shared` function (entity, controls, dt) that clients run ahead of the server for their own avatar."""
    predict_contact: ClassVar[Callable[[Any, Any, float], object] | None] = None
    """A `@shared` function (me, other, dt) that changes `me` where it touches another entity of its type. Runs after
    everyone's input, for every avatar; clients run it ahead of the server too, for their own."""

    interest: ClassVar[Near | None] = None
    """What players see: `Near(radius=400)`; None: everything."""

    _engine: RoomEngine

    # -- hooks: all optional -------------------------------------------------------------------------------------------

    def on_create(self, options: Mapping[str, object]) -> None:
        """The room has been made; `options` are those of whoever asked for it."""

    def on_auth(self, player: Player) -> None:
        """Somebody asks to come in. Raise `JoinRefused` to turn them away; nothing has happened yet."""

    def on_join(self, player: Player) -> None:
        """A player or spectator is in the room from this tick on."""

    def on_leave(self, player: Player) -> None:
        """Somebody is gone for good. What they own and still lives is despawned after this, unless `player.avatar` was
        set to None or the owner of the entity changed."""

    def on_suspend(self, player: Player) -> None:
        """A player's link is lost; the seat is kept for the grace time, inputs are neutral."""

    def on_resume(self, player: Player) -> None:
        """A suspended player is back."""

    def on_input(self, player: Player, controls: C) -> None:
        """One tick of a player's controls, called for each player in each tick. By default: `predict` on its avatar."""
        step = type(self).predict
        if step is not None and player.avatar is not None:
            step(player.avatar, controls, self.dt)

    def on_tick(self) -> None:
        """The rest of the rules, once a tick, after everyone's input."""

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """A client said something of the game's own; `payload` is any msgpack value, size and depth checked, else
        untrusted."""

    def narrow_view(
        self, players: Sequence[Player], entity_type: type[Entity], table: Table, mask: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """In a room with `interest`: the author's own rule on top of the distance. `mask` has shape (players,
        entities); return one of that shape that says who sees what. `table.ids` names the entities."""
        return mask

    def on_dispose(self) -> None:
        """The room ends, in good order."""

    # -- what the rules may use ----------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self._engine.id

    @property
    def tick(self) -> int:
        """The number of the tick that is being made."""
        return self._engine.tick_number

    @property
    def dt(self) -> float:
        """Seconds a tick: exactly `1 / tick_hz`."""
        return self._engine.dt

    @property
    def random(self) -> random.Random:
        """The room's own random numbers: the same seed and inputs give the same game."""
        return self._engine.random

    @property
    def players(self) -> list[Player]:
        """Who plays, in order of joining, the suspended ones included."""
        return self._engine.roster.players

    @property
    def spectators(self) -> list[Player]:
        return self._engine.roster.spectators

    def spawn(self, entity_type: type[E], *, owner: Player | None = None, **fields: Any) -> E:
        """Put a new entity into the room; `fields` are its first values. Raises TypeError for a field that it does not
        have."""
        return self._engine.world.spawn(entity_type, owner=owner, **fields)

    def despawn(self, entity: Entity) -> None:
        """Take an entity out of the room; one that is gone already is no error."""
        self._engine.world.despawn(entity)

    def teleport(self, entity: Entity, **fields: Any) -> None:
        """Put an entity elsewhere: `fields` are its new values, and nobody draws it on the way there. Its type declares
        `jumps = Jumps()`. Raises TypeError without that, and for a field that it does not have."""
        teleport(entity, fields)

    def all(self, entity_type: type[E]) -> list[E]:
        """The living entities of a type, in order of id. A list of its own: spawn and despawn while you go through
        it."""
        return list(self._engine.world.entities(entity_type))

    def table(self, entity_type: type[Entity]) -> ColumnStore:
        """The arrays of a type declared with `columns=True`: thousands of entities, moved in a few lines of numpy."""
        return self._engine.world.table(entity_type)

    def get(self, entity_id: int) -> Entity | None:
        return self._engine.world.get(entity_id)

    def rewind(self, player: Player) -> Rewind:
        """The world as this player saw it when it made the input of this tick, and since: what its shots are judged by.
        At most `max_rewind_s` back, whatever its client claims."""
        return self._engine.past.rewind(player)

    def send(self, player: Player, name: str, payload: Any = None) -> None:
        """Tell one participant an event of this tick."""
        self._engine.emit(name, payload, frozenset((player.number,)))

    def broadcast(self, name: str, payload: Any = None, *, to: Iterable[Player] | None = None) -> None:
        """Tell everyone, or those in `to`, an event of this tick."""
        self._engine.emit(name, payload, None if to is None else frozenset(p.number for p in to))

    def after(self, ticks: int, call: Callable[[], object]) -> Timer:
        """Call `call` once, `ticks` from now (at least 1)."""
        return self._engine.timers.add(self.tick + max(1, ticks), call)

    def every(self, ticks: int, call: Callable[[], object]) -> Timer:
        """Call `call` each `ticks` ticks (at least 1) until it is cancelled."""
        ticks = max(1, ticks)
        return self._engine.timers.add(self.tick + ticks, call, ticks)

    def lock(self, locked: bool = True) -> None:
        """A locked room is given to nobody by join-or-create; who knows its id still comes in."""
        self._engine.locked = locked

    def close(self, reason: str = "the room has ended") -> None:
        """End the room after this tick; everyone is told the reason."""
        self._engine.close_after_tick(reason)


def kind_of(room_class: type[Room[Any]]) -> str:
    """The name under which a room class is asked for."""
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
    """The replicated types of a room class: those it lists, or all that its module names and those of the rooms that it
    inherits from, in that order."""
    if room_class.entities:
        return tuple(room_class.entities)
    found: dict[type[Entity], None] = {}
    for cls in room_class.__mro__:
        if issubclass(cls, Room) and cls is not Room:
            named = vars(sys.modules[cls.__module__]).values()
            found |= dict.fromkeys(
                v for v in named if isinstance(v, type) and issubclass(v, Entity) and v is not Entity
            )
    return tuple(found)


def check_room(room_class: type[Room[Any]]) -> None:
    """Refuse a declaration that cannot work. Raises DeclarationError that names the class and what to write instead."""
    name = room_class.__name__
    for attribute in ("tick_hz", "snapshot_hz"):
        value = getattr(room_class, attribute)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_TICK_HZ:
            raise DeclarationError(f"{name}.{attribute} is {value!r}; write a whole number from 1 to {MAX_TICK_HZ}")
    if room_class.tick_hz % room_class.snapshot_hz:
        raise DeclarationError(
            f"{name}.snapshot_hz is {room_class.snapshot_hz}; write a divisor of tick_hz ({room_class.tick_hz}), "
            "so that snapshots fall on ticks"
        )
    rewind_s = room_class.max_rewind_s
    if not isinstance(rewind_s, int | float) or not 0.0 <= rewind_s <= MAX_REWIND_S:
        raise DeclarationError(f"{name}.max_rewind_s is {rewind_s!r}; write 0 to {MAX_REWIND_S} seconds")
    if not isinstance(room_class.max_players, int) or room_class.max_players < 1:
        raise DeclarationError(f"{name}.max_players is {room_class.max_players!r}; write a whole number from 1 up")
    if not 1 <= len(kind_of(room_class).encode()) <= 64:
        raise DeclarationError(f"{name}.kind is {room_class.kind!r}; write a name of 1 to 64 bytes")
