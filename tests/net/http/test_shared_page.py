"""A page that takes time to make is made once for all who ask meanwhile."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import pytest
import trio

from gameserver.net.http.responses import Response, text
from gameserver.net.http.shared_page import MAX_KEPT_S, SharedPage

if TYPE_CHECKING:
    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState

SERVER = cast("ServerState", None)
HEAD = cast("Head", None)


class Slow:
    """A page that takes a while, and says how often it was made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.made = 0

    async def __call__(self, _server: ServerState, _head: Head) -> Response:
        self.made += 1
        await trio.sleep(self.seconds)
        return text(HTTPStatus.OK, str(self.made))


async def test_all_who_ask_at_the_same_time_get_one_answer(autojump_clock: trio.testing.MockClock) -> None:
    page = Slow(0.01)
    shared = SharedPage(page)
    answers: list[bytes] = []

    async def ask() -> None:
        answers.append((await shared(SERVER, HEAD)).body)

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(ask)
    assert (page.made, set(answers)) == (1, {b"1\n"})


@pytest.mark.parametrize(("seconds", "kept_s"), [(0.01, 0.1), (5.0, MAX_KEPT_S)])
async def test_an_answer_is_kept_for_ten_times_as_long_as_it_took_and_a_second_at_most(
    seconds: float, kept_s: float, autojump_clock: trio.testing.MockClock
) -> None:
    page = Slow(seconds)
    shared = SharedPage(page)
    await shared(SERVER, HEAD)
    await trio.sleep(kept_s * 0.9)
    await shared(SERVER, HEAD)
    assert page.made == 1
    await trio.sleep(kept_s * 0.2)
    assert (await shared(SERVER, HEAD)).body == b"2\n"


async def test_one_who_leaves_while_it_is_made_leaves_it_to_the_next(autojump_clock: trio.testing.MockClock) -> None:
    page = Slow(1.0)
    shared = SharedPage(page)
    answers: list[bytes] = []

    async def leave() -> None:
        with trio.move_on_after(0.5):
            await shared(SERVER, HEAD)

    async def stay() -> None:
        await trio.sleep(0.1)
        answers.append((await shared(SERVER, HEAD)).body)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(leave)
        nursery.start_soon(stay)
    assert answers == [b"2\n"]


async def test_a_page_that_raises_is_made_anew() -> None:
    fails = True

    def page(_server: ServerState, _head: Head) -> Response:
        if fails:
            raise RuntimeError("a bug")
        return text(HTTPStatus.OK, "works")

    shared = SharedPage(page)
    with pytest.raises(RuntimeError):
        await shared(SERVER, HEAD)
    fails = False
    assert (await shared(SERVER, HEAD)).body == b"works\n"
