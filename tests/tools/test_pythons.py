"""tools/pythons.py: which interpreters it finds."""

import sys
from pathlib import Path

import pytest

from tools import pythons

pytestmark = pytest.mark.slow


def program(folder: Path, name: str, prints: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {prints}\n")
    path.chmod(0o755)
    return path


def test_one_cpython_of_each_version_is_found_wherever_it_is(tmp_path: Path) -> None:
    newest = program(tmp_path / "versions/3.14.0/bin", "python3.14", "cpython 3 14 final")
    first = program(tmp_path / "usr/bin", "python3.11", "cpython 3 11 final")
    program(tmp_path / "usr/local", "python3.11", "cpython 3 11 final")
    program(tmp_path / "usr/bin", "python3.11-config", "cpython 3 11 final")
    folders = (str(tmp_path / "versions/*/bin"), str(tmp_path / "usr/bin"), str(tmp_path / "usr/local"))
    assert pythons.find_pythons(folders) == {"3.11": first, "3.14": newest}


@pytest.mark.parametrize("prints", ["cpython 3 9 final", "pypy 3 11 final", "cpython 3 15 alpha", ""])
def test_what_is_too_old_unfinished_or_no_cpython_is_left_out(tmp_path: Path, prints: str) -> None:
    program(tmp_path, "python3.11", prints)
    assert pythons.find_pythons((str(tmp_path),)) == {}


def test_the_running_python_is_one(tmp_path: Path) -> None:
    assert pythons.version_of(Path(sys.executable)) == sys.version_info[:2]


def test_a_version_that_is_missing_is_named() -> None:
    with pytest.raises(SystemExit, match=r"no CPython 2\.7 here"):
        pythons.main(["2.7"])


def test_versions_that_are_not_here_are_named_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = program(tmp_path, "python3.12", "cpython 3 12 final")
    monkeypatch.setattr(pythons, "FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pythons.main(["--list"]) == 0
    assert capsys.readouterr().out == f"not on this machine, so left out: Python 3.11, 3.13, 3.14\n3.12 {here}\n"
