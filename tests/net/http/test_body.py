"""Bodies of requests: whole in whatever pieces they come, and never more than the bound."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.http.body import BodyReader, Progress
from gameserver.net.http.head import RequestRefused, parse_head

MAX = 100


def reader_of(*lines: str, raw_method: str = "POST") -> BodyReader:
    head = "\r\n".join((f"{raw_method} / HTTP/1.1", "Host: a", *lines, "", "")).encode()
    return BodyReader(parse_head(head, lambda _head: MAX)[1], MAX)


def read_all(reader: BodyReader, pieces: list[bytes]) -> bool:
    """Feed the pieces as they are asked for. Return whether the request has ended."""
    waiting = list(pieces)
    while (progress := reader.read()) is not Progress.END:
        if progress is Progress.MORE_BYTES:
            if not waiting:
                return False
            reader.receive(waiting.pop(0))
    for piece in waiting:
        reader.receive(piece)
    return True


def chunked(parts: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.binary(max_size=MAX), st.integers(1, MAX), st.integers(1, MAX))
def test_a_body_is_the_same_in_whatever_pieces_and_chunks_it_comes(body: bytes, chunk: int, piece: int) -> None:
    for lines, sent in (
        ((f"Content-Length: {len(body)}",), body),
        (("Transfer-Encoding: chunked",), chunked(cut(body, chunk))),
    ):
        reader = reader_of(*lines)
        assert read_all(reader, cut(sent + b"GET /next", piece))
        assert bytes(reader.body) == body
        assert reader.tail == b"GET /next"


def test_a_length_above_the_bound_is_refused_before_the_body_is_read() -> None:
    with pytest.raises(RequestRefused) as caught:
        reader_of(f"Content-Length: {MAX + 1}")
    assert caught.value.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert str(MAX) in caught.value.reason
    with pytest.raises(RequestRefused):
        reader_of("Content-Length: 99999999999999999999")


@pytest.mark.parametrize("chunk", [1, 7, MAX, MAX + 1])
def test_chunks_above_the_bound_are_refused_and_not_kept(chunk: int) -> None:
    reader = reader_of("Transfer-Encoding: chunked")
    with pytest.raises(RequestRefused) as caught:
        read_all(reader, [chunked(cut(b"x" * (MAX + 1), chunk))])
    assert caught.value.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert len(reader.body) <= MAX


@pytest.mark.parametrize("sent", [b"zz\r\n", b"-1\r\n", b"5\r\nhelloX", b"ffffffffffffffffffffff\r\n"])
def test_broken_chunks_are_refused(sent: bytes) -> None:
    with pytest.raises(RequestRefused):
        read_all(reader_of("Transfer-Encoding: chunked"), [sent])


def test_what_is_cut_short_has_not_ended() -> None:
    assert not read_all(reader_of("Content-Length: 5"), [b"hell"])
    assert not read_all(reader_of("Transfer-Encoding: chunked"), [b"5\r\nhello\r\n"])


def test_a_client_that_waits_to_be_asked_for_the_body_is_known() -> None:
    assert reader_of("Content-Length: 5", "Expect: 100-continue").is_awaited
    assert not reader_of("Content-Length: 5").is_awaited
