"""The nginx configuration of the guide for operators: nginx takes it as printed, and it does what the text says.

tests/browser/test_proxy.py plays through it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.live.nginx import as_printed, nginx_before, printed_locations, problems
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = ("/api/rooms", "/game/api/rooms")

pytestmark = pytest.mark.live


def status_of(url: str) -> int:
    """Return the HTTP status of a page, whatever its certificate."""
    try:
        with urlopen(url, context=ssl._create_unverified_context()) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def test_nginx_takes_it_as_printed(tmp_path: Path) -> None:
    assert len(as_printed()) == 3
    assert problems(tmp_path, *as_printed()) == ""
    assert "unknown directive" in problems(tmp_path, "location / { proxy_past x; }"), "the check finds what is wrong"


def test_pages_come_through_and_what_is_for_operators_does_not(tmp_path: Path) -> None:
    with ServerProcess() as server, nginx_before(tmp_path, *printed_locations(server.port)) as origin:
        for path in ("/", "/game/", "/game/sdk/index.js", "/healthz", *(f"{path}?kind=arena" for path in ROOMS)):
            assert status_of(f"{origin}{path}") == 200, path
        for path in (
            "/metrics",
            "/game/metrics?kind=arena",
            "/m%65trics",
            *ROOMS,
            *(f"{path}?limit=9" for path in ROOMS),
        ):
            assert status_of(f"{origin}{path}") == 403, path
        assert status_of(f"http://127.0.0.1:{server.port}/metrics") == 200
