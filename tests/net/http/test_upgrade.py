"""Which requests become a WebSocket: the checks of protocol.md §1."""

from __future__ import annotations

import functools
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgpack
import msgspec
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.http.auth import AuthRefused, check_claims
from gameserver.net.http.head import Head, RequestRefused, parse_head
from gameserver.net.http.upgrade import Accepted, LinkRefused, check_upgrade, find_token
from gameserver.net.settings import NetSettings
from gameserver.protocol.constants import MAX_REASON_BYTES, CloseCode

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Host": "example.org",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Protocol": "gameserver.v1",
}

TEXT = st.text(st.characters())  # lone surrogates too
CLAIM = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
DEEP: list[Any] = functools.reduce(lambda inner, _: [inner], range(16), list[Any]())

settings_of = functools.partial(NetSettings, host_names=("example.org",))


def request(changes: Mapping[str, str | None] | None = None, first: str = "GET /ws HTTP/1.1") -> Head:
    """A good upgrade request with some headers changed or, if None, left out."""
    headers = {**GOOD, **(changes or {})}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return parse_head("\r\n".join((first, *lines, "", "")).encode("latin-1"))[0]


async def refusal(head: Head, settings: NetSettings | None = None) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        await check_upgrade(head, settings or settings_of())
    return caught.value


async def test_a_good_request_is_let_in() -> None:
    accepted = await check_upgrade(request(), settings_of())
    assert accepted == Accepted(KEY, "gameserver.v1", None)
    assert accepted.refusal is None


@pytest.mark.parametrize(
    ("changes", "first", "status"),
    [
        ({}, "HEAD /ws HTTP/1.1", 400),
        ({}, "GET /ws HTTP/1.0", 400),
        ({"Connection": "keep-alive"}, None, 400),
        ({"Connection": None}, None, 400),
        ({"Sec-WebSocket-Version": "8"}, None, 426),
        ({"Sec-WebSocket-Version": None}, None, 426),
        ({"Sec-WebSocket-Key": None}, None, 400),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, None, 400),
        ({"Sec-WebSocket-Key": "not base64 at all!!!!!!!"}, None, 400),
        ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZ\xe9=="}, None, 400),
        ({"Sec-WebSocket-Protocol": None}, None, 400),
        ({"Sec-WebSocket-Protocol": "chat, superchat"}, None, 400),
        ({"Sec-WebSocket-Protocol": "gameserver.v1, caf\xe9"}, None, 400),
        ({"Sec-WebSocket-Extensions": "caf\xe9"}, None, 400),
        ({"Connection": "Upgrade, caf\xe9"}, None, 400),
        ({"Origin": "https://evil.example"}, None, 403),
        ({"Origin": "null"}, None, 403),
        ({"Origin": "http://example.org:8080"}, None, 403),
        ({"Origin": "http://example.org.evil.example"}, None, 403),
        ({"Origin": "http://[::1"}, None, 403),
        ({"Origin": ""}, None, 403),
        ({"Origin": "http:"}, None, 403),
        ({"Origin": "http://"}, None, 403),
        ({"Origin": "://example.org"}, None, 403),
        ({"Origin": "example.org"}, None, 403),
        ({"Origin": "data:x"}, None, 403),
        ({"Origin": "javascript:"}, None, 403),
        ({"Origin": "javascript://example.org"}, None, 403),
        ({"Origin": "file://"}, None, 403),
        ({"Origin": "ftp://example.org"}, None, 403),
        ({"Origin": "http://example.org, http://example.org"}, None, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, None, 421),
        ({"Host": "evil.example:8000"}, None, 421),
        ({"Host": "127.0.0.1.evil.example"}, None, 421),
        ({"Host": "localhost.evil.example"}, None, 421),
        ({"Host": "evillocalhost"}, None, 421),
        ({"Host": "2130706433"}, None, 421),
        ({"Origin": "caf\xe9"}, None, 400),
    ],
)
async def test_a_bad_request_is_refused_with_its_status(
    changes: dict[str, str | None], first: str | None, status: int
) -> None:
    refused = await refusal(request(changes, first or "GET /ws HTTP/1.1"))
    assert refused.status == status


async def test_a_wrong_websocket_version_is_answered_with_the_right_one() -> None:
    assert ("Sec-WebSocket-Version", "13") in (await refusal(request({"Sec-WebSocket-Version": "8"}))).headers


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("example.org", "http://example.org"),
        ("example.org", "https://example.org"),
        ("example.org:8000", "http://example.org:8000"),
        ("example.org:443", "https://example.org"),
        ("EXAMPLE.org", "http://example.ORG"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
async def test_the_server_s_own_pages_may_connect(host: str, origin: str) -> None:
    await check_upgrade(request({"Host": host, "Origin": origin}), settings_of())


async def test_pages_of_allowed_origins_may_connect_and_no_others() -> None:
    settings = settings_of(origins=("https://game.example",))
    await check_upgrade(request({"Origin": "https://game.example"}), settings)
    assert (await refusal(request({"Origin": "http://game.example"}), settings)).status == HTTPStatus.FORBIDDEN
    await check_upgrade(request({"Origin": "https://any.example"}), settings_of(origins=("*",)))


async def test_the_supported_version_is_chosen_among_those_offered() -> None:
    head = request({"Sec-WebSocket-Protocol": "gameserver.v9, gameserver.v1"})
    assert (await check_upgrade(head, settings_of())).subprotocol == "gameserver.v1"


async def link_refusal(head: Head, settings: NetSettings | None = None, *, draining: bool = False) -> LinkRefused:
    with pytest.raises(LinkRefused) as caught:
        await check_upgrade(head, settings or settings_of(), draining=draining)
    return caught.value


async def test_another_version_is_accepted_under_its_own_name_and_closed() -> None:
    refused = await link_refusal(request({"Sec-WebSocket-Protocol": "chat, gameserver.v2"}))
    assert refused.accepted.subprotocol == "gameserver.v2"
    assert refused.accepted.refusal == (CloseCode.UNSUPPORTED_VERSION, "this server speaks gameserver.v1")


async def test_a_draining_server_says_when_to_come_back() -> None:
    refused = await link_refusal(request(), draining=True)
    assert refused.accepted.refusal == (CloseCode.GOING_AWAY, "retry in 2 s")
    with pytest.raises(RequestRefused) as caught:
        await check_upgrade(request({"Sec-WebSocket-Protocol": "chat"}), settings_of(), draining=True)
    assert caught.value.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert ("Retry-After", "2") in caught.value.headers


async def test_a_page_of_another_origin_reads_which_and_where_it_is_allowed() -> None:
    refused = await link_refusal(request({"Origin": "https://evil.example"}))
    reason = "pages of https://evil.example may not connect here: see --origin"
    assert refused.accepted.refusal == (CloseCode.FORBIDDEN, reason)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (HTTPStatus.UNAUTHORIZED, CloseCode.UNAUTHORIZED),
        (HTTPStatus.FORBIDDEN, CloseCode.FORBIDDEN),
        (HTTPStatus.PAYMENT_REQUIRED, CloseCode.FORBIDDEN),
        (HTTPStatus.TOO_MANY_REQUESTS, CloseCode.UNAVAILABLE),
        (HTTPStatus.SERVICE_UNAVAILABLE, CloseCode.UNAVAILABLE),
        (HTTPStatus.BAD_GATEWAY, CloseCode.UNAVAILABLE),
    ],
)
async def test_an_authenticator_s_refusal_is_a_close_code_for_clients_of_this_protocol(
    status: HTTPStatus, code: CloseCode
) -> None:
    async def refuse(_token: str | None, _head: Head) -> dict[str, object]:
        raise AuthRefused("no " * 100, status)

    settings = settings_of(authenticator=refuse)
    refusal_sent = (await link_refusal(request(), settings)).accepted.refusal
    assert refusal_sent is not None
    assert refusal_sent.code is code
    assert refusal_sent.reason.startswith("no no")
    assert len(refusal_sent.reason.encode()) <= MAX_REASON_BYTES
    with pytest.raises(RequestRefused) as caught:
        await check_upgrade(request({"Sec-WebSocket-Protocol": "chat"}), settings)
    assert not isinstance(caught.value, LinkRefused)
    assert caught.value.status is status


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"name": "\ud800"}, "a text in them is not valid Unicode"),
        ({"\udfff": 1}, "a text in them is not valid Unicode"),
        ({"deep": [{"name": "a\udc00"}]}, "a text in them is not valid Unicode"),
        ({"sub": 2**64}, "sub must be an integer of at most 64 bits"),
        ({"roles": [1, -(2**63) - 1]}, "roles[1] must be an integer of at most 64 bits"),
        ({"sub": float("nan")}, "sub must be a finite number"),
        ({"sub": float("inf")}, "sub must be a finite number"),
        ({"sub": {1, 2}}, "sub must be nil, a bool, a number"),
        ({"sub": {1: 2}}, "sub{0} must be a str as key"),
        ({"sub": DEEP}, "must be nested less"),
    ],
    ids=str,
)
async def test_claims_that_cannot_be_carried_are_refused_at_the_door(claims: dict[Any, Any], reason: str) -> None:
    async def check(_token: str | None, _head: Head) -> dict[str, object]:
        return claims

    settings = settings_of(authenticator=check)
    refusal_sent = (await link_refusal(request(), settings)).accepted.refusal
    assert refusal_sent is not None
    assert refusal_sent.code is CloseCode.FORBIDDEN
    assert reason in refusal_sent.reason


@given(st.dictionaries(st.text(), st.recursive(CLAIM, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))))
def test_claims_that_are_let_in_can_be_carried(claims: dict[str, Any]) -> None:
    with suppress(AuthRefused):
        accepted = check_claims(claims)
        assert msgpack.unpackb(msgpack.packb(accepted)) == claims
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(accepted)) == claims


async def test_an_authenticator_that_raises_or_hangs_is_not_available(autojump_clock: trio.testing.MockClock) -> None:
    async def check(token: str | None, _head: Head) -> dict[str, object]:
        if token == "bug":
            raise RuntimeError("a bug of the operator's")
        if token == "exit":
            raise BaseExceptionGroup("of a nursery", [SystemExit(3)])
        await trio.sleep_forever()
        return {}

    settings = settings_of(authenticator=check)
    bug = await link_refusal(request({"Authorization": "Bearer bug"}), settings)
    assert isinstance(bug.__cause__, RuntimeError)
    exit_ = await link_refusal(request({"Authorization": "Bearer exit"}), settings)
    assert isinstance(exit_.__cause__, BaseExceptionGroup)
    hang = await link_refusal(request({"Authorization": "Bearer hang"}), settings)
    assert hang.__cause__ is None
    assert trio.current_time() == pytest.approx(settings.limits.upgrade_timeout_s)
    for refused in (bug, hang):
        assert refused.accepted.refusal is not None
        assert refused.accepted.refusal.code is CloseCode.UNAVAILABLE


async def test_the_head_for_trio_websocket_has_checked_values_only() -> None:
    head = request({"Host": "xn--0.example", "Sec-WebSocket-Protocol": "gameserver.v1, token.secret", "X": "\xe9"})
    raw = (await check_upgrade(head, settings_of(host_names=("*",)))).request_head()
    assert b"secret" not in raw
    assert b"xn--" not in raw
    assert raw.isascii()
    assert parse_head(raw)[0].one(b"sec-websocket-protocol") == "gameserver.v1"


@pytest.mark.parametrize(
    ("changes", "token"),
    [
        ({}, None),
        ({"Sec-WebSocket-Protocol": "gameserver.v1, token.abc"}, "abc"),
        ({"Authorization": "Bearer abc"}, "abc"),
        ({"Authorization": "bearer  abc"}, "abc"),
        ({"Authorization": "Basic abc"}, None),
        ({"Authorization": "Bearer abc", "Sec-WebSocket-Protocol": "gameserver.v1, token.abc"}, "abc"),
    ],
)
def test_the_token_is_found_in_either_header(changes: dict[str, str], token: str | None) -> None:
    assert find_token(request(changes)) == token


async def test_two_tokens_are_refused() -> None:
    head = request({"Authorization": "Bearer a", "Sec-WebSocket-Protocol": "gameserver.v1, token.b"})
    with pytest.raises(RequestRefused):
        find_token(head)


async def test_an_authenticator_returns_claims_or_refuses() -> None:
    async def only_ada(token: str | None, head: Head) -> dict[str, object]:
        assert head.path == "/ws"
        if token is None:
            raise AuthRefused("no token")
        if token != "ada":
            raise AuthRefused("another user", HTTPStatus.FORBIDDEN)
        return {"sub": token}

    settings = settings_of(authenticator=only_ada)
    accepted = await check_upgrade(request({"Authorization": "Bearer ada"}), settings)
    assert accepted.claims == {"sub": "ada"}
    missing = await refusal(request(), settings)
    assert missing.status == HTTPStatus.UNAUTHORIZED
    assert ("WWW-Authenticate", "Bearer") in missing.headers
    assert (await refusal(request({"Authorization": "Bearer bob"}), settings)).status == HTTPStatus.FORBIDDEN


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(st.characters(max_codepoint=255), max_size=20)))
async def test_arbitrary_header_values_are_let_in_or_refused(changes: dict[str, str]) -> None:
    try:
        accepted = await check_upgrade(request(changes), settings_of())
    except RequestRefused:
        return
    assert accepted.request_head().isascii()
