"""Connections that are not links yet: a bounded number, of which the oldest makes room for the newest."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pending:
    """Who holds a connection open without saying anything loses it first when there are too many: who means well is
    through in no time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._scopes: dict[trio.CancelScope, None] = {}  # oldest first
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._scopes)

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Hold one place. Evicted, the block is cancelled and ends with trio.TooSlowError."""
        if len(self._scopes) >= self._limit:
            oldest = next(iter(self._scopes))
            del self._scopes[oldest]
            oldest.cancel()
            self.evicted += 1
        with trio.CancelScope() as scope:
            self._scopes[scope] = None
            try:
                yield
            finally:
                self._scopes.pop(scope, None)
        if scope.cancelled_caught:
            raise trio.TooSlowError
