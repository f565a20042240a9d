"""The table of the author's own handlers, by path and method, and how many run. No I/O."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gameserver.net.http.responses import text
from gameserver.sync.token_bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from gameserver.net.http.request import Reply, Request
    from gameserver.net.http.responses import Response
    from gameserver.net.settings import NetLimits

    Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]

ROUTE_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_FAILURE_LINES_PER_S: Final = 1.0
_FAILURE_LINES_BURST: Final = 20.0
_RETRY_SOON: Final = ("Retry-After", "1")


class FailureLines:
    """How many lines about the failures of one handler are logged: whoever makes it fail may do so again at once."""

    def __init__(self) -> None:
        self._lines = TokenBucket(_FAILURE_LINES_PER_S, _FAILURE_LINES_BURST, 0.0)
        self._left_out = 0

    def take(self, now_s: float) -> int | None:
        """Count a failure. Return how many were left out before it; None: this one is left out."""
        if not self._lines.take(1, now_s):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        return left_out


class Route(NamedTuple):
    """One handler."""

    handler: Handler
    token: bool
    """Whether its requests need a token where the operator has configured tokens."""
    failure_lines: FailureLines


class Routes:
    """The handlers, by path and method."""

    def __init__(self) -> None:
        self._table: dict[str, dict[str, Route]] = {}
        self._running: Counter[str] = Counter()
        """Handlers that run, by the limit key of their client's address."""

    def add(self, method: str, path: str, handler: Handler, *, token: bool) -> None:
        """Add a handler.

        Args:
            method: one of ROUTE_METHODS; GET also answers HEAD.
            path: exactly as in requests, without a query.
            handler: answers the requests.
            token: whether a request needs a token where the operator has configured tokens.

        Raises:
            TypeError: the handler is no async function.
            ValueError: the method or path cannot be, or has a handler.
        """
        if method not in ROUTE_METHODS:
            raise ValueError(f"method is {method!r}; write one of {', '.join(ROUTE_METHODS)}")
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise ValueError(f"path is {path!r}; write one that begins with /, such as /hooks/score, without a query")
        if not inspect.iscoroutinefunction(handler):
            raise TypeError(f"the handler of {method} {path} is {handler!r}; write an async function")
        methods = self._table.setdefault(path, {})
        if method in methods:
            raise ValueError(f"{method} {path} has a handler already")
        methods[method] = Route(handler, token, FailureLines())

    def has(self, path: str) -> bool:
        """Return whether there is a handler for a path."""
        return path in self._table

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that a path with a handler answers."""
        own = self._table[path]
        return tuple(method for method in ("GET", "HEAD", *ROUTE_METHODS[1:]) if _key(method) in own)

    def find(self, path: str, method: str) -> Route:
        """Return the route of a path and one of its methods."""
        return self._table[path][_key(method)]

    def too_many(self, limits: NetLimits, key: str) -> Response | None:
        """Return the response to a request that finds too many handlers running; None if it does not."""
        if self._running.total() >= limits.max_handlers:
            return text(HTTPStatus.SERVICE_UNAVAILABLE, "too much to do at the moment", _RETRY_SOON)
        if key and self._running[key] >= limits.max_handlers_per_address:
            return text(HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once from one address", _RETRY_SOON)
        return None

    @contextmanager
    def counted(self, key: str) -> Iterator[None]:
        """Count a handler that runs during the block; `key` is the limit key of its client's address."""
        self._running[key] += 1
        try:
            yield
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]


def _key(method: str) -> str:
    return "GET" if method == "HEAD" else method
