"""The effects of rooms that have ended: kept until they are done, also in the next process.

While a room runs, its effects are a part of it. They leave it with its end, and are stored in the transaction that
removes the room.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from gameserver.room.effects import restore_effect, save_effect
from gameserver.room.outside_work import log_failed
from gameserver.room.saveable import CannotRestore, CannotSave
from gameserver.store.api import EffectUpdate, SavedEffect
from gameserver.store.entries import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Effect

log = logging.getLogger("gameserver.lasting")

MAX_LEFT: Final = 10_000
"""Effects of ended rooms in one process. More are not kept."""


class LeftEffects:
    """The effects of one process whose rooms have ended.

    Args:
        start: Starts one.
    """

    def __init__(self, start: Callable[[Effect], object]) -> None:
        self._start = start
        self._effects: dict[str, Effect] = {}
        """All that are not done, by id."""
        self._left: dict[str, SavedEffect] = {}
        """Those of them that are not stored, by id."""
        self._done: list[str] = []

    def take(self, engine: RoomEngine) -> None:
        """Take over what a room has left that has ended."""
        for effect in engine.work.left:
            if len(self._effects) >= MAX_LEFT:
                self._refuse(effect, engine.id)
                continue
            try:
                call = packed(save_effect(effect, type(engine.room).__name__))
            except CannotSave:  # in a room that nobody has promised to last
                self._start_once(effect)
                continue
            self._left[effect.id] = SavedEffect(effect.id, engine.kind.name, engine.id, call)
            self._keep(effect, engine.id)
        engine.work.left.clear()

    def _refuse(self, effect: Effect, room: str) -> None:
        """There are too many. One that runs already goes on, and is forgotten when the process ends."""
        too_many = f"{MAX_LEFT} effects of ended rooms wait already"
        if effect.runs:
            log.error("effect %s of room %s, which has ended, is not kept: %s", effect.id, room, too_many)
        else:
            log_failed(effect.id, room, too_many)

    def restore(self, saved: Iterable[SavedEffect]) -> None:
        """Take over what the process before has stored."""
        for one in saved:
            try:
                effect = restore_effect(0, unpacked(one.call))
            except CannotRestore as error:
                log.error("effect %s of room %s (%s) waits: %s", one.id, one.room, one.kind, error)
                continue
            self._keep(effect, one.room)
            self._start_once(effect)

    def _keep(self, effect: Effect, room: str) -> None:
        effect.report = partial(self._finish, effect, room)
        self._effects[effect.id] = effect

    def _finish(self, effect: Effect, room: str, result: object, error: str | None) -> None:
        effect.is_over = True
        if error is not None:
            log_failed(effect.id, room, error)
        del self._effects[effect.id]
        if self._left.pop(effect.id, None) is None:
            self._done.append(effect.id)

    def changes(self) -> EffectUpdate:
        """Return what has changed since the last call."""
        update = EffectUpdate(list(self._left.values()), self._done)
        self._left, self._done = {}, []
        return update

    def put_back(self, update: EffectUpdate) -> None:
        """What has changed could not be written. What was done meanwhile need not be written any more."""
        left = {one.id: one for one in update.left}
        self._done = [*update.done, *[one for one in self._done if one not in left]]
        self._left = {**{key: one for key, one in left.items() if key in self._effects}, **self._left}

    def note_stored(self, update: EffectUpdate) -> None:
        """What has changed is stored: effects that did not run in their rooms begin."""
        for left in update.left:
            if (effect := self._effects.get(left.id)) is not None:
                self._start_once(effect)

    def _start_once(self, effect: Effect) -> None:
        if not effect.runs:
            self._start(effect)
