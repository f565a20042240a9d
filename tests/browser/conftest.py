"""A real server as a subprocess, and pages: a test fails when a page logs a warning or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from tests.support.browser.page import Enter

DESKTOP = {"width": 1280, "height": 800}
GAME_IS_THERE = """() => window.arena !== undefined || document.querySelector('script[src$="start.js"]') === null"""
"""The arena's page loads its game after the first screen, so later than the page counts as loaded; others have none."""


@pytest.fixture
def duel() -> Iterator[str]:
    """The URL of an arena in which ships start at known places."""
    with ServerProcess("tests.support.browser.duel:Duel", "--seed", "1") as server:
        yield server.address


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Opens pages, each in a context of its own; at the end none may have logged a warning or an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_page(url: str, query: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url + query)
        page.wait_for_function(GAME_IS_THERE)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # The browser itself logs an error when a WebSocket cannot be opened; a page cannot prevent that.
    assert [line for line in complaints if "WebSocket connection to" not in line] == []
