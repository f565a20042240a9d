"""gameserver/webroot.py in a checkout; the wheel's side is in test_packaging.py."""

from pathlib import Path

import pytest

from gameserver import webroot
from tests.support.source import ROOT


def test_checkout_serves_its_own_page() -> None:
    assert webroot.web_root() == ROOT / "client_demo"


def test_wheel_copy_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried, checkout = tmp_path / "carried", tmp_path / "checkout"
    carried.mkdir()
    checkout.mkdir()
    monkeypatch.setattr(webroot, "_PLACES", (carried, checkout))
    assert webroot.web_root() == carried


def test_an_installation_without_a_page_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webroot, "_PLACES", (tmp_path / "nowhere",))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        webroot.web_root()
