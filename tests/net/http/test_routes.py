"""The table of handlers: what can be in it, and how many run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.net.http.routes import FailureLines, Routes
from gameserver.net.settings import NetLimits

if TYPE_CHECKING:
    from gameserver.net.http.request import Reply, Request


async def handler(_request: Request) -> Reply:
    return "ok"


async def other(_name: str, _request: Request) -> Reply:
    return "other"


def test_each_path_has_its_methods_and_get_answers_head() -> None:
    routes = Routes()
    routes.add("GET", "/a", handler, token=True)
    routes.add("POST", "/a", partial(other, "x"), token=False)
    routes.add("DELETE", "/b", handler, token=True)
    assert routes.methods("/a") == ("GET", "HEAD", "POST")
    assert routes.methods("/b") == ("DELETE",)
    assert routes.find("/a", "HEAD") is routes.find("/a", "GET")
    assert routes.find("/a", "GET")[:2] == (handler, True)
    assert routes.find("/a", "POST").token is False
    assert routes.has("/a")
    assert not routes.has("/a/")


@pytest.mark.parametrize(
    ("method", "path", "function", "error"),
    [
        ("get", "/x", handler, ValueError),
        ("HEAD", "/x", handler, ValueError),
        ("TRACE", "/x", handler, ValueError),
        ("GET", "x", handler, ValueError),
        ("GET", "/x?y=1", handler, ValueError),
        ("GET", "/x y", handler, ValueError),
        ("GET", "/é", handler, ValueError),
        ("GET", "/taken", handler, ValueError),
        ("GET", "/x", lambda _request: "x", TypeError),
        ("GET", "/x", None, TypeError),
    ],
)
def test_what_cannot_be_a_route_is_refused_and_leaves_nothing(
    method: Any, path: str, function: Any, error: type[Exception]
) -> None:
    routes = Routes()
    routes.add("GET", "/taken", handler, token=True)
    with pytest.raises(error):
        routes.add(method, path, function, token=True)
    assert not routes.has("/x")


def test_the_number_of_handlers_is_bounded_in_all_and_for_each_address() -> None:
    routes, limits = Routes(), replace(NetLimits(), max_handlers=3, max_handlers_per_address=2)
    with routes.counted("a"), routes.counted("a"):
        busy = routes.too_many(limits, "a")
        assert busy is not None
        assert busy.status == 429
        assert routes.too_many(limits, "b") is None
        assert routes.too_many(limits, "") is None, "addresses that are not counted"
        with routes.counted("b"):
            full = routes.too_many(limits, "")
            assert full is not None
            assert full.status == 503
    assert routes.too_many(limits, "a") is None
    assert not routes._running


def test_a_handler_that_fails_again_and_again_fills_no_log() -> None:
    lines = FailureLines()
    logged = [left_out for at in range(200) if (left_out := lines.take(100.0 + at / 100)) is not None]
    assert 20 <= len(logged) <= 23
    assert logged[:20] == [0] * 20
    assert lines.take(110.0) == 200 - len(logged) - sum(logged)
