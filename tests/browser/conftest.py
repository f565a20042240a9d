"""A real server as a subprocess, and pages whose every complaint fails the test that caused it."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

ROOT = Path(__file__).parents[2]
GAMESERVER = Path(sysconfig.get_path("scripts")) / "gameserver"
STOP_TIMEOUT_S = 15
DESKTOP = {"width": 1280, "height": 800}

Enter = Callable[..., Page]
"""Opens the demo: `enter(url, "?name=Ada", width=…, height=…, **context options)`."""


@contextmanager
def running(*arguments: str, command: str = "run") -> Iterator[str]:
    """Run `gameserver run`, or another command that serves, on a free port; gives its address once it accepts
    connections."""
    line = [str(GAMESERVER), command, "--port", "0", *arguments]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            found = re.search(r"http://\S+", said)
            assert found, f"{said!r} names no address"
            yield found[0]
        finally:
            server.terminate()
            server.wait(STOP_TIMEOUT_S)


@pytest.fixture
def duel() -> Iterator[str]:
    """Address of an arena in which ships start at known places."""
    with running("tests.support.browser.duel:Duel", "--seed", "1") as url:
        yield url


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
