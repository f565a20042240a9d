"""tools/wheels.py and tools/check_wheel.py: what they refuse. `make wheels` itself compiles for minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import gameserver.compiled
from tools import check_wheel, wheels


def test_without_a_compiler_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(SystemExit, match="apt-get install gcc"):
        wheels.main([])


def test_a_wheel_that_fails_its_check_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(python: str, folder: Path) -> Path:
        wheel = folder / "trio_gameserver-0-cp311-cp311-linux_x86_64.whl"
        wheel.touch()
        return wheel

    monkeypatch.setattr(wheels, "DIST", tmp_path / "dist")
    monkeypatch.setattr(wheels, "environment", lambda version, program: sys.executable)
    monkeypatch.setattr(wheels, "build", build)
    monkeypatch.setattr(wheels, "check", lambda wheel, program: False)
    assert not wheels.make_wheel("3.11", Path(sys.executable))
    assert not (tmp_path / "dist").exists()

    monkeypatch.setattr(wheels, "check", lambda wheel, program: True)
    assert wheels.make_wheel("3.11", Path(sys.executable))
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["trio_gameserver-0-cp311-cp311-linux_x86_64.whl"]


def test_a_checkout_is_no_installed_wheel(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_wheel.main() == 1
    assert "error: gameserver was imported from " in capsys.readouterr().err


def test_modules_that_run_in_the_interpreter_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_wheel, "compiled_modules", lambda: ["gameserver.webroot", "math"])
    with pytest.raises(check_wheel.WheelError, match=r"^not loaded as machine code: gameserver\.webroot"):
        check_wheel.check_modules()


def test_the_compiled_modules_are_those_of_pyproject() -> None:
    assert gameserver.compiled.__name__ in check_wheel.compiled_modules()


def test_a_command_that_fails_is_shown_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(check_wheel.WheelError, match=r"ended with 3:\nwhy"):
        check_wheel.run(sys.executable, "-c", "print('why'); raise SystemExit(3)", folder=str(tmp_path))
