"""Makes plain data of a checkpoint into what the rules kept: the other half of `gameserver.room.saving`."""

from __future__ import annotations

import functools
import random
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.room.player import Player
from gameserver.room.saveable import CannotRestore, named
from gameserver.room.saving import set_random_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.room.outside_work import Job
    from gameserver.room.room import Room
    from gameserver.room.timers import Timer


class Loader:
    """Restores the values of one room, whose entities and participants are there already.

    Args:
        room: The room; None: there is none yet.
        objects: What `Saver.objects` held.
        tables: Finds the table of a type by its name.
        entities: By id.
        players: By number.
        timers: By number; one whose call is over is None.
        jobs: By number.
    """

    def __init__(
        self,
        room: Room[Any] | None,
        objects: Sequence[Any],
        *,
        tables: Callable[[str], Any],
        entities: Mapping[int, object],
        players: Mapping[int, Player],
        timers: Mapping[int, Timer],
        jobs: Mapping[int, Job],
    ) -> None:
        self._room = room
        self._objects = objects
        self._made: dict[int, Any] = {}
        self._parts: dict[str, Callable[[Any], Any]] = {
            "table": tables,
            "entity": entities.__getitem__,
            "player": players.__getitem__,
            "timer": timers.get,
            "job": jobs.get,
        }

    def load(self, saved: Any) -> Any:
        """Return the value that was saved.

        Raises:
            CannotRestore: It is of a class that there is no longer, or of another shape.
        """
        if not isinstance(saved, list):
            return saved
        try:
            return self._load(*saved)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise CannotRestore(f"{saved!r:.80} cannot be restored: {error}") from error

    def _load(self, word: str, *rest: Any) -> Any:
        match word:
            case "int":
                return int(rest[0])
            case "tuple":
                return tuple(map(self.load, rest))
            case "frozenset":
                return frozenset(map(self.load, rest))
            case "object":
                return self._object(rest[0])
            case "ints":
                return np.frombuffer(rest[0], "<i4").tolist()
            case "list":
                return list(rest)
            case "room":
                return self._room
            case "roster" | "state" | "listing" | "options":
                return getattr(self._room, word)
            case "entity" | "player" | "table" | "timer" | "job":
                return self._parts[word](rest[0])
        return self._load_named(word, *rest)

    def _load_named(self, word: str, first: Any, *rest: Any) -> Any:
        match word:
            case "enum":
                return named(first)[rest[0]]
            case "number":
                return np.frombuffer(rest[0], first)[0]
            case "named":
                return named(first)
            case "method":
                return getattr(self.load(first), rest[0])
            case "partial":
                args, keywords = rest
                return functools.partial(self.load(first), *map(self.load, args), **dict(self._pairs(keywords)))
        raise CannotRestore(f"the checkpoint has a {word!r}, which this version does not know")

    def _object(self, index: int) -> Any:
        if index not in self._made:
            self._make(index, *self._objects[index])
        return self._made[index]

    def _make(self, index: int, word: str, *rest: Any) -> None:
        """Make an object, and fill it after it is known: it may refer to itself."""
        made: Any
        match word:
            case "ints":
                made = self._made[index] = np.frombuffer(rest[0], "<i4").tolist()
            case "list":
                made = self._made[index] = []
                made.extend(map(self.load, rest))
            case "set":
                made = self._made[index] = set()
                made.update(map(self.load, rest))
            case "dict" | "ordered" | "default" | "counter":
                made = self._made[index] = _new_map(word, self.load(rest[0]))
                made.update(self._pairs(rest[1]))
            case "deque":
                made = self._made[index] = deque(maxlen=rest[0])
                made.extend(map(self.load, rest[1:]))
            case _:
                self._make_other(index, word, *rest)

    def _make_other(self, index: int, word: str, first: Any, *rest: Any) -> None:
        made: Any
        match word:
            case "bytearray":
                made = bytearray(first)
            case "array":
                shape, data = rest
                made = np.frombuffer(data, first).reshape(shape).copy()
            case "random":
                made = random.Random()
                set_random_state(made, first)
            case "saved":
                made = named(first).load(self.load(rest[0]))
            case "named tuple":
                made = named(first)(*map(self.load, rest))
            case "gone player":
                made = self._made[index] = object.__new__(Player)
                self.fill_player(made, first, rest[0])
            case "struct":
                made = named(first)(**{name: self.load(saved) for name, saved in rest[0]})
            case "instance":
                made = self._made[index] = object.__new__(named(first))
                self.fill(made, rest[0])
            case _:
                raise CannotRestore(f"the checkpoint has a {word!r}, which this version does not know")
        self._made[index] = made

    def fill(self, made: Any, attributes: Any) -> None:
        """Set attributes, those of a frozen class too.

        Raises:
            CannotRestore: A value cannot be restored.
        """
        for name, saved in attributes:
            object.__setattr__(made, name, self.load(saved))

    def fill_player(self, player: Player, number: int, attributes: Any) -> None:
        """Set what a participant consists of."""
        player.number = number
        player._on_avatar = player._kick = None
        self.fill(player, attributes)

    def _pairs(self, pairs: Any) -> list[tuple[Any, Any]]:
        return [(self.load(key), self.load(value)) for key, value in pairs]


def _new_map(word: str, made_by: Any) -> Any:
    if word == "default":
        return defaultdict(made_by)
    if word == "counter":
        return Counter()
    return OrderedDict() if word == "ordered" else {}
