"""The README's game is run as it stands there: what a stranger copies works."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import Role
from tests.support.memory_server import MemoryServer
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

README = ROOT / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def game(tmp_path: Path) -> "Iterator[Any]":
    (source,) = blocks("python")
    path = tmp_path / "readme_game.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("readme_game", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["readme_game"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["readme_game"]


def test_the_game_has_about_thirty_lines() -> None:
    (source,) = blocks("python")
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 35


def test_the_game_can_be_played(game: Any) -> None:
    server = MemoryServer(game.Tag)
    ada, ada_guest = server.join("tag", name="Ada")
    bob, bob_guest = server.join("tag", name="Bob")
    for client in ((ada, ada_guest), (bob, bob_guest)):
        server.keep_up(*client)
    first, second = server.engine.world.entities(game.Dot)
    assert (first.name, first.it, second.it) == ("Ada", True, False)
    first.x, first.y, second.x, second.y = 400, 300, 500, 300
    for seq in range(1, 31):
        server.say(ada_guest, C.INPUT, seq, 0, 0, 1, 0)
        server.tick()
    assert ada.event_names()[-1] == "tagged"
    assert second.x == 100
    assert (first.it, second.it) == (False, True)
    server.tick(2)
    assert bob.events[-1][2] == {"by": "Ada", "who": "Bob"}


def test_a_spectator_sees_the_game_and_gets_no_dot(game: Any) -> None:
    server = MemoryServer(game.Tag)
    ada = server.join("tag", name="Ada")
    eve, eve_peer = server.join("tag", role=Role.SPECTATOR)
    for client in (ada, (eve, eve_peer)):
        server.keep_up(*client)
    server.tick(2)
    assert [dot.name for dot in server.engine.world.entities(game.Dot)] == ["Ada"]
    assert server.engine.spectators[0].avatar is None


def test_every_file_that_the_readme_points_to_is_there() -> None:
    root = README.parent
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))
    assert targets
    assert [target for target in targets if not (root / target).exists()] == []
