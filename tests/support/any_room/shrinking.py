"""Cuts a trace that shows a fault down to a short one that shows a fault of the same kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.any_room.traces import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAIN_GAME: dict[str, Any] = {"interest": None, "narrow": None, "records": False, "inputs": {}, "resume_grace_s": None}
PLAIN_INTEREST: dict[str, Any] = {"tiers": {}, "bytes_per_s": None, "types": {}, "leave_radius": None}
PLAIN_VIEWER: dict[str, Any] = {"latency": 0, "capacity": 100, "draws": False}


class Shrinking:
    """Tries shorter traces.

    Args:
        trace: A trace that shows the fault.
        shows: Whether another trace shows a fault of the same kind.
        tries: How many traces to try at most.
    """

    def __init__(self, trace: Trace, shows: Callable[[Trace], bool], tries: int) -> None:
        self.trace = trace
        self._shows = shows
        self._tries = tries
        self._tried: set[str] = set()

    def run(self) -> Trace:
        """Return the shortest trace that was found."""
        while self._drop_steps() | self._drop_parts():
            pass
        return self.trace

    def _try(self, trace: Trace) -> bool:
        """Take over a trace if it shows the fault."""
        text = trace.to_json()
        if len(self._tried) >= self._tries or text in self._tried:
            return False
        self._tried.add(text)
        if self._shows(trace):
            self.trace = trace
            return True
        return False

    def _drop_steps(self) -> bool:
        """Leave out steps, many at once at first. Return whether any could be left out."""
        before = len(self.trace.steps)
        size = max(1, before // 2)
        while size:
            end = len(self.trace.steps)
            while end > 0:
                start = max(0, end - size)
                steps = self.trace.steps
                self._try(Trace(self.trace.game, steps[:start] + steps[end:]))
                end = start
            size //= 2
        return len(self.trace.steps) < before

    def _drop_parts(self) -> bool:
        """Leave out parts of the game, one after the other. Return whether any could be left out."""
        before = json.dumps(self.trace.game)
        while any(self._try(Trace(game, self.trace.steps)) for game in simpler_games(self.trace.game)):
            pass
        return json.dumps(self.trace.game) != before


def simpler_games(game: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield games with one thing less."""
    for plain in _plainer(game, PLAIN_GAME):
        yield plain
    if game["interest"] is not None:
        for plain in _plainer(game["interest"], PLAIN_INTEREST):
            yield {**game, "interest": plain}
    for types in _fewer_types(game["types"]):
        yield {**game, "types": types}
    for index, viewer in enumerate(game["viewers"]):
        others = game["viewers"][:index], game["viewers"][index + 1 :]
        yield {**game, "viewers": [*others[0], *others[1]]}
        for plain in _plainer(viewer, PLAIN_VIEWER):
            yield {**game, "viewers": [*others[0], plain, *others[1]]}


def _plainer(options: dict[str, Any], plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in plain.items():
        if options[key] != value:
            yield {**options, key: value}


def _fewer_types(types: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for index, spec in enumerate(types):
        others = types[:index], types[index + 1 :]
        if not all(other["columns"] for other in (*others[0], *others[1])):
            yield [*others[0], *others[1]]
        for name in spec["fields"]:
            kept = {n: f for n, f in spec["fields"].items() if name not in (n, f.get("rate_of"))}
            yield [*others[0], {**spec, "fields": kept}, *others[1]]
