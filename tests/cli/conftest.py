"""What every test of the command line needs."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own gameserver.toml and GAMESERVER_… variables out of the tests."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GAMESERVER_"):
            monkeypatch.delenv(name)
