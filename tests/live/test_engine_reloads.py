"""What a server sees of a page that is loaded again, in Firefox and WebKitGTK, which close links in their own ways.

Firefox closes a page's WebSockets, with 1001, before the page hears that it is left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.engines import engines
from tests.support.engines.engines import program_of
from tests.support.live.process import ServerProcess
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM: Final = "tests.support.live.visited_room:Visited"
GOING_AWAY_S: Final = 1.0

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]
each_engine: Final = pytest.mark.parametrize(
    "engine", [engines.firefox, engines.webkit], ids=lambda engine: engine.__name__
)


def serving(*, going_away_s: float = GOING_AWAY_S) -> ServerProcess:
    page = str(ROOT / "tests/support/engines/reload")
    graces = ("--limits.going-away-grace-s", str(going_away_s), "--limits.resume-grace-s", "60")
    return ServerProcess(ROOM, "--web", page, *graces)


def lines(server: ServerProcess, count: int) -> list[str]:
    return [server.read_line().strip() for _ in range(count)]


@each_engine
def test_a_page_that_is_loaded_again_goes_on_with_its_seat(engine: Callable[[], str | None]) -> None:
    program = program_of(engine)
    # A browser on a busy machine takes its time.
    with serving(going_away_s=60.0) as server, engines.browsing(program, server.address):
        assert lines(server, 5) == ["join 1", "loaded first 1", "suspend 1", "resume 1", "loaded again 1"]


def test_firefox_s_seat_that_is_not_kept_is_free_after_the_short_grace() -> None:
    program = program_of(engines.firefox)
    with serving() as server, engines.browsing(program, f"{server.address}?leave"):
        assert lines(server, 3) == ["join 1", "loaded first 1", "suspend 1"]
        suspended_at_s = time.monotonic()
        heard = lines(server, 1)
        while heard[-1] != "leave 1":
            heard += lines(server, 1)
        assert GOING_AWAY_S / 2 < time.monotonic() - suspended_at_s < 10 * GOING_AWAY_S
        assert set(heard) <= {"join 2", "loaded again 2", "leave 1"}


def test_webkit_s_seat_that_is_not_kept_is_free_at_once() -> None:
    program = program_of(engines.webkit)
    with serving() as server, engines.browsing(program, f"{server.address}?leave"):
        assert lines(server, 5) == ["join 1", "loaded first 1", "leave 1", "join 2", "loaded again 2"]
