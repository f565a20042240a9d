"""What a room says to a program that learns: how much a player has earned, and whether the game is over for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.player import Player
    from gameserver.room.room import Room

Reward: TypeAlias = "Callable[[Any, Player], float]"
"""What a player has earned in this tick: called with the room and the player."""
Terminated: TypeAlias = "Callable[[Any, Player], bool]"
"""Whether the game is over for a player: called with the room and the player."""


class RewardingRoom(Protocol):
    """The methods that an environment looks for in your room class. Servers never call them."""

    def reward(self, player: Player) -> float:
        """Return what a player has earned in this tick. An environment's step adds up those of its ticks.

        Called after the rules of each tick, for each player whose game is not over. It must not change the room.

        Args:
            player: The player.

        Returns:
            Any finite number.
        """

    def terminated(self, player: Player) -> bool:
        """Return whether the game is over for a player. You may leave this method out: then it is over when the room
        ends, or when the rules remove the player.

        Called after `reward`.

        Args:
            player: The player.

        Returns:
            Whether this was its last tick.
        """


def reward_of(room_class: type[Room[Any]], given: Reward | None) -> Reward:
    """Return what computes a reward: the argument of an environment, or else the room's own method.

    Raises:
        ValueError: There is neither.
    """
    found = getattr(room_class, "reward", None) if given is None else given
    if not callable(found):
        name = room_class.__name__
        raise ValueError(
            f"{name} has no reward: write a method reward(self, player) in it, or give the environment "
            "reward=function, which is called with the room and a player"
        )
    return found


def terminated_of(room_class: type[Room[Any]], given: Terminated | None) -> Terminated:
    """Return what says whether the game is over for a player, likewise; without either, it never is."""
    found = getattr(room_class, "terminated", None) if given is None else given
    return found if callable(found) else _never


def _never(room: object, player: object) -> bool:
    return False
