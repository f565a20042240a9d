"""The guide names all that a room and a player have."""

from __future__ import annotations

import inspect
import re
from typing import Final

import pytest

from gameserver import Player, Room
from tests.support.source import ROOT

PAGES: Final = [page.read_text("utf-8") for page in sorted((ROOT / "docs/guide").glob("*.md"))]
CODE: Final = " ".join(found for page in PAGES for found in re.findall(r"`([^`\n]+)`", page))
PLAYER: Final = Player(1, 0, {}, None)  # type: ignore[arg-type]  # nothing of it is used
NAMES: Final = [
    *[f"self.{name}" for name, value in vars(Room).items() if inspect.isfunction(value) or isinstance(value, property)],
    *list(inspect.get_annotations(Room)),
    *[f"player.{name}" for name in dir(PLAYER)],
]


def public(names: list[str]) -> list[str]:
    """Return the names that are neither private nor hooks, which stand in the page without `self`."""
    return [
        re.sub(r"^self\.(on_|narrow_view|migrate\b)", r"\1", name)
        for name in names
        if "._" not in name and name[0] != "_"
    ]


@pytest.mark.parametrize("name", public(NAMES))
def test_it_is_on_a_page(name: str) -> None:
    assert re.search(rf"(?<![\w.]){re.escape(name)}\b", CODE), f"no page of docs/guide has `{name}`"
