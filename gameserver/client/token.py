"""The token (a JWT) that a session's links are opened with, where the server asks for one.

No twin in the SDK: there it is a part of `connector.js`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Final, TypeAlias

import trio
from trio_websocket import HandshakeError

TokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]] | None
"""A token; or a function, which may be async, that returns one and is called before each attempt; None for no token."""


_SENDABLE: Final = re.compile(r"[\w!#$%&'*+.^`|~-]*", re.ASCII)
"""What a header can carry, and in a browser a subprotocol (RFC 9110, `token`)."""


class NoToken(HandshakeError):
    """The function that returns tokens has failed; it is called again before the next attempt."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"no token: {str(error) or type(error).__name__}")


class Token:
    """The token of the next links. It can be replaced while the session goes on.

    Args:
        source: Where the token comes from.

    Raises:
        TypeError: It is neither text nor a function.
        ValueError: It is text that no header can carry.
    """

    def __init__(self, source: TokenSource = None) -> None:
        _check(source)
        self._source = source
        self._sent: str | None = None
        self._replaced = trio.Event()

    @property
    def source(self) -> TokenSource:
        """Where the token comes from. Setting it ends `wait_until_new`."""
        return self._source

    @source.setter
    def source(self, source: TokenSource) -> None:
        _check(source)
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
                token = await found if isawaitable(found) else found
                _check_sent(token)
                self._sent = token
            except Exception as error:
                raise NoToken(error) from error
        else:
            self._sent = source
        return self._sent

    async def wait_until_new(self) -> None:
        """Return when the source is set."""
        await self._replaced.wait()


def _check(source: object) -> None:
    if not callable(source):
        _check_sent(source)


def _check_sent(source: object) -> None:
    """Check what a link is opened with."""
    if source is None:
        return
    if not isinstance(source, str):
        raise TypeError(f"token is {source!r:.40}; write a str or a function, or None")
    if not _SENDABLE.fullmatch(source):
        raise ValueError("token has letters, digits and signs such as - _ . only")
