"""tools/bootstrap.py: what it needs, and its messages when that is missing."""

from pathlib import Path

import pytest

from tools import bootstrap


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (4, 0)])
def test_a_python_that_is_new_enough_is_fine(version: tuple[int, int]) -> None:
    assert bootstrap.python_problem(version) is None


def test_for_an_old_python_the_message_says_what_to_install() -> None:
    problem = bootstrap.python_problem((3, 9)) or ""
    assert "3.9" in problem
    assert "python3.11-venv" in problem


@pytest.mark.parametrize("version", ["v20.0.0", "v24.1.0"])
def test_a_node_that_is_new_enough_is_fine(version: str) -> None:
    assert bootstrap.node_problem(version) is None


@pytest.mark.parametrize("version", [None, "v18.19.1", "nonsense"])
def test_a_missing_or_old_node_is_reported(version: str | None) -> None:
    assert "Node.js 20" in (bootstrap.node_problem(version) or "")


def test_chromium_may_be_named(tmp_path: Path) -> None:
    mine = tmp_path / "my-chromium"
    mine.touch(mode=0o755)
    assert bootstrap.find_chromium({"CHROMIUM": str(mine)}) == str(mine)


def test_a_named_chromium_that_is_missing_is_not_replaced_by_another() -> None:
    assert bootstrap.find_chromium({"CHROMIUM": "/nowhere/chromium"}) is None


def test_cc_names_the_compiler(tmp_path: Path) -> None:
    mine = tmp_path / "my-cc"
    mine.touch(mode=0o755)
    assert bootstrap.compiler({"CC": f"{mine} -m64"}) == str(mine)
    assert bootstrap.compiler({"CC": "/nowhere/cc"}) is None


def test_without_a_compiler_the_compiled_build_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(SystemExit, match="apt-get install gcc"):
        bootstrap.main(["compiled"])


@pytest.mark.parametrize("arguments", [[], ["everything"], ["node", "fast"]])
def test_a_wrong_call_ends_with_the_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage:"):
        bootstrap.main(arguments)
