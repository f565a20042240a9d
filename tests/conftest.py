"""What every test gets: Hypothesis profiles, markers by folder, no sockets outside live tests, Debian's Chromium."""

import os
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from tools.bootstrap import find_chromium

pytest_plugins = ["gameserver.testing.pytest_plugin"]

TESTS = Path(__file__).parent
LIVE_FOLDERS = frozenset({"live", "browser"})

settings.register_profile("dev", max_examples=50, deadline=None)
# The same examples at every run: a submission must not fail on what somebody else's last run did not happen to draw.
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark live and browser tests by where they stand, so that nobody can forget to."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        if folder in LIVE_FOLDERS:
            item.add_marker(getattr(pytest.mark, folder))
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def no_sockets_outside_live_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the live tests runs on values in memory; socket pairs stay, for they reach nobody."""
    if request.node.get_closest_marker("live") or request.node.get_closest_marker("browser"):
        return

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("only tests under tests/live/ and tests/browser/ may open a socket")

    for operation in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, operation, refuse)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Playwright's own browser builds are a download of its own; the system's Chromium is the one people have."""
    chromium = find_chromium(os.environ)
    if chromium is None:
        pytest.fail("no Chromium found: run `make chromium`")
    return {**browser_type_launch_args, "executable_path": chromium}
