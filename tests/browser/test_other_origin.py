"""A page on another origin, such as a development server's: with `--origin` it gets all that a game needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.live.folder_server import serving_folder
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.browser.page import Enter

FOLDER = Path(__file__).parent / "fixtures" / "elsewhere"


def test_a_page_of_an_allowed_origin_plays_and_predicts(enter: Enter) -> None:
    with serving_folder(FOLDER) as origin, ServerProcess("--origin", f"{origin.upper()}/") as server:
        page = enter(f"{origin}/game.html", f"?server={server.address.rstrip('/')}")
        page.wait_for_function("() => window.session?.stats.predicting")
        assert page.evaluate("rooms.rooms") == []
        notices = page.evaluate("notices")
        assert [notice for notice in notices if notice["name"] != "skipped"] == []  # a busy machine leaves ticks out


def test_a_page_of_another_origin_reads_nothing(browser: Browser) -> None:
    with (
        serving_folder(FOLDER) as origin,
        ServerProcess("--origin", "http://localhost:5173") as server,
        browser.new_context() as context,
    ):
        page = context.new_page()
        with page.expect_event("pageerror") as error:
            page.goto(f"{origin}/game.html?server={server.address.rstrip('/')}")
        assert "Failed to fetch dynamically imported module" in str(error.value)
        for path in ("api/rooms", "sdk/index.js"):
            assert page.evaluate("url => fetch(url).then(() => true, () => false)", server.address + path) is False
