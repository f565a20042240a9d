"""Checks what rules pass to the methods of a room, and says what to write instead."""

from __future__ import annotations

from collections.abc import Iterable

from gameserver.protocol.constants import Role
from gameserver.room.player import Player
from gameserver.state.entity import Entity


def check_player(name: str, value: object) -> None:
    """Accept a player or spectator.

    Raises:
        TypeError: `value` is none; `name` is the argument's.
    """
    if not isinstance(value, Player):
        raise TypeError(f"{name} is {value!r}; write one of self.players or self.spectators")


def numbers_of(to: object) -> frozenset[int]:
    """Return the numbers of players.

    Raises:
        TypeError: `to` is no list of players.
    """
    if not isinstance(to, Iterable):
        raise TypeError(f"to is {to!r}; write a list of players, such as to=[player]")
    players = list(to)
    for player in players:
        check_player("a receiver in `to`", player)
    return frozenset(player.number for player in players)


def check_reservation(role: object, subject: object, seconds: object) -> None:
    """Accept what a seat can be kept for.

    Raises:
        TypeError: One of the arguments is of the wrong type.
    """
    if not isinstance(role, Role):
        raise TypeError(f"role is {role!r}; write Role.PLAYER or Role.SPECTATOR")
    if not (subject is None or isinstance(subject, str)):
        raise TypeError(f"subject is {subject!r}; write the `sub` of a token, or None")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise TypeError(f"seconds is {seconds!r}; write a number")


def check_entity(value: object) -> None:
    """Accept an entity.

    Raises:
        TypeError: `value` is none.
    """
    if not isinstance(value, Entity):
        raise TypeError(f"entity is {value!r}; write one that spawn returned")


def check_entity_class(value: object) -> None:
    """Accept a class of entities.

    Raises:
        TypeError: `value` is none.
    """
    if not (isinstance(value, type) and issubclass(value, Entity)):
        raise TypeError(f"entity_type is {value!r}; write the class itself, such as Ship")
