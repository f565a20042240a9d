"""Behind a real nginx with TLS on a port of its own, at its root and below a path: the page, its WebSocket, the room's
step and the latency lab work, with the configuration as the guide for operators prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser.page import wait_for_ships
from tests.support.live.nginx import nginx_before, printed_locations
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.browser.page import Enter


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[str]:
    """The origin of an nginx with both of the guide's blocks, in front of an arena."""
    with (
        ServerProcess("--seed", "1", "--trusted-proxy", "127.0.0.1") as server,
        nginx_before(tmp_path, *printed_locations(server.port)) as origin,
    ):
        yield origin


@pytest.mark.parametrize("path", ["/", "/game/"])
def test_the_arena_is_played_through_a_proxy(proxied: str, path: str, enter: Enter) -> None:
    page = enter(f"{proxied}{path}", "?name=Ada", ignore_https_errors=True)
    wait_for_ships(page, 1)
    page.wait_for_function("() => arena.session().stats.predicting")
    steps = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert [step for step in steps if step.startswith(f"{proxied}{path}step/arena-")] != []
    before = page.evaluate("arena.avatar().angle")
    page.keyboard.down("KeyD")
    page.wait_for_function("angle => arena.avatar().angle !== angle", arg=before)
    page.keyboard.up("KeyD")


def test_the_lab_works_below_a_path_and_without_its_slash(proxied: str, enter: Enter) -> None:
    page = enter(f"{proxied}/game/lab", ignore_https_errors=True)
    assert page.evaluate("location.href") == f"{proxied}/game/lab/"
    # A round trip is shown once a client is in its room.
    page.wait_for_function("() => parseFloat(document.querySelector('.rtt').textContent) > 0")
