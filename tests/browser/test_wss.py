"""The page and its WebSocket over TLS, with a real certificate."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trustme

from tests.browser.conftest import GAMESERVER, ROOT, STOP_TIMEOUT_S
from tests.support.browser.looking import wait_for_ships

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.conftest import Enter


@contextmanager
def running_with_tls(folder: Path) -> Iterator[str]:
    """The arena with a certificate of its own authority; gives its address."""
    certificate = trustme.CA().issue_cert("127.0.0.1")
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    line = [str(GAMESERVER), "run", "--port", "0", "--cert", str(cert), "--key", str(key)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"https://\S+", server.stdout.readline())
            assert found, "the server named no https address"
            yield found[0]
        finally:
            server.terminate()
            server.wait(STOP_TIMEOUT_S)


def test_a_player_plays_over_wss(enter: Enter, tmp_path: Path) -> None:
    with running_with_tls(tmp_path) as url:
        # Chromium keeps authorities in a store of its own; tests/live/test_net_tls.py holds the chain to be a good one.
        page = enter(url, "?name=Ada", ignore_https_errors=True)
        wait_for_ships(page, 1)
        assert page.evaluate("location.protocol") == "https:"
        before = page.evaluate("arena.avatar().angle")
        page.keyboard.down("KeyD")
        page.wait_for_function("angle => arena.avatar().angle !== angle", arg=before)
        page.keyboard.up("KeyD")
