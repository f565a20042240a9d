"""Who is in a room, and what the room itself is doing: replicated entities that the author declares and the room fills.

    class Racer(PlayerState):
        team = Choice("red", "blue")

    class Match(RoomState):
        laps_left = Int(0, 99)

    class Race(Room):
        roster = Roster(Racer)
        state = Match(laps_left=3)

        def on_join(self, player: Player) -> None:
            self.roster[player].team = "blue"

They are entities like any other, so deltas, resume and recordings have them; but everybody always sees them, and
clients find them by what they are for (`session.roster`, `session.me`, `session.room`), whatever their classes are
called.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.entity import PLAYERS, ROOM, Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Flag, Int, Ref, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gameserver.room.player import Player
    from gameserver.state.world import World

MAX_NAME_BYTES: Final = 96
"""Enough for the 24 characters that `Player.text` reads."""


class PlayerState(Entity):
    """What everybody knows of one participant. Subclass it to declare more fields.

    The room sets all but `ready`; the rules may give another `name`.
    """

    _use = PLAYERS

    number = Int(1, MAX_CODE)
    """The participant's number in the room, as `player.number` and the client's `session` of WELCOME."""
    name = Text(MAX_NAME_BYTES)
    """What the client sent as its parameter `name`, as one line of printable text."""
    spectator = Flag()
    connected = Flag(default=True)
    """False while its link is lost and its session may resume."""
    ready = Flag()
    """The rules' own."""
    avatar: Ref[Any] = Ref()
    """The entity that it steers, or None."""


class RoomState(Entity):
    """What everybody knows of the room itself. Subclass it to declare its fields."""

    _use = ROOM


P = TypeVar("P", bound=PlayerState)


class AnyRoster:
    """A roster whatever its entries are: what `Room.roster` may be, so that type checkers know what yours is."""


class Roster(AnyRoster, Generic[P]):
    """The participants of a room, in order of joining, spectators included: one `PlayerState` for each.

    On a room class it is a declaration; on a room it has the room's participants.

    Args:
        player_state: The class of its entries.

    Raises:
        DeclarationError: It is no subclass of `PlayerState`, or kept in columns.
    """

    def __init__(self, player_state: type[P]) -> None:
        if not (isinstance(player_state, type) and issubclass(player_state, PlayerState)):
            raise DeclarationError(f"Roster({player_state!r}): write PlayerState, or your subclass of it")
        self.player_state: type[P] = player_state
        self._entries: dict[int, P] = {}

    def __getitem__(self, player: Player) -> P:
        """The entry of a participant that is in the room.

        Args:
            player: The participant.

        Returns:
            Its entry, whose fields may be set.

        Raises:
            KeyError: It is not in the room.
        """
        return self._entries[player.number]

    def __iter__(self) -> Iterator[P]:
        """Iterate over the entries, in order of joining.

        Returns:
            An iterator; who comes and goes meanwhile changes nothing about it.
        """
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        """How many participants there are, spectators included.

        Returns:
            The number.
        """
        return len(self._entries)

    def __contains__(self, player: object) -> bool:
        """Whether a participant is in the room.

        Args:
            player: The participant.

        Returns:
            True from before `on_join` until after `on_leave`.
        """
        return getattr(player, "number", None) in self._entries

    # -- what the room does --------------------------------------------------------------------------------------------

    def add(self, world: World, player: Player) -> None:
        """A participant is in the room from now on; the room calls it.

        Args:
            world: Where its entry is spawned.
            player: The participant.
        """
        self._entries[player.number] = world.spawn(
            self.player_state,
            number=player.number,
            name=player.text("name"),
            spectator=player.is_spectator,
            connected=player.connected,
            avatar=player.avatar,
        )

    def update(self, player: Player) -> None:
        """The link or the avatar of a participant has changed; the room calls it.

        Args:
            player: The participant; it may be on its way in, without an entry yet.
        """
        entry = self._entries.get(player.number)
        if entry is not None:
            entry.connected = player.connected
            entry.avatar = player.avatar

    def remove(self, world: World, player: Player) -> None:
        """A participant is gone, or has not come in after all; the room calls it.

        Args:
            world: Where its entry is.
            player: The participant.
        """
        entry = self._entries.pop(player.number, None)
        if entry is not None:
            world.despawn(entry)


def saved_roster(roster: Roster[Any]) -> list[list[int]]:
    """Return the entries of a roster as plain data: the number and the entity's id of each participant."""
    return [[number, entry.id] for number, entry in roster._entries.items()]


def restore_roster(roster: Roster[Any], saved: Any, entities: Mapping[int, Entity]) -> None:
    """Go on with the entries of a checkpoint."""
    roster._entries = {number: entities[entity_id] for number, entity_id in saved}


def new_roster(declared: AnyRoster | None) -> Roster[Any] | None:
    """Return the empty roster of a new room whose class declares this one; None: it declares none."""
    return Roster(declared.player_state) if isinstance(declared, Roster) else None


def new_state(declared: RoomState, world: World) -> RoomState:
    """Return the state of a new room whose class declares this one, with the same values. A declaration without fields
    is returned as it is: there is nothing to replicate."""
    if type(declared) is RoomState:
        return declared
    names = type(declared).entity_type.fields
    return world.spawn(type(declared), **copy.deepcopy({name: getattr(declared, name) for name in names}))
