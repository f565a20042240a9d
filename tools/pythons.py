"""Runs the unit tests on each CPython from 3.11 on that this machine has: on the PATH, or where pyenv and uv put them.

    python3 tools/pythons.py            all of them
    python3 tools/pythons.py 3.13       some
    python3 tools/pythons.py --list     only say which there are, and which are not

Each gets an environment in build/pythons, with the versions that constraints.txt pins.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/pythons"
MIN_PYTHON = (3, 11)
WANTED = ("3.11", "3.12", "3.13", "3.14")
"""What a release is tested on, and has wheels for."""
FOLDERS = (
    "~/.pyenv/versions/*/bin",
    "~/.local/share/uv/python/*/bin",
    "/usr/bin",
    "/usr/local/bin",
    "/opt/python/*/bin",
)
PROBE = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.version_info.releaselevel)"


def find_pythons(folders: tuple[str, ...]) -> dict[str, Path]:
    """Return one CPython of each version, such as `3.13`, in order."""
    found: dict[tuple[int, int], Path] = {}
    for pattern in folders:
        expanded = Path(pattern).expanduser()
        for folder in sorted(Path(expanded.anchor).glob(str(expanded.relative_to(expanded.anchor)))):
            for program in sorted(folder.iterdir()):
                if re.fullmatch(r"python3\.\d+", program.name) and (version := version_of(program)):
                    found.setdefault(version, program)
    return {f"{major}.{minor}": found[major, minor] for major, minor in sorted(found)}


def version_of(program: Path) -> tuple[int, int] | None:
    """Return the version of a CPython that is new enough, None for any other program."""
    try:
        probe = subprocess.run([program, "-c", PROBE], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, *numbers = probe.stdout.split() or [""]
    if name != "cpython" or numbers[2] != "final":
        return None
    version = int(numbers[0]), int(numbers[1])
    return version if version >= MIN_PYTHON else None


def pythons_here() -> dict[str, Path]:
    """Return one CPython of each version on this machine, and print a line about those that are missing."""
    on_path = tuple(os.environ.get("PATH", "").split(os.pathsep))
    found = find_pythons((*FOLDERS, *(folder for folder in on_path if Path(folder).is_dir())))
    if missing := [version for version in WANTED if version not in found]:
        print(f"not on this machine, so left out: Python {', '.join(missing)}", flush=True)
    return found


def choose(pythons: dict[str, Path], versions: list[str]) -> dict[str, Path]:
    """Return the Pythons of these versions, or all. Exits if one is missing."""
    missing = set(versions) - pythons.keys()
    if missing:
        sys.exit(f"error: no CPython {', '.join(sorted(missing))} here; there is {', '.join(pythons)}")
    return {version: pythons[version] for version in versions} if versions else pythons


def environment(version: str, program: Path) -> str:
    """Return the interpreter of an environment with all that tests and builds need; make it if the pins are newer."""
    folder = FOLDER / version
    stamp, python = folder / ".installed", str(folder / "bin/python")
    pins = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    if not stamp.exists() or stamp.stat().st_mtime < max(path.stat().st_mtime for path in pins):
        print(f"installing for Python {version} …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-c", "constraints.txt"]
        subprocess.run([str(program), "-m", "venv", str(folder)], cwd=ROOT, check=True)
        subprocess.run([*pip, "hatchling"], cwd=ROOT, check=True)
        subprocess.run([*pip, "--no-build-isolation", "-e", ".[dev]"], cwd=ROOT, check=True)
        stamp.touch()
    return python


def run_tests(version: str, program: Path) -> bool:
    """Run the unit tests. Returns whether they pass."""
    python = environment(version, program)
    print(f"Python {version}:", flush=True)
    tests = ["-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", "-m", "not live and not browser"]
    return subprocess.run([python, *tests], cwd=ROOT, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Run the tests on the versions that the arguments name, or on all; return the exit status."""
    pythons = pythons_here()
    if arguments == ["--list"]:
        for version, program in pythons.items():
            print(version, program)
        return 0
    failed = [version for version, program in choose(pythons, arguments).items() if not run_tests(version, program)]
    print(f"failed on Python {', '.join(failed)}" if failed else "passed on every Python", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
