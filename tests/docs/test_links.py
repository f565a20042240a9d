"""The page about links names tests and files that there are."""

import re

from tests.support.source import ROOT

PAGE = (ROOT / "docs/guide/links.md").read_text("utf-8")
TABLE = PAGE.split("## Each promise")[1]
SUFFIXES = {".py", ".js"}
TESTS = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*") if path.suffix in SUFFIXES)


def test_every_test_that_it_names_is_there() -> None:
    named = [name.removesuffix("…").rstrip() for name in re.findall(r"`((?:test_\w+|[a-z]+ [^`/]*)…?)`", TABLE)]
    names = [name for name in named if not name.startswith("make ")]
    assert len(names) > 20
    assert [name for name in names if name not in TESTS] == []


def test_every_file_that_it_names_is_there() -> None:
    paths = re.findall(r"`((?:tests|room|net|sync|client|ops|protocol|client_demo|sdk)/[\w./]*)`", TABLE)
    assert len(paths) > 40
    roots = (ROOT, ROOT / "gameserver", ROOT / "client_demo")
    assert [path for path in paths if not any((root / path).exists() for root in roots)] == []
