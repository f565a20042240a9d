"""Make this checkout ready to run or to test, from nothing but Python ≥ 3.11 (and Node ≥ 20 for tests).

    python3 tools/bootstrap.py python EXTRA…    .venv with the package, editable, and its extras
    python3 tools/bootstrap.py compiled         build/compiled, the package as machine code, with what .venv has for it
    python3 tools/bootstrap.py node             node_modules, as package-lock.json says
    python3 tools/bootstrap.py chromium         a Chromium for the browser tests

Each step does nothing when its result is there and current; the Makefile's stamps decide "current" for the first two.
A step that cannot go on ends with one message that says what to install. Standard library only, and written so that an
older Python gets as far as that message: no syntax newer than 3.8.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
COMPILED = ROOT / "build/compiled"
CONSTRAINTS = ROOT / "constraints.txt"

MIN_PYTHON = (3, 11)
MIN_NODE_MAJOR = 20
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_PACKAGES = ("chromium", "fonts-liberation")
"""Debian's names. Without a font package, text on a screenshot is empty boxes."""


def fail(message: str) -> NoReturn:
    """End with status 1 and the message on stderr."""
    sys.exit("error: " + message)


def run(command: Sequence[str], **environment: str) -> None:
    """Run the command in the checkout; its failure ends this program with its own output above."""
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
    if result.returncode != 0:
        fail(f"'{' '.join(command)}' ended with status {result.returncode}")


def python_problem(version: tuple[int, ...]) -> str | None:
    """What is wrong with running on this version of Python, or None."""
    if version >= MIN_PYTHON:
        return None
    wanted, found = (".".join(map(str, pair[:2])) for pair in (MIN_PYTHON, version))
    return (
        f"Python {wanted} or newer is needed, and this is {found}. Install one (Debian and Ubuntu: apt-get install "
        "python3.11 python3.11-venv) and say which: make PYTHON=python3.11 …"
    )


def node_problem(version: str | None) -> str | None:
    """What is wrong with this answer of `node --version` (None: no node), or None."""
    wanted = f"Node.js {MIN_NODE_MAJOR} or newer with npm is needed for the tests"
    if version is None:
        return wanted + "; install it (Debian 13, Ubuntu 25.04 and newer: apt-get install nodejs npm)"
    major = version.lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < MIN_NODE_MAJOR:
        return f"{wanted}, and this is {version}"
    return None


def find_chromium(environment: Mapping[str, str]) -> str | None:
    """Path of the Chromium to test with: $CHROMIUM, else the first known name on the path."""
    named = environment.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def venv_works() -> bool:
    """Whether .venv has a Python that starts and is new enough (it may outlive the Python that made it)."""
    probe = f"import sys; sys.exit(sys.version_info < {MIN_PYTHON!r})"
    try:
        return subprocess.run([str(VENV / "bin/python"), "-c", probe], check=False).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    """Create .venv anew."""
    try:
        venv.create(str(VENV), clear=True, with_pip=True)
    except (subprocess.CalledProcessError, OSError):
        fail("could not make .venv; is the venv module there? (Debian and Ubuntu: apt-get install python3-venv)")


def install_python(extras: list[str]) -> None:
    """Install the package, editable, with its extras, every version as constraints.txt pins it."""
    problem = python_problem(sys.version_info[:2])
    if problem:
        fail(problem)
    if not venv_works():
        print("making .venv …", flush=True)
        make_venv()
    print("installing Python packages …", flush=True)
    target = ".[{}]".format(",".join(extras)) if extras else "."
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["-c", str(CONSTRAINTS)]
    # The build backend goes in first, so that it too is the pinned one: an isolated build would take the newest.
    run([*pip, "hatchling"])
    run([*pip, "--no-build-isolation", "-e", target])


def compiler(environment: Mapping[str, str]) -> str | None:
    """Path of the C compiler that setuptools will call, or None."""
    return shutil.which((environment.get("CC") or "cc").split()[0])


def install_compiled() -> None:
    """Compile the package into a folder of its own, beside the sources, which stay what an editable install runs."""
    if not compiler(os.environ):
        fail("the compiled build needs a C compiler; install one (Debian and Ubuntu: apt-get install gcc libc6-dev)")
    print("compiling, for about a minute …", flush=True)
    shutil.rmtree(str(COMPILED), ignore_errors=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    run([*pip, "--no-build-isolation", "--no-deps", "--target", str(COMPILED), "."], GAMESERVER_COMPILE="1")


def install_node() -> None:
    """Install what package-lock.json says into node_modules."""
    node = shutil.which("node")
    version = subprocess.check_output([node, "--version"], text=True).strip() if node else None
    problem = node_problem(version if shutil.which("npm") else None)
    if problem:
        fail(problem)
    print("installing JavaScript packages …", flush=True)
    run(["npm", "ci", "--loglevel=error"])


def install_chromium() -> None:
    """Make sure that there is a Chromium: with apt-get where that may be done, else say what to do."""
    if find_chromium(os.environ):
        return
    if os.environ.get("CHROMIUM"):
        fail("CHROMIUM={} is not a program".format(os.environ["CHROMIUM"]))
    if not shutil.which("apt-get") or os.geteuid() != 0:
        fail(
            "the browser tests need Chromium. Install it (Debian and Ubuntu: sudo apt-get install {}), or name one: "
            "make test CHROMIUM=/path/to/chrome".format(" ".join(CHROMIUM_PACKAGES))
        )
    print("installing Chromium …", flush=True)
    run(["apt-get", "-qq", "update"])
    install = ["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "install"]
    run([*install, *CHROMIUM_PACKAGES], DEBIAN_FRONTEND="noninteractive")


def main(arguments: list[str]) -> None:
    """Do the step that the arguments name."""
    step, extras = (arguments[0], arguments[1:]) if arguments else ("", [])
    if step == "python":
        install_python(extras)
    elif step == "compiled" and not extras:
        install_compiled()
    elif step == "node" and not extras:
        install_node()
    elif step == "chromium" and not extras:
        install_chromium()
    else:
        fail("usage: bootstrap.py python EXTRA… | compiled | node | chromium")


if __name__ == "__main__":
    main(sys.argv[1:])
