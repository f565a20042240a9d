"""Request heads: one that a proxy could read in another way is refused."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.http.body import BodyReader, Progress
from gameserver.net.http.head import END_OF_HEAD, Head, RequestRefused, parse_head


def head_of(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def parse(*lines: str) -> Head:
    return parse_head(head_of(*lines))[0]


def refusal(raw: bytes) -> HTTPStatus:
    with pytest.raises(RequestRefused) as caught:
        parse_head(raw)
    return caught.value.status


def test_a_plain_request_is_read() -> None:
    head = parse("GET /a%20b?q=1 HTTP/1.1", "Host: example.org:8000", "Accept: */*", "X-A: 1")
    assert (head.method, head.target, head.path) == ("GET", "/a%20b?q=1", "/a%20b")
    assert head.one(b"x-a") == "1"
    assert head.one(b"x-b") is None
    assert head.keeps_alive
    assert not head.wants_upgrade


def test_lists_are_read_over_several_headers() -> None:
    head = parse("GET / HTTP/1.1", "Host: a", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol: ,c")
    assert head.tokens(b"sec-websocket-protocol") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("line", "keeps"), [("Connection: keep-alive", True), ("Connection: Close", False), ("X: y", True)]
)
def test_the_connection_header_decides_whether_the_connection_stays_open(line: str, keeps: bool) -> None:
    assert parse("GET / HTTP/1.1", "Host: a", line).keeps_alive is keeps


def test_http_1_0_connections_are_closed() -> None:
    assert not parse("GET / HTTP/1.0", "Host: a").keeps_alive


SMUGGLING = {
    "both framings": head_of("GET / HTTP/1.1", "Host: a", "Content-Length: 4", "Transfer-Encoding: chunked"),
    "framings the other way round": head_of(
        "GET / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Content-Length: 0"
    ),
    "two lengths": head_of("GET / HTTP/1.1", "Host: a", "Content-Length: 0", "Content-Length: 5"),
    "a signed length": head_of("GET / HTTP/1.1", "Host: a", "Content-Length: +5"),
    "a length in hexadecimal": head_of("GET / HTTP/1.1", "Host: a", "Content-Length: 0x5"),
    "chunked for HTTP/1.0": head_of("GET / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"),
    "a folded line": head_of("GET / HTTP/1.1", "Host: a", "X: 1", " Transfer-Encoding: chunked"),
    "a line folded with a tab": head_of("GET / HTTP/1.1", "Host: a", "X: 1", "\tTransfer-Encoding: chunked"),
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "a head within the head": b"GET / HTTP/1.1\r\nHost: a\n\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n",
    "space before the colon": head_of("GET / HTTP/1.1", "Host: a", "Transfer-Encoding : chunked"),
    "a NUL in a value": head_of("GET / HTTP/1.1", "Host: a", "X: a\0b"),
    "no host": head_of("GET / HTTP/1.1"),
    "two hosts": head_of("GET / HTTP/1.1", "Host: a", "Host: b"),
    "a host that is a path": head_of("GET / HTTP/1.1", "Host: a/../b"),
    "a host that is not ASCII": head_of("GET / HTTP/1.1", "Host: é"),
    "a whole URL": head_of("GET http://b/ HTTP/1.1", "Host: a"),
    "an authority": head_of("GET b:80 HTTP/1.1", "Host: a"),
    "no version": head_of("GET /"),
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_ambiguous_heads_are_refused(name: str) -> None:
    assert refusal(SMUGGLING[name]) == HTTPStatus.BAD_REQUEST


def test_an_unknown_transfer_encoding_is_not_implemented() -> None:
    raw = head_of("GET / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked")
    assert refusal(raw) == HTTPStatus.NOT_IMPLEMENTED


def test_any_body_is_too_large() -> None:
    raw = head_of("POST / HTTP/1.1", "Host: a", "Content-Length: 1")
    assert refusal(raw) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_an_empty_chunked_body_may_come_in_pieces() -> None:
    _, connection = parse_head(head_of("GET / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"))
    reader = BodyReader(connection, 0)
    for piece in (b"0", b"\r\n", b"\r"):
        reader.receive(piece)
        assert reader.read() is Progress.MORE_BYTES
    reader.receive(b"\n")
    assert reader.read() is Progress.END


@pytest.mark.parametrize(
    ("chunk", "status"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (b"zz\r\n", HTTPStatus.BAD_REQUEST),
        (b"-1\r\n", HTTPStatus.BAD_REQUEST),
        (b"0x0\r\n\r\n", HTTPStatus.BAD_REQUEST),
    ],
)
def test_chunks_with_content_and_bad_chunks_are_refused(chunk: bytes, status: HTTPStatus) -> None:
    _, connection = parse_head(head_of("GET / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"))
    reader = BodyReader(connection, 0)
    reader.receive(chunk)
    with pytest.raises(RequestRefused) as caught:
        reader.read()
    assert caught.value.status == status


def test_a_header_that_must_be_ascii_is_refused_when_it_is_read() -> None:
    head = parse("GET / HTTP/1.1", "Host: a", "Sec-WebSocket-Protocol: caf\xe9", "X: caf\xe9")
    with pytest.raises(RequestRefused):
        head.tokens(b"sec-websocket-protocol")


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_head_or_refused(data: bytes) -> None:
    try:
        head, _ = parse_head(data.replace(END_OF_HEAD, b"") + END_OF_HEAD)
    except RequestRefused:
        return
    assert head.path.startswith("/")


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=30), max_size=5))
def test_arbitrary_header_lines_are_read_or_refused(lines: list[str]) -> None:
    try:
        head = parse("GET / HTTP/1.1", "Host: a", *lines)
    except RequestRefused:
        return
    assert head.one(b"host") == "a"
