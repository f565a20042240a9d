"""The author's base class: a game's rules are the hooks of a `Room`, and what the rules may do are its methods.

Hooks run at a tick, one after the other, in one thread, so nothing needs a lock. Nothing here awaits or waits.
"""

from __future__ import annotations

from inspect import getattr_static
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from gameserver.protocol.constants import Role
from gameserver.room.arguments import check_entity, check_entity_class, check_player, check_reservation, numbers_of
from gameserver.room.author_store import RoomStore
from gameserver.room.backfill import backfill_request
from gameserver.room.declared import DeclaredMessage, Event, check_declarations, take_declarations
from gameserver.room.effects import check_effect
from gameserver.room.hooks import check_hook, refuse_slips
from gameserver.room.listing import ListedRoom, Listing
from gameserver.room.options import Options
from gameserver.room.roster import RoomState
from gameserver.room.saveable import check_call
from gameserver.room.settings import SETTING_NAMES, check_setting
from gameserver.room.type_variables import A, C, D, padded
from gameserver.state.entity import Entity, teleport
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gameserver.room.backfill import OpenSeats
    from gameserver.room.context import RoomContext
    from gameserver.room.lag_compensation import Rewind
    from gameserver.room.moves import Destination, MoveFailed
    from gameserver.room.old_room import OldRoom
    from gameserver.room.outside_work import Job, WorkFailed
    from gameserver.room.player import Player
    from gameserver.room.player_views import Near
    from gameserver.room.roster import AnyRoster
    from gameserver.room.timers import Timer
    from gameserver.state.columns import ColumnStore
    from gameserver.state.table import Table
    from gameserver.state.touch import Touch

E = TypeVar("E", bound=Entity)

_GENERIC_IN: Final = (C, A, D)


class Room(Generic[C, A, D]):
    """A simulation and its players. Subclass it, name its input class, and fill in the hooks you need:

        class Arena(Room[Controls]):
            tick_hz = 60
            def on_join(self, player):
                player.avatar = self.spawn(Ship, owner=player)
            def on_input(self, player, controls): steer(player.avatar, controls, self.dt)

    `Room[Controls, Ship]` says what players steer, for type checkers: `player.avatar` is a `Ship` where the hook has
    `player: Player[Ship]`. A third argument, `Room[Controls, Ship, Score]`, is the type of `player.data`.
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
    max_players_per_address: ClassVar[int | None] = None
    """How many of its players' seats the clients of one address have at most; None: all. A family shares an address,
    and so does an office."""
    max_spectators_per_address: ClassVar[int | None] = 32
    """The same of spectators' seats."""
    visibility: ClassVar[str] = "public"
    """Who finds a room of this kind: "public": everyone; "unlisted": who has its code or id; "private": who has a
    reservation. For one room `set_visibility` changes it."""
    single: ClassVar[bool] = False
    """Whether there is one room of this kind at most, in all processes: whoever asks for any, or to create one, comes
    into it."""
    options: Options = Options()
    """What the creator of this room has chosen. Declare what may be, with its defaults: `options = RaceOptions()`."""
    listing: Listing = Listing()
    """What others may see of this room, and filter by. Declare what there is, with its first values:
    `listing = RaceListing()`; then assign its fields at any time. What others see follows at the end of the tick."""
    roster: AnyRoster | None = None
    """Who is in the room, replicated to everyone: declare `roster = Roster(PlayerState)`, or your subclass of it. None:
    that is nobody else's business."""
    state: RoomState = RoomState()
    """What the room itself is doing, replicated to everyone. Declare your fields, with their first values:
    `state = Match(phase="lobby")`."""
    lists: ClassVar[str | None] = None
    """The kind of rooms that this one shows, as a lobby does: `on_rooms` gets those that strangers may see."""
    commands: ClassVar[Mapping[str, Any]] = {}
    """What may be sent to rooms of this kind from elsewhere, over HTTP or by the rules of other rooms: by name, the
    type of the payload, such as a `msgspec.Struct`. It is checked, and arrives in `on_command` as plain data."""
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
    predict_world: ClassVar[Touch | None] = None
    """What clients predict beside their avatar: `Touch(300, steps={Ball: roll}, contacts=[(Ship, Ball, kick)])`. Its
    rules run after everyone's input; clients run them ahead of the server for what is near their avatar."""

    lasting: ClassVar[bool] = False
    """Whether a checkpoint of the room can be made, so that it may go on in another process: what its rules keep must
    be something that can be saved then, and what timers call a method."""

    durable: ClassVar[bool] = False
    """Whether nothing of a tick leaves the server before that tick is on the disk, in a room that lasts: after a crash
    not even a tick is lost. Each tick then takes as much longer as the disk takes to write."""
    saved_version: ClassVar[int] = 1
    """Of what the rules of a room that lasts keep. Count it up when a build keeps something else: then `migrate` makes
    the room from what the build before has left."""

    interest: ClassVar[Near | None] = None
    """What players see: `Near(radius=400)`; None: everything."""

    _declared_events: ClassVar[Mapping[str, Event[Any]]] = {}
    """The events that the class declares with `Event`, by name."""
    _declared_messages: ClassVar[Mapping[str, DeclaredMessage]] = {}
    """The messages that the class declares with `message`, by name."""

    _context: RoomContext

    def __class_getitem__(cls, arguments: Any) -> Any:
        """Name the inputs, the avatar and the data: what is left out is Any."""
        generic: Any = super()
        return generic.__class_getitem__(padded(arguments, len(_GENERIC_IN)) if cls is Room else arguments)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the settings and hooks of the class.

        Args:
            kwargs: Passed on to the next class.

        Raises:
            DeclarationError: A setting has a value that cannot work, a hook cannot be called, a name is the room's own,
                or nearly that of a hook or setting.
        """
        super().__init_subclass__(**kwargs)
        attributes = dict(vars(cls))
        for name, value in attributes.items():
            check_setting(cls.__name__, name, value)
            if isinstance(vars(Room).get(name), property):
                raise DeclarationError(f"{cls.__name__}.{name}: every room has a `{name}` already; take another name")
            if name in HOOKS:
                check_hook(cls.__name__, name, value, getattr(Room, name))
        refuse_slips(cls, Room, HOOKS, SETTING_NAMES)
        cls._declared_events, cls._declared_messages = take_declarations(cls, Room)

    # -- hooks: all optional -------------------------------------------------------------------------------------------

    def on_create(self, options: Mapping[str, object]) -> None:
        """The room has been made. `self.options` are the checked ones.

        Args:
            options: The same as a map, by name; a program that opens a room itself may add what is not declared.
        """

    def on_auth(self, player: Player[A, D]) -> Job | None:
        """A player or spectator asks to join. Nothing has happened yet.

        Args:
            player: Has `params` and `claims` set.

        Returns:
            None to let it join now; or what `run` returned, to keep the seat and let it join once that has a result.

        Raises:
            JoinRefused: Raise it to refuse; its text is the reason that the client gets.
        """

    def on_join(self, player: Player[A, D]) -> None:
        """A player is in the room from this tick on.

        Args:
            player: Give it an entity to steer by setting `player.avatar`.

        Raises:
            JoinRefused: Raise it to refuse.
        """

    def on_spectate(self, spectator: Player[A, D]) -> None:
        """A spectator is in the room from this tick on. `on_join` is not called for it; `on_leave`, `on_suspend`,
        `on_resume` and `on_message` are.

        Args:
            spectator: Sees everything and steers nothing.

        Raises:
            JoinRefused: Raise it to refuse.
        """

    def on_leave(self, player: Player[A, D]) -> None:
        """A player or spectator is gone for good; also called for everyone when the room ends, before `on_dispose`.

        Afterwards the entities that it owns are despawned, unless their owner changed.

        Args:
            player: Who left.
        """

    def on_move_failed(self, player: Player[A, D], failure: MoveFailed) -> None:
        """A move that the rules asked for did not take place: the player is still here, and so are all who were to move
        with it.

        Args:
            player: Who was to move; called for each of them that has not left since.
            failure: Why: its text, and its `code`.
        """

    def on_suspend(self, player: Player[A, D]) -> None:
        """A player's link is lost. Its seat is kept for the grace time, and its inputs are neutral.

        Args:
            player: Has `connected` False from now on.
        """

    def on_resume(self, player: Player[A, D]) -> None:
        """A suspended player has resumed.

        Args:
            player: Has `connected` True again.
        """

    def on_input(self, player: Player[A, D], controls: C) -> None:
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

    def on_message(self, player: Player[A, D], name: str, payload: Any) -> None:
        """A client sent a message of the game's own that no method declares with `message`.

        Args:
            player: Who sent it.
            name: The message's name.
            payload: Any msgpack value. Its size and depth are checked; everything else about it is not.
        """

    def on_command(self, name: str, payload: Any) -> None:
        """The program that the server is a part of sent this room something, with `RoomHandle.send`; or somebody else
        did, and it is one of `commands`.

        Args:
            name: The command's name.
            payload: What it sent with it; None if nothing.
        """

    def on_rooms(self, rooms: Sequence[ListedRoom], removed: Sequence[str]) -> None:
        """Rooms of the kind that this one `lists` have changed; at first all of them are new.

        Args:
            rooms: Those that are new or different.
            removed: The ids of those that have ended, or that strangers may see no longer.
        """

    def on_backfills(self, rooms: Sequence[OpenSeats], ended: Sequence[str]) -> None:
        """Rooms that ask this kind for players have changed; at first all of them are new. `Queue` has it; write it for
        a queue of your own, and send players with a move to `FreeSeats`.

        Args:
            rooms: Those that are new, or whose free seats are different.
            ended: The ids of those that have ended, are full, or ask no longer.
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

    def migrate(self, old: OldRoom) -> None:
        """Go on from a room of an older build, whose entities or inputs were declared otherwise, or whose
        `saved_version` was another. Called instead of `on_create`; its people are in the room already, without avatars.
        Without this method such a room ends, and its people get the reason.

        Args:
            old: What it was: entities, and attributes of the room.
        """

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
    def players(self) -> list[Player[A, D]]:
        """The players in the room, in order of joining, suspended ones included."""
        return self._context.players

    @property
    def spectators(self) -> list[Player[A, D]]:
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
            TypeError: The type has no such field, is no class of entities, or is one that the room itself fills; or the
                owner is no player.
        """
        if owner is not None:
            check_player("owner", owner)
        check_entity_class(entity_type)
        if entity_type._use is not None:
            raise TypeError(f"{entity_type.__name__}: the room itself makes these; see `Room.roster` and `Room.state`")
        return self._context.world.spawn(entity_type, owner=owner, **fields)

    def despawn(self, entity: Entity) -> None:
        """Take an entity out of the room. Idempotent.

        Args:
            entity: The entity.

        Raises:
            TypeError: It is none.
        """
        check_entity(entity)
        self._context.world.despawn(entity)

    def teleport(self, entity: Entity, /, **fields: Any) -> None:
        """Put an entity elsewhere; clients draw a jump, not the way there.

        Args:
            entity: The entity; its type declares `jumps = Jumps()`.
            **fields: The new values.

        Raises:
            TypeError: It is no entity, its type declares no `Jumps`, or has no such field.
        """
        check_entity(entity)
        teleport(entity, fields)

    def all(self, entity_type: type[E]) -> list[E]:
        """The living entities of a type.

        Args:
            entity_type: Their class.

        Returns:
            A new list, in order of id; spawning and despawning while iterating over it is safe.

        Raises:
            TypeError: It is no class of entities, or one that is kept in columns.
            KeyError: It is none of this room.
        """
        check_entity_class(entity_type)
        return list(self._context.world.entities(entity_type))

    def table(self, entity_type: type[Entity]) -> ColumnStore:
        """The arrays of a type that is declared with `columns=True`.

        Args:
            entity_type: Its class.

        Returns:
            One array for each field.

        Raises:
            TypeError: It is no class of entities, or not kept in columns.
            KeyError: It is none of this room.
        """
        check_entity_class(entity_type)
        return self._context.world.table(entity_type)

    def get(self, entity_id: int) -> Entity | None:
        """The living entity of this id.

        Args:
            entity_id: Its id.

        Returns:
            The entity, or None when there is none.
        """
        return self._context.world.get(entity_id)

    def rewind(self, player: Player[A, D]) -> Rewind:
        """The world as a player saw it when it made the input of this tick: what its shots are judged by.

        Args:
            player: Whose view.

        Returns:
            The snapshots since then, at most `max_rewind_s` back, whatever the client claims.

        Raises:
            TypeError: `player` is no player.
        """
        check_player("player", player)
        return self._context.lag_compensation.rewind(player)

    def send(self, player: Player[A, D], name: str, payload: Any = None) -> None:
        """Send an event of this tick to one participant.

        Args:
            player: The receiver.
            name: The event's name; names that start with @ are the protocol's.
            payload: Any value that msgpack can carry.

        Raises:
            TypeError: The name is not a str, or `player` no player.
            ValueError: The name or the payload is not allowed.
        """
        check_player("player", player)
        self._context.emit(name, self._event_payload(name, payload), frozenset((player.number,)))

    def broadcast(self, name: str, payload: Any = None, *, to: Iterable[Player] | None = None) -> None:
        """Send an event of this tick to everyone, or to some.

        Args:
            name: The event's name; names that start with @ are the protocol's.
            payload: Any value that msgpack can carry.
            to: The receivers; None: everyone in the room.

        Raises:
            TypeError: The name is not a str, or `to` no list of players.
            ValueError: The name or the payload is not allowed.
        """
        self._context.emit(name, self._event_payload(name, payload), None if to is None else numbers_of(to))

    def _event_payload(self, name: object, payload: object) -> Any:
        """Return what is sent as the payload of an event: that of a declared one is checked.

        Raises:
            ValueError: It does not fit the declaration.
        """
        event = self._declared_events.get(name) if isinstance(name, str) else None
        return payload if event is None else event.plain(payload)

    def send_command(self, kind: str, name: str, payload: Any = None) -> None:
        """Send a command to the one room of a kind, for its `on_command`, at the end of this tick.

        The room is opened if it does not run. It must be `single`, and declare the command in its `commands`: what does
        not fit is dropped, and the log says so once.

        Args:
            kind: The other room's kind.
            name: The command's name.
            payload: Plain data that goes with it, what a recording can hold.

        Raises:
            TypeError: The kind or the name is not a str.
            ValueError: The payload is not plain data.
        """
        self._context.send_command(kind, name, payload)

    def after(self, ticks: int, call: Callable[..., object], *args: object) -> Timer:
        """Call a function once.

        Args:
            ticks: How many ticks from now, at least 1.
            call: The function.
            *args: Its arguments.

        Returns:
            A timer that can be cancelled.

        Raises:
            TypeError: `ticks` is not a whole number, or `call` cannot be called; or the room lasts and `call` cannot be
                saved.
        """
        self._check_call("call", call)
        return self._context.timers.add(self.tick, ticks, call, args)

    def every(self, ticks: int, call: Callable[..., object], *args: object) -> Timer:
        """Call a function again and again, until its timer is cancelled.

        Args:
            ticks: The ticks between two calls, and before the first, at least 1.
            call: The function.
            *args: Its arguments.

        Returns:
            A timer that can be cancelled.

        Raises:
            TypeError: `ticks` is not a whole number, or `call` cannot be called; or the room lasts and `call` cannot be
                saved.
        """
        self._check_call("call", call)
        return self._context.timers.add(self.tick, ticks, call, args, repeat=True)

    def _check_call(self, name: str, call: object) -> None:
        """Check what is to be called later, if the room lasts: a checkpoint holds it by its name.

        Raises:
            TypeError: It has none.
        """
        if self.lasting and call is not None:
            check_call(name, call)

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
            TypeError: `work`, `then` or `failed` cannot be called, or `timeout_s` is not a number; or the room lasts
                and `then` or `failed` cannot be saved.
            ValueError: `timeout_s` is not above 0.
        """
        self._check_call("then", then)
        self._check_call("failed", failed)
        return self._context.work.start(work, args, then=then, failed=failed, timeout_s=timeout_s)

    def effect(
        self,
        work: Callable[..., Any],
        *args: Any,
        then: Callable[[Any], object] | None = None,
        failed: Callable[[WorkFailed], object] | None = None,
        timeout_s: float = 30.0,
        tries: int = 10,
    ) -> str:
        """Have something done outside of the room that must not get lost, such as a payment or a mail: `work(id, …)`.

        In a room that lasts, the function is called once the tick that asks for it is on the disk; also if the server
        is killed before, after the next start. If it raises or takes too long it is called again, after 1, 2, 4 … s, at
        most a minute. So it is called at least once, always with the same id: whoever carries it out drops an id that
        it knows. It goes on after the room has ended. At most 64 of one room may be without an outcome.

        Args:
            work: An async function for trio; or a plain function, which runs in a thread. It gets the id first.
            *args: Its other arguments: plain data, at most 64 KiB.
            then: Called at a later tick with the result, if the room still runs; with None for one that is not plain
                data, which the log says.
            failed: Called with `WorkFailed` when no call has succeeded; None: the log says so.
            timeout_s: How long one call may take, in seconds.
            tries: How often the function is called at most, 1 to 100. After a restart it is counted anew.

        Returns:
            The id: 32 hexadecimal digits that nobody can guess.

        Raises:
            TypeError: `work`, `then` or `failed` cannot be called, or a number is none; or the room lasts and one of
                the functions cannot be saved.
            ValueError: The arguments are not plain data, or too large, or a number is out of range.
        """
        self._check_call("then", then)
        self._check_call("failed", failed)
        if self.lasting:
            check_effect(work)
        return self._context.effects.start(
            self.tick, work, args, then=then, failed=failed, timeout_s=timeout_s, tries=tries
        )

    @property
    def store(self) -> RoomStore:
        """What the rooms of this kind keep under keys; `store.shared` is what all kinds do."""
        return RoomStore(self._context.store_calls, self.run, self._context.store_scope)

    def move(self, player: Player[A, D], to: Destination, *, params: Mapping[str, Any] | None = None) -> None:
        """Move a participant to another room, with its link. It leaves here once its seat there is certain, at a later
        tick; until then it plays on. If it gets no seat, it stays and `on_move_failed` is called.

        Args:
            player: Who moves, connected or not.
            to: The id of a room, `NewRoom(kind, options)`, or `AnyRoom(kind)`.
            params: What its `player.params` has there, beyond what it has here.

        Raises:
            TypeError: `to` is none of these, or `params` is no map.
            ValueError: `params` are not plain data.
        """
        self._context.moves.start([player], to, params)

    def move_all(
        self,
        to: Destination,
        *,
        players: Iterable[Player] | None = None,
        params: Mapping[str, Any] | Callable[[Player], Mapping[str, Any]] | None = None,
    ) -> None:
        """Move several participants to one room, all of them or none: as `move`.

        Args:
            to: The id of a room, `NewRoom(kind, options)`, or `AnyRoom(kind)`.
            players: Who moves; None: everyone in the room, spectators too.
            params: What their `player.params` have there, beyond what they have here: the same for all, or what a
                function returns for each of them.

        Raises:
            TypeError: `to` is none of these, or `params` is no map and no function that returns one.
            ValueError: `params` are not plain data.
        """
        moving = [*self.players, *self.spectators] if players is None else list(players)
        if moving:
            self._context.moves.start(moving, to, params)

    def lock(self, locked: bool = True) -> None:
        """Lock the room: nobody new can join, but with a reservation. Whoever has lost its link may still resume.

        Args:
            locked: False unlocks it.
        """
        self._context.lock(locked)

    def set_visibility(self, visibility: str) -> None:
        """Say who finds this room.

        Args:
            visibility: "public": everyone; "unlisted": who has its code or id; "private": who has a reservation.

        Raises:
            ValueError: `visibility` is none of these.
        """
        self._context.set_visibility(visibility)

    def reserve(self, *, role: Role = Role.PLAYER, subject: str | None = None, seconds: float = 30.0) -> bytes | None:
        """Keep a seat for somebody who is still to come, also while the room is locked or private.

        Args:
            role: Player or spectator.
            subject: Whose it is: the `sub` of the client's token. None: whoever has the reservation.
            seconds: For how long, above 0 and at most a day.

        Returns:
            The reservation, 16 bytes that nobody can guess: a client joins with it and this room's id. The same one
            again leads to the same seat. None when no seat is free.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: It cannot be for so many seconds.
        """
        check_reservation(role, subject, seconds)
        return self._context.reserve(role, subject, seconds)

    def cancel_reservation(self, reservation: bytes) -> bool:
        """Keep a seat no longer. Whoever has taken it stays.

        Args:
            reservation: What `reserve` returned.

        Returns:
            Whether it was kept until now.

        Raises:
            TypeError: `reservation` is no bytes.
        """
        if not isinstance(reservation, bytes):
            raise TypeError(f"reservation is {reservation!r}; write what reserve returned")
        return self._context.cancel_reservation(reservation)

    def backfill(
        self,
        queue: str,
        seats: int | Sequence[int] | None = None,
        *,
        skill: float = 0.0,
        pool: str = "",
        region: str | None = None,
    ) -> None:
        """Have a queue send players into free seats from now on, also while the room is locked or private. Whenever
        fewer seats are taken than `seats` says, the room asks; it asks for as many as are missing, and for nobody while
        none is. Another call replaces this one; `cancel_backfill`, or the end of the room, ends it.

        Who comes has the queue's room as `player.came_from`, and asks `on_auth` like everyone.

        Args:
            queue: The kind of the queue.
            seats: How many seats are to be taken in all; None: all that the room has. With teams, how many seats each
                has, such as `(2, 2)`: by the parameter `team`, which who comes from a queue has among its `params`.
            skill: The skill that fits, in the queue's measure.
            pool: Only players of this pool come: by default their parameter `mode`.
            region: Where the room is, as the queue's players name regions; None: they are not asked.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is out of range.
        """
        self._context.ask_for_players(backfill_request(queue, seats, skill, pool, region))

    def cancel_backfill(self) -> None:
        """Ask no queue for players any more. Who is on the way already still comes. Idempotent."""
        self._context.ask_for_players(None)

    def close(self, reason: str = "the room has ended") -> None:
        """End the room after this tick.

        Args:
            reason: The reason that every client gets, cut to 120 bytes.

        Raises:
            TypeError: `reason` is not a str.
        """
        self._context.close_after_tick(reason)


HOOKS: Final = tuple(name for name in vars(Room) if name.startswith("on_") or name in ("narrow_view", "migrate"))
"""What a room calls, if a class has it."""


def check_hooks(cls: type[Room[Any]]) -> None:
    """Check every hook of a room class, inherited ones included, and what it declares of events and messages.

    Raises:
        DeclarationError: One cannot be called, or a payload's type cannot be used.
    """
    for name in HOOKS:
        value, model = getattr_static(cls, name), vars(Room)[name]
        if value is not model:
            check_hook(cls.__name__, name, value, model)
    check_declarations(cls.__name__, cls._declared_events)
    check_declarations(cls.__name__, cls._declared_messages)
