"""`gameserver new`: a folder with a small game that runs, its page and its tests."""

from __future__ import annotations

import keyword
import re
import shlex
import sys
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gameserver.cli.errors import fail, plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

TEMPLATES: Final = ("tag", "arena", "board", "dashboard", "vite")
"""Folders in `cli/templates`: with the files of COMMON, each is a project that runs, under the name NAME_THERE."""
COMMON: Final = "common"
"""The folder with what all projects begin with; a template may have a file of its own instead."""

NAME_THERE: Final = "mygame"
HIDDEN: Final = "dot."
"""Begins the names of files whose own begin with a dot: as `.gitignore` one would apply to this repository."""
_OF_A_PROJECT: Final = frozenset({"conftest", "mypy", "page", "pytest", "sdk", "setup", "src", "tests", "watchfiles"})
"""What has a meaning of its own in a project that is made here, or is installed there later."""
_MODULE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def new(name: str, *, template: str = "tag", folder: Path | None = None) -> None:
    """Make a folder with a small game that runs, its page and its tests.

    Args:
        name: The game's name, which is that of its Python module, for example mygame.
        template: What to begin with: tag, a game in which one catches the others; arena, ships that shoot;
            board, on which all draw; dashboard, for readings of a service;
            vite, tag with its page in TypeScript.
        folder: Where to make it; a folder with the game's name if left out.
    """
    _check_name(name)
    if template not in TEMPLATES:
        fail(f"--template {template}: there is no such template; write one of {', '.join(TEMPLATES)}")
    target = Path(name) if folder is None else folder
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        fail(f"{target}: is there already; name another folder with --folder")
    with plain_errors():
        for part in (COMMON, template):
            _copy(resources.files("gameserver.cli") / "templates" / part, target, name)
    print(_NEXT.format(folder=target, quoted=shlex.quote(str(target))))


def _check_name(name: str) -> None:
    if not _MODULE_NAME.fullmatch(name):
        fail(f"{name!r}: write up to 40 lower-case letters, digits and _, a letter first, as for a Python module")
    if keyword.iskeyword(name):
        fail(f"{name}: is a keyword of Python, which no module can be named after; choose another name")
    if name in _OF_A_PROJECT or name in sys.stdlib_module_names or _is_installed(name):
        fail(f"{name}: a module of that name is there already, which yours would hide; choose another name")


def _is_installed(name: str) -> bool:
    found = find_spec(name)
    return found is not None and found.origin is not None  # a folder is found as well, as a package without a file


def _copy(template: Traversable, target: Path, name: str) -> None:
    for path, text in _files(template):
        made = target / path.replace(NAME_THERE, name).replace(HIDDEN, ".")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(re.sub(rf"\b{NAME_THERE}\b", name, text), "utf-8")


def _files(folder: Traversable, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path within the folder, and the text, of each file in it."""
    for entry in folder.iterdir():
        if entry.is_file():
            yield before + entry.name, entry.read_text("utf-8")
        elif entry.name != "__pycache__":
            yield from _files(entry, f"{before}{entry.name}/")


_NEXT: Final = """\
{folder} is made. Now:

  cd {quoted}
  make dev     serves it; open the address that it prints in two windows, and change the code
  make test    plays the rules in memory, and checks the types"""
