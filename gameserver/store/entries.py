"""What rooms keep under keys, in a store; and how plain data is packed there."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.protocol.payload import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.store.api import Store


class StoredEntries:
    """What rooms keep under keys, in the store.

    Args:
        store: The store, which wants one call at a time.
    """

    def __init__(self, store: Store) -> None:
        self.lock = threading.Lock()
        self._store = store
        self._left: deque[Callable[[], object]] = deque()

    def get(self, scope: str, key: str) -> list[Any]:
        """Return value and version; None and 0 for a key that has nothing."""
        entry = self._store.get(scope, key)
        return [None, 0] if entry is None else [unpacked(entry.value), entry.version]

    def put(self, scope: str, key: str, value: Any, version: int | None) -> int | None:
        """Put a value. Return its version; None if the present one is not `version`."""
        return self._store.put(scope, key, packed(value), version)

    def delete(self, scope: str, key: str) -> bool:
        """Delete a key. Return whether it had something."""
        return self._store.delete(scope, key)

    def scan(self, scope: str, prefix: str, limit: int) -> list[Any]:
        """Return `[key, value, version]` of the first keys that begin so, in order."""
        return [[entry.key, unpacked(entry.value), entry.version] for entry in self._store.scan(scope, prefix, limit)]

    def finish(self, calls: Sequence[Callable[[], object]]) -> None:
        """Make the calls that a room which has ended has left behind, with the next commit."""
        self._left += calls

    def make_left(self) -> None:
        """Make them; this waits for the disk."""
        with self.lock:
            while self._left:
                self._left.popleft()()


def packed(value: object) -> bytes:
    """Plain data as bytes."""
    data: bytes = msgpack.packb(value, default=plain)
    return data


def unpacked(data: bytes) -> Any:
    """What `packed` made bytes of."""
    return msgpack.unpackb(data, strict_map_key=False)
