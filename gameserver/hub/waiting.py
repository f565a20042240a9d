"""What waits for something, such as links that have not joined yet: who has to go when too many do.

It is the one that has waited longest among those of the address that has most. So whoever fills all places pushes out
its own, and newcomers find one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

T = TypeVar("T", bound="Hashable")


class Waiting(Generic[T]):
    """A bounded set of items, each with the limit key of its address ("": it is not limited)."""

    def __init__(self, limit: float, limit_each: float = math.inf) -> None:
        """Allow `limit` items at once, and `limit_each` of one limit key other than ""."""
        self._limit = limit
        self._limit_each = limit_each
        self._keys: dict[T, str] = {}
        self._by_key: dict[str, dict[T, None]] = {}  # each in the order in which they have waited longest

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, item: T) -> bool:
        return item in self._keys

    def count(self, key: str) -> int:
        """Return how many items of one limit key wait."""
        return len(self._by_key.get(key, ()))

    def add(self, item: T, key: str) -> T | None:
        """Add an item, which has waited for no time yet.

        Returns:
            The item that had to go for it, removed; None if there was a place.
        """
        pushed_out = None
        if key and self.count(key) >= self._limit_each:
            pushed_out = self.pop(key)
        elif len(self._keys) >= self._limit:
            pushed_out = self.pop()
        self._keys[item] = key
        self._by_key.setdefault(key, {})[item] = None
        return pushed_out

    def touch(self, item: T) -> None:
        """Count the item's waiting from now on, if it is one."""
        key = self._keys.get(item)
        if key is not None:
            own = self._by_key[key]
            del own[item]
            own[item] = None

    def replace(self, item: T, other: T) -> None:
        """Let another one wait in place of an item, if that does: at the end of the queue of its address."""
        key = self._keys.get(item)
        if key is not None:
            self.discard(item)
            self.add(other, key)

    def discard(self, item: T) -> None:
        """Remove an item; one that is not there, without effect."""
        key = self._keys.pop(item, None)
        if key is not None:
            own = self._by_key[key]
            del own[item]
            if not own:
                del self._by_key[key]

    def pop(self, key: str | None = None) -> T | None:
        """Remove and return the item that has to go: among all, or among those of one address. None without any."""
        own = max(self._by_key.values(), key=len, default=None) if key is None else self._by_key.get(key)
        if own is None:
            return None
        oldest = next(iter(own))
        self.discard(oldest)
        return oldest
