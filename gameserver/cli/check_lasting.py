"""The part of `gameserver check` that is about rooms that last: what cannot be saved is named, with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gameserver.ops.lasting import saved_whole
from gameserver.ops.lasting_source import closures_of, place_of
from gameserver.protocol.constants import Limits
from gameserver.room.checkpoint import restore_room
from gameserver.room.saveable import CannotRestore, CannotSave
from gameserver.store.entries import unpacked
from gameserver.testing.random_play import random_play

if TYPE_CHECKING:
    from gameserver.room.room import Room
    from gameserver.testing.game import Game

TICKS: Final = 600
SAVE_EVERY: Final = 20


def check_room_lasts(room_class: type[Room[Any]], *, seed: int) -> bool:
    """Look for what cannot be saved in the source of a room that lasts, then play it at random, and save and restore it
    again and again. Print what is wrong, or how often it went well.

    Args:
        room_class: The room.
        seed: Of the random game.

    Returns:
        Whether nothing is wrong.
    """
    found = closures_of(room_class)
    for finding in found:
        print(f"cannot be saved: {finding}")
    if found:
        return False
    saves = _Saves(room_class)
    try:
        random_play(room_class, ticks=TICKS, seed=seed, each_tick=saves.make)
    except CannotSave as error:
        place = place_of(room_class, error)
        print(f"cannot be saved: {'' if place is None else f'{place}: '}{error}")
        return False
    except CannotRestore as error:
        print(f"cannot be restored: {room_class.__name__}: {error}")
        return False
    except AssertionError as error:
        print(f"cannot be played at random: {room_class.__name__}: {error}")
        return False
    print(f"{room_class.__name__}: saved and restored {saves.made} times in a random game of {TICKS} ticks")
    return True


class _Saves:
    """Saves and restores a room."""

    def __init__(self, room_class: type[Room[Any]]) -> None:
        self._room_class = room_class
        self._ticks = 0
        self.made = 0

    def make(self, game: Game) -> None:
        """Save and restore the rooms of this class, at some ticks.

        Raises:
            CannotSave: One cannot be saved.
            CannotRestore: One cannot be restored.
        """
        self._ticks += 1
        if self._ticks % SAVE_EVERY:
            return
        for engine in game.engines:
            if type(engine.room) is self._room_class:
                saved = unpacked(saved_whole(engine))
                restore_room(engine.kind, saved, limits=Limits(), welcome=_no_welcome)
                self.made += 1


def _no_welcome(*_: object) -> bytes:
    return b""
