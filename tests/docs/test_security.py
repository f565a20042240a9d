"""The page about security names tests that there are, and settings with their defaults."""

import ast
import re
from dataclasses import fields

from gameserver.net.settings import NetLimits
from gameserver.protocol.constants import Limits
from tests.support.source import ROOT

PAGE = (ROOT / "docs/guide/security.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| threat ")]


def names_in(path: str) -> set[str]:
    """Return the names of the tests that a file defines."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_it_names_is_there() -> None:
    assert len(NAMED) > 60
    known = {path: names_in(path) for path, _ in NAMED}
    assert [f"{path}::{name}" for path, name in NAMED if name not in known[path]] == []


def test_every_threat_names_a_test_that_holds_it() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if "`tests/" not in row.split("|")[-2]] == []


def test_every_attack_is_named_and_there() -> None:
    named = set(re.findall(r"`tests/attacks/(\w+)\.py`", PAGE))
    assert named == {path.stem for path in (ROOT / "tests/attacks").glob("[!_]*.py")}


def test_the_settings_that_it_names_have_the_defaults_that_it_states() -> None:
    stated = re.findall(r"`(\w+)` ([\d.]+)", PAGE)
    assert len(stated) > 30
    protocol = {field.name.upper(): float(getattr(Limits(), field.name)) for field in fields(Limits)}
    net = {field.name: float(getattr(NetLimits(), field.name)) for field in fields(NetLimits)}
    defaults = protocol | net
    assert {name: float(value) for name, value in stated} == {name: defaults[name] for name, _ in stated}


def test_every_page_that_it_points_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE)
    assert targets
    assert [target for target in targets if not (ROOT / "docs/guide" / target).exists()] == []
