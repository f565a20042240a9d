"""Who may open a link. An authenticator gets the client's token and the request's head, before the upgrade."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.net.head import Head


class AuthRefused(Exception):
    """The client is not let in. Answered with HTTP 401 (no token, or one that may be renewed) or 403 (not this one, ever)."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Authenticator(Protocol):
    """An operator's own check, or `JwtAuthenticator`."""

    async def __call__(self, token: str | None, head: Head, /) -> Mapping[str, object]:
        """Return the claims that the room gets to see, or raise AuthRefused. `token` is None when the client sent none."""
        ...
