"""Every `make …` that a page prints is there, and what it would run can be run."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from typing import Final

import pytest

from tests.support.page_blocks import PAGES
from tests.support.source import ROOT

MORE_PAGES: Final = (ROOT / "CHANGELOG.md", ROOT / "tests/conformance/README.md")
PRINTED: Final = re.compile(r"`(make [a-z][^`]*)`|^(make [a-z][^#\n]*)", re.MULTILINE)
MODULE: Final = re.compile(r"/python (?:-\w )*-m ([\w.]+)")
TARGET: Final = re.compile(r"^([\w-]+):", re.MULTILINE)
OF_A_GAME: Final = ROOT / "gameserver/cli/templates/common"
"""A game that `gameserver new` makes has a Makefile of its own."""
SCRIPT: Final = re.compile(r"(?<![\w/.])(?:tools|tests)/[\w/.]+\.(?:py|js)\b")


def commands() -> list[str]:
    """Return all that the pages print, once each."""
    texts = [page.read_text("utf-8") for page in (*PAGES, *MORE_PAGES)]
    return sorted({(in_line or in_block).strip() for text in texts for in_line, in_block in PRINTED.findall(text)})


def dry_run(command: str) -> str:
    """Return what a command would run, without running it."""
    words = ["make", "--no-print-directory", "--dry-run", *command.split()[1:]]
    ours = TARGET.findall((ROOT / "Makefile").read_text())
    of_a_game = words[-1] not in ours and words[-1] in TARGET.findall((OF_A_GAME / "Makefile").read_text())
    done = subprocess.run(words, cwd=OF_A_GAME if of_a_game else ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pages_print_the_main_targets() -> None:
    assert {"make run", "make test", "make bench", "make fuzz"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_what_make_would_run_is_there(command: str) -> None:
    recipe = dry_run(command)
    assert recipe.strip()
    assert [name for name in MODULE.findall(recipe) if find_spec(name) is None] == []
    assert [name for name in SCRIPT.findall(recipe) if not (ROOT / name).exists()] == []


def test_a_dry_run_runs_nothing() -> None:
    before = sorted(path.name for path in ROOT.iterdir())
    recipe = dry_run("make --always-make run")
    assert "bootstrap.py python all" in recipe
    assert sorted(path.name for path in ROOT.iterdir()) == before
