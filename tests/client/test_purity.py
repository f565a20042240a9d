"""Only the files that talk to the network may know of it; the rest of the client takes values and returns values."""

import ast
from pathlib import Path

import pytest

import gameserver.client

FOLDER = Path(gameserver.client.__file__).parent
WITH_TASKS = {"bot.py", "bot_player.py", "connection.py", "link.py"}
FORBIDDEN = {"asyncio", "select", "socket", "ssl", "threading", "time", "trio", "trio_websocket", "wsproto"}
PURE = sorted(path.name for path in FOLDER.glob("*.py") if path.name not in WITH_TASKS)


def imported(tree: ast.Module) -> set[str]:
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", PURE)
def test_it_knows_neither_sockets_nor_clocks(name: str) -> None:
    assert not imported(ast.parse((FOLDER / name).read_text())) & FORBIDDEN


def test_all_files_are_looked_at() -> None:
    assert len(PURE) > 10
    assert all((FOLDER / name).exists() for name in WITH_TASKS)
