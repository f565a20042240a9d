"""Where tests and their helpers stand, and that only tests of real servers take real time."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.source import ROOT, imported_modules, parse, short

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
OF_NO_PART = frozenset({"attacks", "browser", "conformance", "fuzz", "js", "live", "scenarios", "sim", "support"})
"""Folders that belong to no part: they test several at once, in a browser, over a network or with another tool."""
COMMANDS = frozenset(
    {
        "conformance/autobahn.py",
        "conformance/make_vectors.py",
        "fuzz/rooms.py",
        "fuzz/run.py",
        "fuzz/seed.py",
        "fuzz/targets.py",
        "scenarios/evening.py",
        "scenarios/kill.py",
        "scenarios/passing.py",
        "scenarios/seats.py",
        "scenarios/slow.py",
        "scenarios/storm.py",
        "scenarios/touch.py",
    }
)
"""What `python -m tests.…` runs besides the attacks, and the fuzzers' targets.
Tests may import these: they run the same, shorter."""

REAL_TIME = frozenset({"attack", "attacks", "browser", "conformance", "live", "scenarios"})
"""Folders whose code runs against real servers."""
TIMED_COMMANDS = frozenset({"fuzz/rooms.py"})
"""Commands that run for as long as they are asked to; the tests that import them count instead."""
WALL_CLOCK = frozenset({"time.monotonic", "time.perf_counter", "time.sleep", "time.time"})
WAITS = frozenset({"trio.move_on_after", "trio.sleep", "trio.sleep_until"})


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def is_test_module(path: Path) -> bool:
    return path.stem == "conftest" or path.stem.startswith("test_")


def all_test_modules() -> list[Path]:
    return [path for path in sources("tests") if is_test_module(path)]


def in_tests(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


@pytest.mark.parametrize("folder", ["tests", "bench", "tools"])
def test_nothing_imports_a_test_module(folder: str) -> None:
    tests = {short(path.with_suffix("")).replace("/", ".") for path in all_test_modules()}
    importers = {
        f"{short(path)} imports {name}"
        for path in sources(folder)
        for name in tests.intersection(imported_modules(parse(path)))
    }
    assert importers == set()


def test_helpers_are_in_support() -> None:
    elsewhere = {
        in_tests(path)
        for path in sources("tests")
        if path.parts[len(TESTS.parts)] not in ("attacks", "support") and not is_test_module(path)
    }
    assert elsewhere == COMMANDS


def test_what_is_in_support_is_no_test() -> None:
    assert [in_tests(path) for path in sources("tests/support") if is_test_module(path)] == []


def waits_on_the_wall_clock(path: Path) -> Iterator[str]:
    """Where the module asks for the time of day, or has an async test wait without a clock that jumps."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WALL_CLOCK:
            yield f"{in_tests(path)}:{node.lineno} calls {ast.unparse(node.func)}"
        elif isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
            arguments = {argument.arg for argument in node.args.args}
            calls = {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
            if calls & WAITS and "autojump_clock" not in arguments:
                yield f"{in_tests(path)}:{node.lineno} {node.name} waits without `autojump_clock`"


def test_only_live_and_browser_tests_wait_on_the_wall_clock() -> None:
    paths = [path for path in sources("tests") if not REAL_TIME & set(path.relative_to(TESTS).parts)]
    paths = [path for path in paths if in_tests(path) not in TIMED_COMMANDS]
    assert [place for path in paths for place in waits_on_the_wall_clock(path)] == []


def test_folders_mirror_the_repository() -> None:
    """`tests/room/` tests `gameserver/room/`; `tests/bench/`, `tests/docs/` and `tests/tools/` test their namesakes."""
    for folder in {path.parent.relative_to(TESTS) for path in all_test_modules()} - {Path()}:
        if folder.parts[0] not in OF_NO_PART:
            assert (ROOT / "gameserver" / folder).is_dir() or (ROOT / folder).is_dir(), folder
