"""`gameserver new`: what it makes runs, passes its own tests and is clean of type errors, as it is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gameserver.cli import main
from gameserver.cli.new import TEMPLATES
from tests.support.source import ROOT


def made(*options: str, name: str = "skittles") -> Path:
    with pytest.raises(SystemExit) as ended:
        main(["new", name, *options])
    assert not ended.value.code
    return Path.cwd() / (options[options.index("--folder") + 1] if "--folder" in options else name)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["new", *arguments])
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    return said.err.removeprefix("gameserver: ").strip()


def run_in(folder: Path, *module: str, returns: int = 0) -> str:
    paths = {"PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=folder, env={**os.environ, **paths}, capture_output=True, text=True
    )
    assert done.returncode == returns, done.stdout + done.stderr
    return done.stdout


def test_a_folder_has_all_that_a_game_needs_under_its_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made()
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        ".gitignore",
        "Makefile",
        "README.md",
        "gameserver.toml",
        "page/index.html",
        "page/main.js",
        "page/style.css",
        "pyproject.toml",
        "skittles.py",
        "tests/test_skittles.py",
    ]
    assert not [path for path in folder.rglob("*") if path.is_file() and "mygame" in path.read_text("utf-8")]
    assert "cd skittles\n" in capsys.readouterr().out


def test_it_can_be_made_in_another_folder_that_is_empty() -> None:
    Path("here").mkdir()
    made("--folder", "here")
    assert Path("here/skittles.py").exists()


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    rules = made() / "skittles.py"
    rules.write_text("mine")
    capsys.readouterr()
    assert refused(capsys, "skittles") == "skittles: is there already; name another folder with --folder"
    assert rules.read_text() == "mine"


@pytest.mark.parametrize("name", ["My-Game", "../up", "", "1st", "größe", "a" * 41])
def test_a_name_that_is_none_for_a_module_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = "write up to 40 lower-case letters, digits and _, a letter first, as for a Python module"
    assert refused(capsys, name) == f"{name!r}: {wanted}"
    assert list(Path.cwd().iterdir()) == []


def test_a_keyword_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "class")
    assert said == "class: is a keyword of Python, which no module can be named after; choose another name"


@pytest.mark.parametrize("name", ["random", "test", "gameserver", "cyclopts", "conftest", "setup", "watchfiles"])
def test_a_name_that_would_hide_another_module_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, name)
    assert said == f"{name}: a module of that name is there already, which yours would hide; choose another name"
    assert list(Path.cwd().iterdir()) == []


def test_a_folder_beside_it_hides_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("skittles").mkdir()
    monkeypatch.syspath_prepend(Path.cwd())
    assert (made() / "skittles.py").exists()


def test_the_next_commands_can_be_copied_whatever_the_folder_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    made("--folder", "my games/first")
    assert "  cd 'my games/first'\n" in capsys.readouterr().out


def test_a_template_that_is_not_there_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "skittles", "--template", "chess")
    assert said == f"--template chess: there is no such template; write one of {', '.join(TEMPLATES)}"


def make(folder: Path, *targets: str, **variables: object) -> int:
    given = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(["make", *targets, *given], cwd=folder, capture_output=True, check=False).returncode


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_key_of_a_dashboard_is_for_its_owner_alone_and_never_empty() -> None:
    folder = made("--template", "dashboard")
    key = folder / "publish.key"
    assert make(folder, "publish.key", PYTHON="false") != 0
    assert not key.exists()
    assert make(folder, "publish.key", PYTHON=sys.executable) == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text().strip()) == 64


def test_types_that_could_not_be_made_leave_no_file_that_counts_as_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made("--template", "vite")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    script(tmp_path / "bin/gameserver", "exit 1")
    assert make(folder, "src/tag.d.ts", PYTHON="true") != 0
    assert not (folder / "src/tag.d.ts").exists()


def test_types_are_made_anew_when_any_module_of_the_rules_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made("--template", "vite")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    script(tmp_path / "bin/gameserver", 'echo "$@"')
    types = folder / "src/tag.d.ts"
    assert make(folder, "src/tag.d.ts", PYTHON="true") == 0
    assert types.read_text() == "types skittles:Tag\n"
    types.write_text("")
    (folder / "weather.py").write_text("")
    os.utime(types, (types.stat().st_atime, (folder / "weather.py").stat().st_mtime - 1))
    os.utime(folder / "skittles.py", (0, 0))
    assert make(folder, "src/tag.d.ts", PYTHON="true") == 0
    assert types.read_text() == "types skittles:Tag\n"


def test_the_sdk_of_a_page_in_typescript_follows_that_of_the_installed_server(tmp_path: Path) -> None:
    folder, server = made("--template", "vite"), tmp_path / "server/sdk"
    server.mkdir(parents=True)
    (server / "index.js").write_text("// first")
    tools = {"PYTHON": script(tmp_path / "bin/python", f"echo {server}"), "NPM": "true"}
    script(folder / "node_modules/.bin/tsc", "mkdir -p sdk/types; touch sdk/types/index.d.ts; test ! -e broken")
    made_there = "sdk/types/index.d.ts"
    assert make(folder, made_there, **tools) == 0
    assert (folder / "sdk/index.js").read_text() == "// first"

    (server / "index.js").write_text("// second")
    os.utime(server / "index.js", (0, 0))  # a package may come with times of its own
    (folder / "broken").touch()
    assert make(folder, made_there, **tools) != 0
    (folder / "broken").unlink()
    assert make(folder, made_there, **tools) == 0
    assert (folder / "sdk/index.js").read_text() == "// second"

    before = (folder / made_there).stat().st_mtime_ns
    assert make(folder, made_there, **tools) == 0
    assert (folder / made_there).stat().st_mtime_ns == before


@pytest.mark.parametrize(("fails", "status"), [("", 0), ("pytest", 2), ("mypy", 2), ("tsc", 2)])
def test_a_page_in_typescript_is_checked_although_the_rules_fail_their_tests(
    tmp_path: Path, fails: str, status: int
) -> None:
    folder, checks = made("--template", "vite"), tmp_path / "checks"
    python = script(tmp_path / "bin/python", f'test "$1" = -m && echo $2 >> {checks}; test "$2" != "{fails}"')
    script(folder / "node_modules/.bin/tsc", f'echo tsc >> {checks}; test tsc != "{fails}"')
    done_before = ["-o", ".installed", "-o", "sdk/types/index.d.ts", "-o", "src/tag.d.ts"]
    for path in done_before[1::2]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    assert make(folder, *done_before, "test", PYTHON=python) == status
    assert checks.read_text().split() == ["pytest", "mypy", "tsc"]


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
def test_its_own_tests_pass(template: str) -> None:
    run_in(made("--template", template), "pytest", "-q", "-p", "no:cacheprovider")


@pytest.mark.slow
def test_the_types_of_all_templates_are_right(tmp_path: Path) -> None:
    # One cache for all: most of the time goes into the package's own types, which are the same for each.
    cache = f"--cache-dir={tmp_path / 'cache'}"
    for template in TEMPLATES:
        run_in(made("--template", template, "--folder", template), "mypy", cache)
    rules = Path("tag/skittles.py")
    rules.write_text(rules.read_text() + "\n\ndef wrong(room: Tag) -> None:\n    room.spawn(Dot, xx=4)\n")
    said = run_in(Path("tag"), "mypy", cache, returns=1)
    assert 'Unexpected keyword argument "xx" for "spawn"' in said
    assert "Found 1 error" in said
