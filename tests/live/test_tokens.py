"""Tokens that expire, over real sockets: a link is refused or closed with a reason, and the session goes on with a new
token."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver.client import JoinFailed, SessionState, connect
from gameserver.net.http.auth import TOKEN_EXPIRED, AuthRefused
from gameserver.protocol.constants import CloseCode
from tests.support.live.server import FAST, serving, until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.client import Status
    from gameserver.net.http.head import Head

LIFETIME_S = 0.6
"""Of a token. Longer than a join takes."""


class Issuer:
    """Gives out tokens, and checks them."""

    def __init__(self, lifetime_s: float = LIFETIME_S) -> None:
        self.lifetime_s = lifetime_s
        self.issued: list[float] = []

    async def issue(self) -> str:
        """Return a new token."""
        await trio.lowlevel.checkpoint()
        self.issued.append(time.time() + self.lifetime_s)
        return str(len(self.issued) - 1)

    async def check(self, token: str | None, _head: Head) -> Mapping[str, object]:
        """Be the server's authenticator."""
        if token is None:
            raise AuthRefused("a token is needed")
        expires = self.issued[int(token)]
        if expires < time.time():
            raise AuthRefused(TOKEN_EXPIRED)
        return {"sub": "ada", "exp": expires}


def join(port: int, **more: Any) -> Any:
    return connect(f"ws://127.0.0.1:{port}/ws", "meadow", **more)


@pytest.mark.parametrize("transport", ["polled", "ordinary"])
async def test_a_link_is_closed_when_its_token_expires_and_the_session_goes_on_with_a_new_one(transport: Any) -> None:
    issuer, changes = Issuer(), list[Any]()
    server_of = partial(serving, transport, authenticator=issuer.check, close_expired_after_s=0.0)
    async with (
        server_of() as server,
        join(server.port, token=issuer.issue, on_status=changes.append) as session,
    ):
        number = session.core.seat.welcome.session
        await until(lambda: len(issuer.issued) >= 3, within_s=15)
        await until(lambda: session.status.state is SessionState.JOINED)
        assert session.core.seat.welcome.session == number
        assert session.core.counters.resumes >= 1
        assert session.core.counters.joins == 1
    ends = [(change.code, change.reason) for change in changes if change.state is SessionState.WAITING]
    assert set(ends) == {(CloseCode.UNAUTHORIZED, TOKEN_EXPIRED)}
    assert server.hub.refusals.counts == {CloseCode.UNAUTHORIZED: server.counters.closes["4015"]}


async def test_a_link_outlives_its_token_unless_the_operator_asks() -> None:
    issuer = Issuer(lifetime_s=0.3)
    async with serving(authenticator=issuer.check) as server, join(server.port, token=issuer.issue) as session:
        await until(lambda: time.time() > issuer.issued[0] + 1.0)
        assert session.status.state is SessionState.JOINED
        assert len(issuer.issued) == 1


async def test_a_session_with_a_fixed_token_waits_for_a_new_one() -> None:
    issuer, changes = Issuer(), list[Any]()
    first = await issuer.issue()
    async with (
        serving(authenticator=issuer.check, close_expired_after_s=0.0) as server,
        join(server.port, token=first, on_status=changes.append) as session,
    ):
        await until(lambda: session.status.state is SessionState.WAITING)
        status: Status = session.status
        assert (status.code, status.reason, status.retry_in_s) == (CloseCode.UNAUTHORIZED, TOKEN_EXPIRED, None)
        issuer.lifetime_s = 60
        session.token = await issuer.issue()
        await until(lambda: session.status.state is SessionState.JOINED)
        assert session.core.counters.resumes == 1


@pytest.mark.parametrize("token", [None, "0"])
async def test_a_client_that_cannot_come_in_learns_why(token: str | None) -> None:
    issuer = Issuer(lifetime_s=-1.0)
    await issuer.issue()
    async with serving(authenticator=issuer.check, net_limits=FAST) as server:
        with trio.fail_after(5), pytest.raises(JoinFailed) as caught:
            async with join(server.port, token=token):
                pytest.fail("it must not join")
        assert caught.value.code == CloseCode.UNAUTHORIZED
        assert caught.value.reason == (TOKEN_EXPIRED if token else "a token is needed")
        assert server.hub.statistics()["refused"] == {"UNAUTHORIZED": 1}
