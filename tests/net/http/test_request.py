"""What a handler gets of a request, and what its reply is over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
import numpy as np
import pytest

from gameserver.net.http.head import Head
from gameserver.net.http.policy import AUTHOR
from gameserver.net.http.request import BodyInvalid, Request, Response, request_of, response_of


class Score(msgspec.Struct):
    player: str
    points: int


def request(body: bytes = b"", target: str = "/a", *headers: tuple[bytes, bytes]) -> Request:
    return request_of(Head("POST", target, headers), body, None, "192.0.2.1")


def test_query_and_headers_are_read_as_they_are_usually_meant() -> None:
    got = request(b"", "/a?x=1&y=%C3%A9+b&x=2&z", (b"x-a", b"1"), (b"x-a", b"2"), (b"x-b", b"caf\xe9"))
    assert (got.path, got.query) == ("/a", {"x": "2", "y": "é b", "z": ""})
    assert got.headers == {"x-a": "1, 2", "x-b": "caf\xe9"}
    assert got.address == "192.0.2.1"


def test_json_is_checked_against_what_is_asked_for() -> None:
    assert request(b'{"player": "Ada", "points": 3}').json(Score) == Score("Ada", 3)
    assert request(b"[1, 2]").json() == [1, 2]
    with pytest.raises(BodyInvalid, match=r"Expected `int`, got `str` - at `\$.points`"):
        request(b'{"player": "Ada", "points": "3"}').json(Score)


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b"[" * 100_000, b"NaN"])
def test_what_is_no_json_is_invalid(body: bytes) -> None:
    with pytest.raises(BodyInvalid):
        request(body).json()


def test_text_is_utf_8() -> None:
    assert request("é".encode()).text() == "é"
    with pytest.raises(BodyInvalid):
        request(b"\xff").text()


@pytest.mark.parametrize(
    ("reply", "status", "body", "content_type"),
    [
        (None, 204, b"", "text/plain; charset=utf-8"),
        ("é", 200, "é".encode(), "text/plain; charset=utf-8"),
        (b"\x00", 200, b"\x00", "application/octet-stream"),
        ({"a": np.int64(1)}, 200, b'{"a":1}\n', "application/json"),
        ([1, None], 200, b"[1,null]\n", "application/json"),
        (Score("Ada", 3), 200, b'{"player":"Ada","points":3}\n', "application/json"),
        (Response(), 200, b"", "text/plain; charset=utf-8"),
        (Response("no", 404), 404, b"no", "text/plain; charset=utf-8"),
        (Response({"a": 1}, 201, "application/problem+json"), 201, b'{"a":1}\n', "application/problem+json"),
        (Response("x", 204), 204, b"", "text/plain; charset=utf-8"),
    ],
)
def test_replies_become_responses(reply: Any, status: int, body: bytes, content_type: str) -> None:
    response = response_of(reply, AUTHOR)
    assert (response.status, response.body, response.content_type) == (status, body, content_type)


@pytest.mark.parametrize("reply", [5, True, object(), {"a": object()}, {"a": Score}])
def test_what_is_no_reply_is_an_error_and_not_a_guess(reply: Any) -> None:
    with pytest.raises(TypeError):
        response_of(reply, AUTHOR)


def test_a_text_that_is_not_unicode_is_an_error() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        response_of("\ud800", AUTHOR)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"status": 99}, "99"),
        ({"status": 101}, "101"),
        ({"status": 299}, "299"),
        ({"headers": {"X-A": "a\r\nSet-Cookie: b"}}, "X-A"),
        ({"headers": {"X A": "a"}}, "X A"),
        ({"headers": {"X-A": "\u20ac"}}, "X-A"),
        ({"headers": {"Content-Length": "5"}}, "Content-Length"),
        ({"headers": {"transfer-encoding": "chunked"}}, "transfer-encoding"),
        ({"headers": {"Access-Control-Allow-Origin": "*"}}, "Access-Control-Allow-Origin"),
        ({"content_type": "text/html\r\nX: 1"}, "content_type"),
    ],
)
def test_a_response_that_cannot_be_sent_cannot_be_made(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Response("x", **settings)


def test_a_page_gets_the_policy_of_the_authors_pages_and_all_else_the_strict_one() -> None:
    page = response_of(Response("<script>x()</script>", content_type="text/html; charset=utf-8"), AUTHOR)
    assert any(name == "Content-Security-Policy" and "sha256-" in value for name, value in page.policy)
    plain = response_of("<script>", AUTHOR)
    assert ("X-Content-Type-Options", "nosniff") in plain.policy


def test_own_headers_take_the_place_of_the_servers() -> None:
    own = {"Cache-Control": "max-age=60", "content-security-policy": "default-src 'none'", "X-A": "1"}
    response = response_of(Response("x", headers=own), AUTHOR)
    head = response.head(closes=False, date_s=0.0).decode().lower()
    assert head.count("cache-control") == head.count("content-security-policy") == 1
    assert "cache-control: max-age=60" in head
    assert "x-a: 1" in head
    assert response.status is HTTPStatus.OK
