"""The shell commands and the systemd unit of our pages, run as printed.

They run in a folder with the files that the page says to save. A command that serves is started and has to answer; the
others have to end with status 0.

Of `make …`, and of commands with the compiled build, which make's own tests run, it is only checked that what they name
is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.live.terminal import Terminal
from tests.support.page_blocks import PYTHON_PAGES, blocks_in, modules_of
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OF_A_CHECKOUT: Final = (
    "make ",
    "npm ",
    "GAMESERVER_COMPILE=1 pip ",
    "PYTHONSAFEPATH=1 ",
    "python -m ",
    "python -c ",
    "python3 -m venv",
    ".venv/",
    ". .venv/",
)
PAGES: Final = sorted({block.page for block in blocks_in("sh")})


def commands_of(page: str) -> list[str]:
    """Return the commands of a page, in order."""
    return [line for block in blocks_in("sh") if block.page == page for line in block.source.splitlines() if line]


def is_served(command: str) -> bool:
    """Return whether a command runs until it is stopped."""
    return command.startswith(("gameserver run", "gameserver dev", "python ")) or "--serve" in command


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.stop()


@pytest.mark.parametrize("where", PAGES)
def test_commands_run_as_printed(where: str, terminal: Terminal) -> None:
    terminal.save(where)
    commands = [command for command in commands_of(where) if not command.startswith(OF_A_CHECKOUT)]
    if commands and not is_served(commands[0]):
        terminal.serve("gameserver run")  # the page's text says that a server runs
    for command in commands:
        if is_served(command):
            terminal.serve(with_recording(command, terminal))
        else:
            terminal.run(with_recording(command, terminal))


def with_recording(command: str, terminal: Terminal) -> str:
    """Put the name of the recording that is there in place of `….gsrec`, after its server has ended."""
    if "….gsrec" not in command:
        return command
    if not list(terminal.folder.glob("recordings/*.gsrec")):
        terminal.run("gameserver bots --count 1 --seconds 2")
    terminal.stop()
    (name,) = [path.name for path in terminal.folder.glob("recordings/*.gsrec")]
    return command.replace("….gsrec", name)


@pytest.mark.parametrize("where", PAGES)
def test_commands_of_a_checkout_name_what_is_there(where: str) -> None:
    for command in commands_of(where):
        words = command.partition("#")[0].split()
        if words[0] == "make":
            assert f"\n{words[1]}: " in (ROOT / "Makefile").read_text("utf-8")
        for word in words:
            if word.startswith(("tests/", "./client_demo/")):
                assert (ROOT / word).exists()


@pytest.mark.parametrize(
    "command", [one for page in PAGES for one in commands_of(page) if one.startswith(("python -m ", "python -c "))]
)
def test_python_commands_of_a_checkout_run_as_printed(command: str, terminal: Terminal) -> None:
    terminal.folder = ROOT
    terminal.run(command)


def test_the_install_of_the_readme_ends_with_the_command(terminal: Terminal) -> None:
    (block,) = [block for block in blocks_in("sh") if "/pip install '.[" in block.source and block.page == "README.md"]
    left_out = shutil.ignore_patterns(".git", ".*cache", ".venv", "node_modules", "build", "dist", "__pycache__")
    checkout = terminal.folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=left_out)
    terminal.folder = checkout
    terminal.environment["PATH"] = os.environ["PATH"]
    del terminal.environment["PYTHONPATH"]
    assert terminal.run(f"set -e\n{block.source}\ncommand -v gameserver").endswith(f"{checkout}/.venv/bin/gameserver\n")
    assert terminal.run(". .venv/bin/activate && gameserver --version").strip()


def test_the_types_of_printed_python_are_right(tmp_path: Path) -> None:
    for number, where in enumerate(PYTHON_PAGES):
        for name, source in modules_of(where).items():
            folder = tmp_path / f"page{number}"
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.py").write_text(source)
    for folder in sorted(tmp_path.iterdir()):
        command = [sys.executable, "-m", "mypy", "--config-file=", "--check-untyped-defs", *map(str, folder.iterdir())]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", blocks_in("ini"), ids=str)
def test_the_unit_is_one_that_systemd_takes(block: object, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    assert program is not None, "systemd-analyze is missing: make systemd"
    unit = tmp_path / "mygame.service"
    (source,) = [one.source for one in blocks_in("ini")]
    # The check looks for the program, which is on the reader's machine only.
    unit.write_text(source.replace("/srv/mygame/.venv/bin/gameserver", sys.executable))
    done = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, "mygame" in done.stderr) == (0, False), done.stderr
