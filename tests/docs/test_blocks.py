"""Every block of every page is run by a test of its language: what is copied from a page works as printed.

Blocks that are continued further down a page are one program: Python's are one module, unless the text says to save
them as files of their own.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from gameserver import Room
from gameserver.cli import main
from gameserver.net.http.auth import JwtSettings
from gameserver.room.kind import make_kind
from tests.support.memory_server import MemoryServer
from tests.support.page_blocks import (
    BLOCKS,
    PAGES,
    PYTHON_PAGES,
    Block,
    blocks_in,
    blocks_of,
    indented_blocks,
    modules_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.ops.options import ServeOptions
    from gameserver.testing import Game

RUNNERS: Final = {
    "python": "tests/docs/test_blocks.py",
    "toml": "tests/docs/test_blocks.py",
    "example": "tests/protocol/test_page.py",
    "html": "tests/browser/test_doc_pages.py",  # and tests/browser/test_tutorial.py
    "js": "tests/browser/test_doc_pages.py",  # and tests/browser/test_tutorial.py
    "ts": "tests/docs/test_typescript.py",
    "tsx": "tests/browser/test_npm_package.py",
    "sh": "tests/live/test_doc_commands.py",
    "nginx": "tests/browser/test_proxy.py",
    "ini": "tests/live/test_doc_commands.py",
}
"""Which test runs the blocks of a language. `text` is no code: drawings, formulas, output."""
ROOT: Final = Path(__file__).resolve().parents[2]
(TOKEN_SETTINGS,) = [block for block in blocks_in("toml") if "key_file" in block.source]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_has_a_test_that_runs_it(block: Block) -> None:
    assert block.language in {*RUNNERS, "text"}, f"{block}: no test runs a block of {block.language!r}"


def test_the_tests_that_run_blocks_are_there() -> None:
    assert [name for name in RUNNERS.values() if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_code_is_in_fences(path: Path) -> None:
    assert indented_blocks(path) == []


def test_a_block_is_found_with_its_file_and_code_without_a_fence_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Save it as `a.py`:\n\n```python\nx = 1\n```\n\nand\n\n    make run\n\n- item\n\n    more of it\n")
    (block,) = blocks_of(page, tmp_path)
    assert (block.line, block.language, block.source, block.saved_as) == (3, "python", "x = 1\n", "a.py")
    assert indented_blocks(page) == [9]


@pytest.fixture
def module_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


@pytest.mark.parametrize("where", PYTHON_PAGES)
def test_python_runs_its_rooms_are_played_and_its_tests_pass(
    where: str, module_folder: Path, caplog: pytest.LogCaptureFixture, play: Callable[..., Game]
) -> None:
    modules = modules_of(where)
    for name, source in modules.items():
        (module_folder / f"{name}.py").write_text(source)
    for name in modules:
        module = importlib.import_module(name)
        own = [value for value in vars(module).values() if getattr(value, "__module__", None) == name]
        rooms = [value for value in own if isinstance(value, type) and issubclass(value, Room)]
        for room in rooms:
            play_room(room)
        for value in own:
            if getattr(value, "__name__", "").startswith("test_"):  # a test that the page shows
                value(*[play for _ in inspect.signature(value).parameters])
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
        assert own, f"{where}: {name} defines nothing"


def test_the_page_on_tests_shows_some() -> None:
    assert "\n".join(modules_of("docs/guide/testing.md").values()).count("\ndef test_") >= 5


def play_room(room_class: type[Room[Any]]) -> None:
    """Have two players join a room, use every control and message it, for a while. A rule that raises ends the room."""
    kind = make_kind(room_class)
    server = MemoryServer(room_class)
    for name in ("Ada", "Bob"):
        room_id = next(iter(server.hub.rooms), None)  # strangers do not find an unlisted one
        client, peer = server.join(kind.name, room=room_id, name=name)
        server.keep_up(client, peer)
    server.tick(3)
    room = server.engine.room
    highest = [hi for _, hi in kind.inputs_type.ranges]
    for player in room.players:
        room.on_message(player, "ready", {"text": "hello"})
        room.on_input(player, kind.inputs_type.from_codes(highest))
        room.on_suspend(player)
        room.on_resume(player)
    server.tick(kind.room_class.tick_hz)
    for player in list(room.players):
        player.kick("the test is over")
    server.tick(2)


@pytest.mark.parametrize("block", blocks_in("toml"), ids=str)
def test_toml_is_read_by_the_loader_of_its_file(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tomllib.loads(block.source)
    if "tool" in settings:  # of a pyproject.toml
        for name in settings["tool"]["mypy"]["plugins"]:
            assert callable(importlib.import_module(name).plugin)
        return
    if "run" not in settings:
        path = tmp_path / "auth.toml"
        path.write_text(block.source)
        (tmp_path / "secret.key").write_text("k" * 32)
        assert JwtSettings.from_toml(path).key_file == tmp_path / "secret.key"
        return
    (tmp_path / "gameserver.toml").write_text(block.source)
    (tmp_path / "auth.toml").write_text(TOKEN_SETTINGS.source)
    (tmp_path / "secret.key").write_text("k" * 32)
    (tmp_path / "mygame.py").write_text(modules_of("README.md")["mygame"])
    served: list[ServeOptions] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gameserver.cli.run.serve_forever", served.append)
    with pytest.raises(SystemExit) as ended:
        main(["run"])
    assert ended.value.code in (0, None)
    assert served[0].rooms == tuple(settings["run"]["rooms"])
    for name, value in settings["run"].get("limits", {}).items():
        assert getattr(served[0].limits, name) == value
    if "dev" in settings:
        monkeypatch.setattr("gameserver.cli.dev.serve_and_reload", lambda options, watch: served.append(options))
        with pytest.raises(SystemExit) as ended:
            main(["dev"])
        assert ended.value.code in (0, None)
        assert (served[1].rooms, served[1].bots) == (served[0].rooms, settings["dev"]["bots"])
    sys.modules.pop("mygame")
