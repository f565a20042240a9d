"""The author's base class: a game's rules are the hooks of a `Room`, and what the rules may do are its methods.

Hooks run at a tick, one after the other, in one thread, so nothing needs a lock. Nothing here awaits or waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic

from gameserver.room.options import Options
from gameserver.room.settings import check_setting
from gameserver.state.entity import Entity, teleport
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import TypeVar

    from gameserver.room.context import RoomContext
    from gameserver.room.lag_compensation import Rewind
    from gameserver.room.outside_work import Job, WorkFailed
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


class Room(Generic[C]):
    """A simulation and its players. Subclass it, name its input class, and fill in the hooks you need:

    class Arena(Room[Controls]):
        tick_hz = 60
        def on_join(self, player):
            player.avatar = self.spawn(Ship, owner=player)
        def on_input(self, player, controls): steer(player.avatar, controls, self.dt)
    """

    kind: ClassVar[str] = ""
    """The name that clients ask for; the class's name in lower case unless given."""
    tick_hz: ClassVar[int] = 20
    """Steps of the simulation a second, 1 to 240."""
    snapshot_hz: ClassVar[int | None] = None
    """Snapshots sent to each viewer a second, at most `tick_hz` and a divisor of it. None: the highest one up to 20; if
    that is below 10, the lowest one above 20."""
    max_players: ClassVar[int] = 16
    max_spectators: ClassVar[int] = 64
    visibility: ClassVar[str] = "public"
    """Who finds a room of this kind: "public": everyone; "unlisted": who has its code or id. For one room
    `set_visibility` changes it."""
    options: Options = Options()
    """What the creator of this room has chosen. Declare what may be, with its defaults: `options = RaceOptions()`."""
    empty_close_s: ClassVar[float] = 30.0
    """How long a room without anybody in it stays open, in seconds."""
    max_rewind_s: ClassVar[float] = 0.25
    """How far back `rewind` goes at most, 0 to 0.9 s: for so long after reaching cover a player may still be hit."""
    resume_grace_s: ClassVar[float | None] = None
    """How long the seat of a player with a lost link is kept, in seconds; None: the server's setting."""
    going_away_grace_s: ClassVar[float | None] = None
    """The same, at most, for a player whose page was left or loaded again (close code 1001); None: the server's."""
    entities: ClassVar[tuple[type[Entity], ...]] = ()
    """The replicated types. Left empty: all that its module, and those of the rooms it inherits from, define or
    import."""
    predict: ClassVar[Callable[[Any, Any, float], object] | None] = None
    """A `@shared` function (entity, controls, dt) that clients run ahead of the server for their own avatar."""
    predict_contact: ClassVar[Callable[[Any, Any, float], object] | None] = None
    """A `@shared` function (me, other, dt) that changes `me` where it touches another entity of its type. It runs after
    everyone's input, for every avatar; clients run it ahead of the server for their own avatar."""

    interest: ClassVar[Near | None] = None
    """What players see: `Near(radius=400)`; None: everything."""

    _context: RoomContext

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the settings of the class.

        Args:
            kwargs: Passed on to the next class.

        Raises:
            DeclarationError: A setting has a value that cannot work.
        """
        super().__init_subclass__(**kwargs)
        for name, value in list(vars(cls).items()):
            check_setting(cls.__name__, name, value)

    # -- hooks: all optional -------------------------------------------------------------------------------------------

    def on_create(self, options: Mapping[str, object]) -> None:
        """The room has been made. `self.options` are the checked ones.

        Args:
            options: The same as a map, by name; a program that opens a room itself may add what is not declared.
        """

    def on_auth(self, player: Player) -> Job | None:
        """A player or spectator asks to join. Nothing has happened yet.

        Args:
            player: Has `params` and `claims` set.

        Returns:
            None to let it join now; or what `run` returned, to keep the seat and let it join once that has a result.

        Raises:
            JoinRefused: Raise it to refuse; its text is the reason that the client gets.
        """

    def on_join(self, player: Player) -> None:
        """A player is in the room from this tick on.

        Args:
            player: Give it an entity to steer by setting `player.avatar`.

        Raises:
            JoinRefused: Raise it to refuse.
        """

    def on_spectate(self, spectator: Player) -> None:
        """A spectator is in the room from this tick on. `on_join` is not called for it; `on_leave`, `on_suspend`,
        `on_resume` and `on_message` are.

        Args:
            spectator: Sees everything and steers nothing.

        Raises:
            JoinRefused: Raise it to refuse.
        """

    def on_leave(self, player: Player) -> None:
        """A player or spectator is gone for good; also called for everyone when the room ends, before `on_dispose`.

        Afterwards the entities that it owns are despawned, unless their owner changed.

        Args:
            player: Who left.
        """

    def on_suspend(self, player: Player) -> None:
        """A player's link is lost. Its seat is kept for the grace time, and its inputs are neutral.

        Args:
            player: Has `connected` False from now on.
        """

    def on_resume(self, player: Player) -> None:
        """A suspended player has resumed.

        Args:
            player: Has `connected` True again.
        """

    def on_input(self, player: Player, controls: C) -> None:
        """Apply one tick of a player's controls; called for each player in each tick.

        The default runs `predict` on the player's avatar.

        Args:
            player: Who steers.
            controls: The controls of this tick; the same object is not kept.
        """
        step = type(self).predict
        if step is not None and player.avatar is not None:
            step(player.avatar, controls, self.dt)

    def on_tick(self) -> None:
        """Run the rest of the rules; called once a tick, after everyone's input."""

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """A client sent a message of the game's own.

        Args:
            player: Who sent it.
            name: The message's name.
            payload: Any msgpack value. Its size and depth are checked; everything else about it is not.
        """

    def narrow_view(
        self, players: Sequence[Player], entity_type: type[Entity], table: Table, mask: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Hide entities from players, beyond the distance of `interest`.

        Args:
            players: The viewers.
            entity_type: The type of the entities.
            table: The entities; `table.ids` has shape (entities,).
            mask: Who sees what by distance, shape (players, entities).

        Returns:
            Who sees what, of the same shape.
        """
        return mask

    def on_dispose(self) -> None:
        """The room ends, and its rules have not failed. `on_leave` has been called for everyone."""

    # -- what the rules may use ----------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The room's id."""
        return self._context.id

    @property
    def tick(self) -> int:
        """The number of the tick that is being made."""
        return self._context.tick_number

    @property
    def dt(self) -> float:
        """Seconds a tick: exactly `1 / tick_hz`."""
        return self._context.tick_s

    @property
    def random(self) -> random.Random:
        """The room's own random numbers: the same seed and inputs give the same game."""
        return self._context.random

    @property
    def players(self) -> list[Player]:
        """The players in the room, in order of joining, suspended ones included."""
        return self._context.players

    @property
    def spectators(self) -> list[Player]:
        """The spectators in the room, in order of joining, suspended ones included."""
        return self._context.spectators

    def spawn(self, entity_type: type[E], /, *, owner: Player | None = None, **fields: Any) -> E:
        """Put a new entity into the room.

        Args:
            entity_type: Its class.
            owner: The player that it belongs to; it is despawned when that player leaves.
            **fields: Its first values; fields that are left out have their defaults.

        Returns:
            The entity.

        Raises:
            TypeError: The type has no such field.
        """
        return self._context.world.spawn(entity_type, owner=owner, **fields)

    def despawn(self, entity: Entity) -> None:
        """Take an entity out of the room. Idempotent.

        Args:
            entity: The entity.
        """
        self._context.world.despawn(entity)

    def teleport(self, entity: Entity, /, **fields: Any) -> None:
        """Put an entity elsewhere; clients draw a jump, not the way there.

        Args:
            entity: The entity; its type declares `jumps = Jumps()`.
            **fields: The new values.

        Raises:
            TypeError: The type declares no `Jumps`, or has no such field.
        """
        teleport(entity, fields)

    def all(self, entity_type: type[E]) -> list[E]:
        """The living entities of a type.

        Args:
            entity_type: Their class.

        Returns:
            A new list, in order of id; spawning and despawning while iterating over it is safe.
        """
        return list(self._context.world.entities(entity_type))

    def table(self, entity_type: type[Entity]) -> ColumnStore:
        """The arrays of a type that is declared with `columns=True`.

        Args:
            entity_type: Its class.

        Returns:
            One array for each field.
        """
        return self._context.world.table(entity_type)

    def get(self, entity_id: int) -> Entity | None:
        """The living entity of this id.

        Args:
            entity_id: Its id.

        Returns:
            The entity, or None when there is none.
        """
        return self._context.world.get(entity_id)

    def rewind(self, player: Player) -> Rewind:
        """The world as a player saw it when it made the input of this tick: what its shots are judged by.

        Args:
            player: Whose view.

        Returns:
            The snapshots since then, at most `max_rewind_s` back, whatever the client claims.
        """
        return self._context.lag_compensation.rewind(player)

    def send(self, player: Player, name: str, payload: Any = None) -> None:
        """Send an event of this tick to one participant.

        Args:
            player: The receiver.
            name: The event's name; names that start with @ are the protocol's.
            payload: Any value that msgpack can carry.

        Raises:
            TypeError: The name is not a str.
            ValueError: The name or the payload is not allowed.
        """
        self._context.emit(name, payload, frozenset((player.number,)))

    def broadcast(self, name: str, payload: Any = None, *, to: Iterable[Player] | None = None) -> None:
        """Send an event of this tick to everyone, or to some.

        Args:
            name: The event's name; names that start with @ are the protocol's.
            payload: Any value that msgpack can carry.
            to: The receivers; None: everyone in the room.

        Raises:
            TypeError: The name is not a str.
            ValueError: The name or the payload is not allowed.
        """
        self._context.emit(name, payload, None if to is None else frozenset(p.number for p in to))

    def after(self, ticks: int, call: Callable[[], object]) -> Timer:
        """Call a function once.

        Args:
            ticks: How many ticks from now, at least 1.
            call: The function.

        Returns:
            A timer that can be cancelled.

        Raises:
            TypeError: `ticks` is not a whole number, or `call` cannot be called.
        """
        return self._context.timers.add(self.tick, ticks, call)

    def every(self, ticks: int, call: Callable[[], object]) -> Timer:
        """Call a function again and again, until its timer is cancelled.

        Args:
            ticks: The ticks between two calls, and before the first, at least 1.
            call: The function.

        Returns:
            A timer that can be cancelled.

        Raises:
            TypeError: `ticks` is not a whole number, or `call` cannot be called.
        """
        return self._context.timers.add(self.tick, ticks, call, repeat=True)

    def run(
        self,
        work: Callable[..., Any],
        *args: object,
        then: Callable[[Any], object] | None = None,
        failed: Callable[[WorkFailed], object] | None = None,
        timeout_s: float = 10.0,
    ) -> Job:
        """Run a function beside the room, such as a look-up in a database; its result arrives at a later tick.

        A recording holds the result, so a replay does not run the function again. At most 64 functions of one room run
        at a time, and they are cancelled when the room ends.

        Args:
            work: An async function for trio; or a plain function, which runs in a thread.
            *args: Its arguments.
            then: Called with the result, which must be plain data (what an event may carry).
            failed: Called with `WorkFailed` when there is no result; None: the log says so, or, when `on_auth` returned
                the job, the join is refused.
            timeout_s: How long the function may take, in seconds.

        Returns:
            The job; `on_auth` may return it to let a join wait for it.

        Raises:
            TypeError: `work` cannot be called, or `timeout_s` is not a number.
            ValueError: `timeout_s` is not above 0.
        """
        return self._context.work.start(work, args, then=then, failed=failed, timeout_s=timeout_s)

    def lock(self, locked: bool = True) -> None:
        """Lock the room: nobody new can join, by whatever way. Whoever has lost its link may still resume.

        Args:
            locked: False unlocks it.
        """
        self._context.lock(locked)

    def set_visibility(self, visibility: str) -> None:
        """Say who finds this room.

        Args:
            visibility: "public": everyone; "unlisted": who has its code or id.

        Raises:
            ValueError: `visibility` is neither.
        """
        self._context.set_visibility(visibility)

    def close(self, reason: str = "the room has ended") -> None:
        """End the room after this tick.

        Args:
            reason: The reason that every client gets.

        Raises:
            TypeError: `reason` is not a str.
        """
        self._context.close_after_tick(reason)
