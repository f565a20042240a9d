"""docs/architecture.md names files and functions that exist, and leads from one to the next."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.source import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")

PATH = r"`((?:gameserver|client_demo|tests)/[\w./]*)`"
NAME = r"`(_?[A-Za-z]\w*(?:\.\w+)?)`"

PATHS = sorted(set(re.findall(PATH, PAGE)))


def named() -> list[tuple[str, str]]:
    """Every name in backticks that follows a file in backticks, with that file; several names may follow one file."""
    found = []
    for match in re.finditer(PATH + r"((?:(?:,| or)?\s+" + NAME + ")+)", PAGE):
        found += [(match[1], name) for name in re.findall(NAME, match[2])]
    return sorted(set(found))


def names_of(path: Path) -> set[str]:
    """Functions, classes and methods (`Class.method`) of a Python or JavaScript file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return set(re.findall(r"^export (?:class|function|const) (\w+)", text, re.MULTILINE))
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
            names |= {f"{node.name}.{item.name}" for item in inner}
    return names


def test_there_is_much_to_check() -> None:
    assert len(PATHS) > 30
    assert len(named()) > 40


@pytest.mark.parametrize("path", PATHS)
def test_every_file_and_folder_exists(path: str) -> None:
    assert (ROOT / path).exists()
    assert (ROOT / path).is_dir() == path.endswith("/")


@pytest.mark.parametrize(("path", "name"), named())
def test_every_function_exists_in_its_file(path: str, name: str) -> None:
    assert name in names_of(ROOT / path)


def test_every_folder_of_the_package_is_in_the_table_of_the_parts() -> None:
    folders = {path.parent.name for path in (ROOT / "gameserver").glob("*/__init__.py")}
    assert folders == set(re.findall(r"`gameserver/(\w+)/`", PAGE.split("## Where an input goes")[0]))
