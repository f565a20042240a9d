"""Events that a client tells ahead of the server, because its own action is going to cause them: the server's own is
then not told again, and one that does not come in time is withdrawn. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.protocol.messages import Event

EXPECT_FOR_S = 1.0
"""Unless told otherwise: several round trips on any link that one can play on."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One of them. `match`: whether an event of that name with this payload is it."""

    name: str
    payload: Any
    match: Callable[[Any], bool]
    until_s: float


class ExpectedEvents:
    """Those that have not come yet, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Expected] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, expected: Expected) -> None:
        """This one was told."""
        self._waiting.append(expected)

    def claim(self, event: Event) -> bool:
        """Return whether the server's event is one that was told already; it is then no longer waited for."""
        for place, expected in enumerate(self._waiting):
            if expected.name == event.name and expected.match(event.payload):
                del self._waiting[place]
                return True
        return False

    def take_overdue(self, now_s: float) -> list[Expected]:
        """Return those that did not come in time; they are no longer waited for."""
        overdue = [expected for expected in self._waiting if expected.until_s <= now_s]
        self._waiting = [expected for expected in self._waiting if expected.until_s > now_s]
        return overdue
