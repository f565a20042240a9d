"""The repository's own source, for tests that read it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "gameserver"
TEMPLATES: Final = PACKAGE / "cli/templates"
"""Projects of their own, which `gameserver new` copies: no part of the package."""


def short(path: Path) -> str:
    """The path from the root of the repository on."""
    return path.relative_to(ROOT).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text("utf-8"), str(path))


def imported_modules(tree: ast.Module) -> Iterator[str]:
    """The full names of the modules, and of the things in modules, that the code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
