"""What a request to watch a room asks for; nothing that a client can write raises anything but RequestRefused."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.http.head import Head, RequestRefused
from gameserver.net.http.watching import (
    Cursor,
    check_sender,
    cursor_of,
    find_cursor,
    status_of,
    streams,
    watch_of,
    watches,
)
from gameserver.protocol.constants import MAX_COUNTER, RESUME_TOKEN_BYTES, CloseCode

TOKEN = bytes(range(RESUME_TOKEN_BYTES))
KNOWN = Cursor(TOKEN, 12, 3)
LATER = Cursor(TOKEN, 15, None)


def head_of(target: str, **headers: str) -> Head:
    named = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Head("GET", target, named)


@given(st.binary(min_size=24, max_size=24), st.integers(0, MAX_COUNTER), st.none() | st.integers(0, MAX_COUNTER))
def test_a_cursor_is_read_as_it_is_written(token: bytes, tick: int, event: int | None) -> None:
    cursor = Cursor(token, tick, event)
    assert cursor_of(str(cursor)) == cursor


@given(st.text())
def test_other_texts_are_no_cursor(raw: str) -> None:
    assert find_cursor(raw) is None


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60), st.text(max_size=40))
def test_whatever_is_asked_is_understood_or_refused(query: str, header: str) -> None:
    for what in ("stream", "state"):
        head = head_of(f"/api/rooms/abc/{what}?{query}", last_event_id=header, if_none_match=header)
        with suppress(RequestRefused):
            assert 0 <= watch_of(head).wait_s <= 25


@pytest.mark.parametrize(
    ("path", "is_watched", "is_stream"),
    [
        ("/api/rooms/abc/stream", True, True),
        ("/api/rooms/abc/state", True, False),
        ("/api/rooms/a%20b/state", True, False),
        ("/api/rooms//state", False, False),
        ("/api/rooms/abc/def/state", False, False),
        ("/api/rooms", False, False),
        ("/api/rooms/abc/state/", False, False),
        ("/api/rooms/" + "a" * 200 + "/state", False, False),
    ],
)
def test_paths_of_rooms(path: str, is_watched: bool, is_stream: bool) -> None:
    assert (watches(path), streams(path)) == (is_watched, is_stream)


def test_of_a_stream_the_header_counts_before_the_query_and_of_a_poll_the_query() -> None:
    query = f"?since={KNOWN}"
    assert watch_of(head_of(f"/api/rooms/a/stream{query}", last_event_id=str(LATER))).cursor == LATER
    assert watch_of(head_of(f"/api/rooms/a/stream{query}", last_event_id="junk")).cursor == KNOWN
    poll = watch_of(head_of(f"/api/rooms/a/state{query}", if_none_match=f'"{LATER}"'))
    assert (poll.cursor, poll.wants_full, poll.conditional) == (KNOWN, False, True)
    again = watch_of(head_of("/api/rooms/a/state", if_none_match=f'W/"{LATER}"'))
    assert (again.cursor, again.wants_full, again.conditional) == (LATER, True, True)
    foreign = watch_of(head_of("/api/rooms/a/state", if_none_match='"of another server"'))
    assert (foreign.cursor, foreign.conditional) == (None, False)


def test_an_image_of_another_site_takes_no_seat_and_a_link_may_be_followed() -> None:
    for site in ("cross-site", "same-site"):
        with pytest.raises(RequestRefused):
            check_sender(head_of("/api/rooms/a/state", sec_fetch_site=site, sec_fetch_mode="no-cors"))
        check_sender(head_of("/api/rooms/a/state", sec_fetch_site=site, sec_fetch_mode="navigate"))
    check_sender(head_of("/api/rooms/a/state", sec_fetch_site="same-origin", sec_fetch_mode="no-cors"))


def test_every_close_code_has_a_status() -> None:
    for code in CloseCode:
        assert status_of(code) >= HTTPStatus.BAD_REQUEST
    assert status_of(1) is HTTPStatus.BAD_REQUEST
    assert status_of(CloseCode.ROOM_NOT_FOUND) is HTTPStatus.NOT_FOUND
