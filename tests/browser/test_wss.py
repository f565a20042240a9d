"""The page and its WebSocket over TLS, with a real certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser.page import wait_for_ships
from tests.support.live.certificates import Authority
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.browser.page import Enter


def test_a_player_plays_over_wss(enter: Enter, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with ServerProcess("--cert", str(authority.cert), "--key", str(authority.key)) as server:
        # Chromium has its own store of authorities; tests/live/test_net_tls.py checks the certificate chain.
        page = enter(server.address, "?name=Ada", ignore_https_errors=True)
        wait_for_ships(page, 1)
        assert page.evaluate("location.protocol") == "https:"
        before = page.evaluate("arena.avatar().angle")
        page.keyboard.down("KeyD")
        page.wait_for_function("angle => arena.avatar().angle !== angle", arg=before)
        page.keyboard.up("KeyD")
