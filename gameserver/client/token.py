"""The token (a JWT) that a session's links are opened with, where the server asks for one.

No twin in the SDK: there it is a part of `connector.js`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeAlias

import trio
from trio_websocket import HandshakeError

TokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]] | None
"""A token; or a function, which may be async, that returns one and is called before each attempt; None for no token."""


class NoToken(HandshakeError):
    """The function that returns tokens has failed; it is called again before the next attempt."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"no token: {str(error) or type(error).__name__}")


class Token:
    """The token of the next links. It can be replaced while the session goes on.

    Args:
        source: Where the token comes from.
    """

    def __init__(self, source: TokenSource = None) -> None:
        self._source = source
        self._sent: str | None = None
        self._replaced = trio.Event()

    @property
    def source(self) -> TokenSource:
        """Where the token comes from. Setting it ends `wait_until_new`."""
        return self._source

    @source.setter
    def source(self, source: TokenSource) -> None:
        self._source = source
        replaced, self._replaced = self._replaced, trio.Event()
        replaced.set()

    @property
    def is_used_up(self) -> bool:
        """Whether the next link would be opened with the same token as the last one."""
        return isinstance(self._source, str) and self._source == self._sent

    async def get(self) -> str | None:
        """Return the token for one more link; None where there is none.

        Raises:
            NoToken: The function that returns it has failed.
        """
        source = self._source
        if callable(source):
            try:
                found = source()
                self._sent = await found if isawaitable(found) else found
            except Exception as error:
                raise NoToken(error) from error
        else:
            self._sent = source
        return self._sent

    async def wait_until_new(self) -> None:
        """Return when the source is set."""
        await self._replaced.wait()
