"""Two browsers meet by a code and go from room to room together; one loads its page again; a worker is killed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live.process import ServerProcess, kill_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

ROOMS = ("tests.support.live.travel_rooms:River", "tests.support.live.travel_rooms:Lake")
PAGE = str(Path(__file__).parent / "fixtures" / "travel_page")
IN = "kind => travel.place()?.kind === kind && travel.place().x !== null && travel.session.status.state === 'joined'"


@pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "workers"])
def waters(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server whose page goes from river to lake and back."""
    with ServerProcess(*ROOMS, "--web", PAGE, *request.param) as server:
        yield server.address


def place(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("() => travel.place()")
    return found


def wait_in(kind: str, *pages: Page) -> list[dict[str, Any]]:
    """Wait until the pages are in a room of this kind and draw their boats. Return where they are."""
    for page in pages:
        page.wait_for_function(IN, arg=kind)
    return [place(page) for page in pages]


def steer(page: Page) -> None:
    """Steer, and wait until the server has moved the boat."""
    before = place(page)["x"]
    page.evaluate("() => { travel.session.controls = { way: 1 }; }")
    page.wait_for_function("x => travel.place().x > x + 3", arg=before)


def seen(page: Page, *names: str) -> list[list[Any]]:
    return [entry for entry in page.evaluate("() => travel.seen") if entry[0] in names]


def test_two_browsers_meet_by_a_code_and_travel_there_and_back_and_one_loads_its_page_again(
    waters: str, enter: Enter
) -> None:
    ada = enter(waters)
    (begun,) = wait_in("river", ada)
    bob = enter(waters, f"?code={begun['code']}")
    wait_in("river", bob)
    assert place(bob)["room"] == begun["room"]
    for number, kind in enumerate(("lake", "river", "lake", "river")):
        (ada, bob)[number % 2].evaluate("() => travel.session.send('go')")
        there = wait_in(kind, ada, bob)
        assert there[0]["room"] == there[1]["room"]
        steer(ada)
        steer(bob)
    moved = [[what, kind] for kind in ("lake", "river") * 2 for what in ("moved", "joined")]
    assert seen(ada, "moved", "joined") == seen(bob, "moved", "joined") == [["joined", "river"], *moved]
    assert {entry[1] for page in (ada, bob) for entry in seen(page, "status")} == {"connecting", "joined"}
    (before,) = wait_in("river", bob)
    bob.goto(f"{waters}?code={before['code']}")  # as a page that keeps the address up to date is loaded again
    (after,) = wait_in("river", bob)
    assert [after[key] for key in ("room", "number")] == [before[key] for key in ("room", "number")]
    ada.evaluate("() => travel.session.send('go')")
    there = wait_in("lake", ada, bob)
    assert there[0]["room"] == there[1]["room"]
    steer(bob)


def test_a_worker_is_killed_while_two_travel_and_both_come_back_into_a_room(enter: Enter) -> None:
    with ServerProcess(*ROOMS, "--web", PAGE, "--workers", "2", "--log-level", "error") as server:
        ada = enter(server.address)
        (begun,) = wait_in("river", ada)
        bob = enter(server.address)  # makes a river of its own, in the other worker
        wait_in("river", bob)
        assert place(bob)["server"] != begun["server"]
        bob.evaluate("room => travel.session.send('to', room)", begun["room"])  # to the other process
        bob.wait_for_function("room => travel.place()?.room === room && travel.place().x !== null", arg=begun["room"])
        steer(bob)
        ada.evaluate("() => travel.session.send('go')")
        kill_worker(server.address, begun["server"])
        for page in (ada, bob):
            page.wait_for_function(
                "server => travel.place()?.server !== server && travel.session.status.state === 'joined'",
                arg=begun["server"],
            )
            steer(page)
            assert "waiting" in [entry[1] for entry in seen(page, "status")]
        ada.evaluate("() => travel.session.send('go')")
        wait_in("lake", ada)
