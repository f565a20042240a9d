"""Builds compiled wheels in dist/, one for each CPython from 3.11 on that this machine has, and checks each.

    python3 -m tools.wheels             all of them
    python3 -m tools.wheels 3.13        some

A wheel is built in the environment of tools/pythons.py, and checked by tools/check_wheel.py in an empty environment
outside of this checkout. One that fails its check is not left in dist/. Needs a C compiler, and for each wheel some
minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.bootstrap import compiler, fail
from tools.pythons import ROOT, choose, environment, pythons_here

DIST = ROOT / "dist"
CHECK = ROOT / "tools/check_wheel.py"
PIP = ("-m", "pip", "-qq", "--disable-pip-version-check")


def build(python: str, folder: Path) -> Path:
    """Build the compiled wheel of one Python.

    Args:
        python: Interpreter of an environment that has what the build needs.
        folder: An empty folder for the wheel.

    Raises:
        subprocess.CalledProcessError: The build failed; pip has printed why.
    """
    command = [python, *PIP, "wheel", "--no-build-isolation", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "GAMESERVER_COMPILE": "1"}, check=True)
    (wheel,) = folder.iterdir()
    return wheel


def check(wheel: Path, program: Path) -> bool:
    """Install a wheel into an empty environment and use it there. Returns whether all of it works."""
    with tempfile.TemporaryDirectory(prefix="gameserver-wheel-") as folder:
        python = str(Path(folder, "venv/bin/python"))
        install = [python, *PIP, "install", "-c", str(ROOT / "constraints.txt"), str(wheel), "pytest"]
        subprocess.run([str(program), "-m", "venv", "venv"], cwd=folder, check=True)
        subprocess.run(install, cwd=folder, check=True)
        return subprocess.run([python, "-P", str(CHECK)], cwd=folder, check=False).returncode == 0


def make_wheel(version: str, program: Path) -> bool:
    """Build, check and keep the wheel of one Python. Returns whether there is one now."""
    python = environment(version, program)
    print(f"compiling for Python {version}, for some minutes …", flush=True)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gameserver-wheel-") as folder:
        wheel = build(python, Path(folder))
        print(f"{wheel.name} is built; checking it in an empty environment …", flush=True)
        if not check(wheel, program):
            return False
        DIST.mkdir(exist_ok=True)
        shutil.copy(wheel, DIST)
    print(f"dist/{wheel.name} after {time.monotonic() - began_s:.0f} s", flush=True)
    return True


def main(arguments: list[str]) -> int:
    """Make the wheels of the versions that the arguments name, or of all; return the exit status."""
    if not compiler(os.environ):
        fail("the compiled wheels need a C compiler; install one (Debian and Ubuntu: apt-get install gcc libc6-dev)")
    pythons = choose(pythons_here(), arguments)
    failed = [version for version, program in pythons.items() if not make_wheel(version, program)]
    if failed:
        print(f"no wheel for Python {', '.join(failed)}: its check failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
