"""`Room.store`: what an author keeps under keys, for other rooms and later ones.

Calls come from rules, so they wait for nothing: each runs beside the room as outside work, in the order of the calls,
and its result arrives at a later tick. A replay has the results and runs nothing.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from gameserver.protocol.codec import check_storable
from gameserver.protocol.payload import plain_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from gameserver.room.outside_work import Job, WorkFailed

    Failed: TypeAlias = Callable[[WorkFailed], object] | None
    Start: TypeAlias = Callable[..., Job]

MAX_KEY_BYTES: Final = 256
MAX_SCAN: Final = 1000
STORE_TIMEOUT_S: Final = 30.0
EVERY_KIND: Final = ""
"""The scope that all kinds of rooms share."""


class Entries(Protocol):
    """Where entries are: each has a scope, a key, a value and a version, which counts its changes from 1."""

    def get(self, scope: str, key: str) -> list[Any]:
        """Return value and version; None and 0 for a key that has nothing."""

    def put(self, scope: str, key: str, value: Any, version: int | None) -> int | None:
        """Put a value. Return its version; None if the present one is not `version`."""

    def delete(self, scope: str, key: str) -> bool:
        """Delete a key. Return whether it had something."""

    def scan(self, scope: str, prefix: str, limit: int) -> list[Any]:
        """Return `[key, value, version]` of the first keys that begin so, in order."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while calls are made, which come from several threads."""

    def finish(self, calls: Sequence[Callable[[], object]]) -> None:
        """Make the calls that a room which has ended has left behind; nobody waits for them."""


class MemoryEntries:
    """Entries that are gone with the process.

    Args:
        lock: Held while calls are made; None: they all come from one thread.
    """

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self.lock: AbstractContextManager[Any] = nullcontext() if lock is None else lock
        self._entries: dict[tuple[str, str], tuple[Any, int]] = {}

    def get(self, scope: str, key: str) -> list[Any]:
        """Return value and version; None and 0 for a key that has nothing."""
        return list(self._entries.get((scope, key), (None, 0)))

    def put(self, scope: str, key: str, value: Any, version: int | None) -> int | None:
        """Put a value. Return its version; None if the present one is not `version`."""
        before = self._entries.get((scope, key), (None, 0))[1]
        if version is not None and version != before:
            return None
        self._entries[scope, key] = value, before + 1
        return before + 1

    def delete(self, scope: str, key: str) -> bool:
        """Delete a key. Return whether it had something."""
        return self._entries.pop((scope, key), None) is not None

    def scan(self, scope: str, prefix: str, limit: int) -> list[Any]:
        """Return `[key, value, version]` of the first keys that begin so, in order."""
        found = sorted(key for of, key in list(self._entries) if of == scope and key.startswith(prefix))
        return [[key, *self._entries[scope, key]] for key in found[:limit]]

    def finish(self, calls: Sequence[Callable[[], object]]) -> None:
        """Make the calls that a room which has ended has left behind."""
        for call in calls:
            call()


class Calls:
    """The calls of one room on its store, which are made in order, whichever thread comes first."""

    def __init__(self) -> None:
        self.entries: Entries = MemoryEntries()
        """Where they go; the server puts its own here."""
        self._waiting: deque[_Call] = deque()

    def add(self, name: str, *args: Any) -> Callable[[], Any]:
        """Note a call. Return what makes it, after those before it."""
        call = _Call(self, name, args)
        self._waiting.append(call)
        return partial(self._make, call)

    def _make(self, call: _Call) -> Any:
        with self.entries.lock:
            while not call.is_made and self._waiting:
                self._waiting.popleft().make()
        return call.result()

    def leave(self) -> None:
        """The room has ended: what it has asked for is still done."""
        left = [call.make for call in self._waiting]
        self._waiting.clear()
        if left:
            self.entries.finish(left)


class _Call:
    """One call."""

    def __init__(self, calls: Calls, name: str, args: tuple[Any, ...]) -> None:
        self._calls = calls
        self._name = name
        self._args = args
        self.is_made = False
        self._result: Any = None
        self._error: Exception | None = None

    def make(self) -> None:
        """Make it. What it raises is raised by `result`."""
        self.is_made = True
        try:
            self._result = getattr(self._calls.entries, self._name)(*self._args)
        except Exception as error:  # its room gets it
            self._error = error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


class RoomStore:
    """What rooms keep under keys: `self.store` for the rooms of one kind, `self.store.shared` for those of all kinds.

    Args:
        calls: The room's.
        start: Starts outside work.
        scope: Whose keys they are.
    """

    def __init__(self, calls: Calls, start: Start, scope: str) -> None:
        self._calls = calls
        self._start = start
        self._scope = scope

    @property
    def shared(self) -> RoomStore:
        """The keys that all kinds of rooms share."""
        return RoomStore(self._calls, self._start, EVERY_KIND)

    def get(self, key: str, then: Callable[[Any, int], object], *, failed: Failed = None) -> Job:
        """Look a key up.

        Args:
            key: At most 256 bytes.
            then: Called at a later tick with the value and its version; with None and 0 if there is none.
            failed: Called with `WorkFailed` if it cannot be looked up; None: the log says so.

        Returns:
            The job; `on_auth` may return it to let a join wait for it.

        Raises:
            TypeError: The key is not a str, or `then` or `failed` cannot be called.
            ValueError: The key is too long.
        """
        if not callable(then):
            raise TypeError(f"then is {then!r}; write the function itself, such as self.loaded, without parentheses")
        return self._run(partial(give_both, then), failed, "get", check_key(key))

    def put(
        self,
        key: str,
        value: Any,
        *,
        version: int | None = None,
        then: Callable[[int | None], object] | None = None,
        failed: Failed = None,
    ) -> Job:
        """Put a value under a key.

        Args:
            key: At most 256 bytes.
            value: Plain data, as an event may carry it.
            version: Put it only if the key has this version, 0: if it has nothing; None: in any case.
            then: Called at a later tick with the new version; with None if the key has another one.
            failed: Called with `WorkFailed` if it cannot be stored; None: the log says so.

        Returns:
            The job.

        Raises:
            TypeError: The key is not a str, or `then` or `failed` cannot be called.
            ValueError: The key is too long, or the value is not plain data, or too large.
        """
        check_storable([value])
        return self._run(then, failed, "put", check_key(key), plain_payload(value), version)

    def delete(self, key: str, *, then: Callable[[bool], object] | None = None, failed: Failed = None) -> Job:
        """Delete a key.

        Args:
            key: At most 256 bytes.
            then: Called at a later tick with whether it had something.
            failed: Called with `WorkFailed` if it cannot be deleted; None: the log says so.

        Returns:
            The job.

        Raises:
            TypeError: The key is not a str, or `then` or `failed` cannot be called.
            ValueError: The key is too long.
        """
        return self._run(then, failed, "delete", check_key(key))

    def scan(self, prefix: str, then: Callable[[list[Any]], object], *, limit: int = 100, failed: Failed = None) -> Job:
        """Look up all keys that begin so.

        Args:
            prefix: What they begin with; all of them if it is empty.
            then: Called at a later tick with a list of `[key, value, version]`, in order of key.
            limit: How many at most, 1 to 1000.
            failed: Called with `WorkFailed` if it cannot be looked up; None: the log says so.

        Returns:
            The job.

        Raises:
            TypeError: The prefix is not a str, or `then` or `failed` cannot be called.
            ValueError: The prefix is too long, or the limit not within 1 to 1000.
        """
        if not 1 <= limit <= MAX_SCAN:
            raise ValueError(f"limit is {limit!r}; write a number from 1 to {MAX_SCAN}")
        return self._run(then, failed, "scan", check_key(prefix), limit)

    def _run(self, then: Callable[..., object] | None, failed: Failed, name: str, *args: Any) -> Job:
        call = self._calls.add(name, self._scope, *args)
        return self._start(call, then=then, failed=failed, timeout_s=STORE_TIMEOUT_S)


def give_both(then: Callable[[Any, int], object], found: list[Any]) -> None:
    """Call `then` with a value and its version."""
    then(*found)


def check_key(key: Any) -> str:
    """Check a key, or what keys begin with.

    Raises:
        TypeError: It is not a str.
        ValueError: It is too long, or no text that can be encoded.
    """
    if not isinstance(key, str):
        raise TypeError(f"key is {key!r}; write a text")
    if len(key.encode("utf-8", "replace")) > MAX_KEY_BYTES or not key.isprintable():
        raise ValueError(f"key is {key!r:.80}; write at most {MAX_KEY_BYTES} bytes of printable text")
    return key
