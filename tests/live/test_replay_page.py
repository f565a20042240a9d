"""A recording in an author's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.support.live.process import ServerProcess
from tests.support.recorded_game import recorded_game

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.live


def read(address: str) -> str:
    with urlopen(address) as response:
        text: str = response.read().decode()
    return text


def test_a_replay_shows_its_own_page(tmp_path: Path) -> None:
    recording = tmp_path / "arena.gsrec"
    recording.write_bytes(recorded_game(60))
    (tmp_path / "index.html").write_text("my own page")
    with ServerProcess(str(recording), "--serve", "--web", str(tmp_path), command="replay") as server:
        assert read(server.address.partition("?")[0]) == "my own page"
