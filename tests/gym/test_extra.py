"""Environments without the packages of their extra."""

from __future__ import annotations

import importlib
import sys

import pytest

from gameserver.extras import MissingExtraError


@pytest.mark.parametrize("package", ["gymnasium", "pettingzoo"])
def test_a_missing_extra_is_one_line_that_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("gameserver.gym", f"{package}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # importing it raises ModuleNotFoundError
    with pytest.raises(MissingExtraError) as caught:
        importlib.import_module("gameserver.gym")
    assert str(caught.value) == (
        f"environments need the package {package}, which is not installed: pip install 'trio-gameserver[gym]'"
    )
