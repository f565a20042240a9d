"""Checks an installed compiled wheel: `python -P tools/check_wheel.py`, with the interpreter that it is installed for.

The environment has the wheel, what it depends on, and pytest. tools/wheels.py and cibuildwheel run it. Each step prints
one line; the first that fails ends it with status 1.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
PAGE_SUFFIXES = (".html", ".js", ".css", ".svg")
SECONDS = 2


class WheelError(Exception):
    """The installed wheel lacks something."""


def require(holds: bool, otherwise: str) -> None:
    """Raise WheelError with a message unless a condition holds."""
    if not holds:
        raise WheelError(otherwise)


def compiled_modules() -> list[str]:
    """Return the full names of the modules that the build compiles."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    build = config["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return [f"gameserver.{module.replace('/', '.')}" for module in (*build["modules"], *build["native"])]


def is_extension(module: ModuleType) -> bool:
    """Return whether a module has been loaded from machine code."""
    return isinstance(module.__loader__, importlib.machinery.ExtensionFileLoader)


def check_place() -> str:
    """Check that the package is the installed one."""
    import gameserver

    place = Path(gameserver.__file__).resolve().parent
    require(place.parent == Path(sysconfig.get_path("platlib")).resolve(), f"gameserver was imported from {place}")
    return f"gameserver {gameserver.__version__} for Python {sysconfig.get_python_version()} in {place}"


def check_modules() -> str:
    """Check that every compiled module is loaded from machine code."""
    names = compiled_modules()
    interpreted = [name for name in names if not is_extension(importlib.import_module(name))]
    require(not interpreted, f"not loaded as machine code: {', '.join(interpreted)}")
    return f"{len(names)} modules are loaded as machine code"


def run(*command: str, folder: str) -> str:
    """Run a command that must end with status 0; return what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"'{' '.join(command)}' ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_command() -> str:
    """Check that the command is there and knows which build it is."""
    command = str(SCRIPTS / "gameserver")
    with tempfile.TemporaryDirectory() as folder:
        require("dev" in run(command, "--help", folder=folder), "gameserver --help does not list the commands")
        version = run(command, "--version", folder=folder).strip()
    require(version.endswith("(compiled)"), f"gameserver --version prints {version}")
    return f"gameserver --version prints {version}"


def check_play() -> str:
    """Play the arena in memory: two players, whose clients check all that they receive."""
    from gameserver.games.arena import Arena
    from gameserver.testing import game

    with game(Arena) as played:
        ada, bob = played.join(name="Ada"), played.join(name="Bob")
        ada.controls(thrust=True)
        played.seconds(SECONDS)
        require(ada.entity is not None and bob.entity is not None, "the players of the arena have no ships")
    return f"{SECONDS} s of the arena are played in memory"


def check_page() -> str:
    """Check that the wheel carries the files of the demo and the SDK."""
    from gameserver.webroot import web_root

    root, source = web_root(), ROOT / "client_demo"
    files = [path.relative_to(source) for path in source.rglob("*") if path.suffix in PAGE_SUFFIXES]
    wanted = [path for path in files if not {"node_modules", "types"} & set(path.parts)]
    missing = [str(path) for path in wanted if not (root / path).is_file()]
    require(not missing and bool(wanted), f"files of the page are missing: {', '.join(missing)}")
    return f"{len(wanted)} files of the page are there"


def check_new() -> str:
    """Make a game from a template, and run its tests."""
    with tempfile.TemporaryDirectory() as folder:
        run(str(SCRIPTS / "gameserver"), "new", "mygame", folder=folder)
        run(sys.executable, "-m", "pytest", "-q", folder=str(Path(folder, "mygame")))
    return "the tests of a game made by gameserver new pass"


def main() -> int:
    """Run all checks; return the exit status."""
    try:
        for step in (check_place, check_modules, check_command, check_play, check_page, check_new):
            print("  " + step(), flush=True)
    except WheelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
