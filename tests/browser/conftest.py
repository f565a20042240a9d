"""A real server as a subprocess, and pages whose every complaint fails the test that caused it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from tests.support.browser.page import Enter

DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture
def duel() -> Iterator[str]:
    """Address of an arena in which ships start at known places."""
    with ServerProcess("tests.support.browser.duel:Duel", "--seed", "1") as server:
        yield server.address


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Opens pages, each in a context of its own; at the end none may have complained."""
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
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A browser reports by itself that a WebSocket could not be opened; the page has to live with that, and does.
    assert [line for line in complaints if "WebSocket connection to" not in line] == []
