"""Attempts: a JOIN that is repeated because its answer was lost leads to where the first one led (protocol.md §3).

Time is an argument. The hub remembers seats, the director of several processes remembers places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.protocol import messages as m

ATTEMPT_KEPT_S: Final = 60.0
"""A client whose link broke tries again within 16 s, and again after that."""
MAX_ATTEMPTS: Final = 65_536
"""More JOINs than these in a minute push out the oldest: a bound on memory, about 20 MB."""

T = TypeVar("T")


class AttemptKey(NamedTuple):
    """What makes two JOINs the same one."""

    who: str
    """The subject of the client's token, or its address where it has none: nobody else's attempt has the same key."""
    kind: str
    role: int
    attempt: bytes


def attempt_key(message: m.Join, claims: Mapping[str, object] | None, address: str) -> AttemptKey | None:
    """Return the key of a JOIN; None for one that carries no attempt."""
    if message.attempt is None:
        return None
    subject = (claims or {}).get("sub")
    who = f"subject {subject}" if isinstance(subject, str) else f"address {address}"
    return AttemptKey(who, message.kind, int(message.role), message.attempt)


class Attempts(Generic[T]):
    """What the JOINs of the last minute led to."""

    def __init__(self, limit: int = MAX_ATTEMPTS) -> None:
        self._limit = limit
        self._found: dict[AttemptKey, tuple[float, T]] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._found)

    def find(self, key: AttemptKey | None, now_s: float) -> T | None:
        """Return what a JOIN with this key led to within the last minute; None if there was none."""
        self._drop_old(now_s)
        found = None if key is None else self._found.get(key)
        return None if found is None else found[1]

    def remember(self, key: AttemptKey | None, led_to: T, now_s: float) -> None:
        """Note what a JOIN has led to. A repetition keeps the time of the first."""
        self._drop_old(now_s)
        if key is not None:
            began_s = self._found[key][0] if key in self._found else now_s
            self._found[key] = began_s, led_to
            if len(self._found) > self._limit:
                del self._found[next(iter(self._found))]

    def _drop_old(self, now_s: float) -> None:
        while self._found:
            key = next(iter(self._found))
            if now_s - self._found[key][0] <= ATTEMPT_KEPT_S:
                return
            del self._found[key]
