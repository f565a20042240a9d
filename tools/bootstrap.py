"""Prepares this checkout for running or testing. Needs Python ≥ 3.11, and for the tests Node ≥ 20.

    python3 tools/bootstrap.py python EXTRA…    .venv with the package, editable, and its extras
    python3 tools/bootstrap.py compiled         build/compiled, the package as machine code, made with .venv
    python3 tools/bootstrap.py node             node_modules, as package-lock.json says
    python3 tools/bootstrap.py chromium         a Chromium for the browser tests
    python3 tools/bootstrap.py nginx            an nginx for the tests behind a proxy
    python3 tools/bootstrap.py engines          Firefox, WebKitGTK's browser and jsc, for make test-engines
    python3 tools/bootstrap.py systemd          systemd-analyze for the test of the unit in the guide

The Makefile runs a step when its stamp is older than what the step depends on. A step that cannot go on ends with one
message that says what to install. This file uses the standard library only and no syntax newer than Python 3.8, so that
an older Python can print that message.
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
"""Debian's names. Without a font package, the text on screenshots is empty boxes."""
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
"""Where programs are that only an administrator has on the PATH."""


def fail(message: str) -> NoReturn:
    """Exit with status 1 and the message on standard error."""
    sys.exit("error: " + message)


def run(command: Sequence[str], **environment: str) -> None:
    """Run a command in the checkout, with more environment variables. Exits if it fails."""
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
    if result.returncode != 0:
        fail(f"'{' '.join(command)}' ended with status {result.returncode}")


def python_problem(version: tuple[int, ...]) -> str | None:
    """Return why this version of Python cannot be used, or None."""
    if version >= MIN_PYTHON:
        return None
    wanted, found = (".".join(map(str, pair[:2])) for pair in (MIN_PYTHON, version))
    return (
        f"Python {wanted} or newer is needed, and this is {found}. Install one (Debian and Ubuntu: apt-get install "
        "python3.11 python3.11-venv) and say which: make PYTHON=python3.11 …"
    )


def node_problem(version: str | None) -> str | None:
    """Return why Node cannot be used, or None. `version`: output of `node --version`; None without Node or npm."""
    wanted = f"Node.js {MIN_NODE_MAJOR} or newer with npm is needed for the tests"
    if version is None:
        return wanted + "; install it (Debian 13, Ubuntu 25.04 and newer: apt-get install nodejs npm)"
    major = version.lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < MIN_NODE_MAJOR:
        return f"{wanted}, and this is {version}"
    return None


def find_chromium(environment: Mapping[str, str]) -> str | None:
    """Return the path of the Chromium to test with: $CHROMIUM, else the first known name on the PATH."""
    named = environment.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def venv_works() -> bool:
    """Return whether .venv has a Python that starts and is new enough. The one that made it may have been removed."""
    probe = f"import sys; sys.exit(sys.version_info < {MIN_PYTHON!r})"
    try:
        return subprocess.run([str(VENV / "bin/python"), "-c", probe], check=False).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    """Make an empty .venv, in place of one that is there."""
    try:
        venv.create(str(VENV), clear=True, with_pip=True)
    except (subprocess.CalledProcessError, OSError):
        fail("could not make .venv; is the venv module there? (Debian and Ubuntu: apt-get install python3-venv)")


def install_python(extras: list[str]) -> None:
    """Install the package, editable, with its extras, in the versions that constraints.txt pins."""
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
    # Installing the build backend first gets its pinned version; an isolated build would take the newest.
    run([*pip, "hatchling"])
    run([*pip, "--no-build-isolation", "-e", target])


def compiler(environment: Mapping[str, str]) -> str | None:
    """Return the path of the C compiler that setuptools will call, or None."""
    return shutil.which((environment.get("CC") or "cc").split()[0])


def install_compiled() -> None:
    """Compile the package into build/compiled. The editable install still runs the sources."""
    if not compiler(os.environ):
        fail("the compiled build needs a C compiler; install one (Debian and Ubuntu: apt-get install gcc libc6-dev)")
    print("compiling, for about a minute …", flush=True)
    shutil.rmtree(str(COMPILED), ignore_errors=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    run([*pip, "--no-build-isolation", "--no-deps", "--target", str(COMPILED), "."], GAMESERVER_COMPILE="1")


def install_node() -> None:
    """Install the packages of package-lock.json into node_modules."""
    node = shutil.which("node")
    version = subprocess.check_output([node, "--version"], text=True).strip() if node else None
    problem = node_problem(version if shutil.which("npm") else None)
    if problem:
        fail(problem)
    print("installing JavaScript packages …", flush=True)
    run(["npm", "ci", "--loglevel=error"])


def install_chromium() -> None:
    """Install Chromium if there is none."""
    if find_chromium(os.environ):
        return
    if os.environ.get("CHROMIUM"):
        fail("CHROMIUM={} is not a program".format(os.environ["CHROMIUM"]))
    install_packages("Chromium", CHROMIUM_PACKAGES, ", or name one: make test CHROMIUM=/path/to/chrome")


def install_nginx() -> None:
    """Install nginx if there is none. It is started by tests only, with a configuration of their own."""
    if shutil.which("nginx", path=SYSTEM_PATH) is None:
        install_packages("nginx", ("nginx-light",))


def install_systemd() -> None:
    """Install systemd-analyze if there is none. It reads a file; nothing is started."""
    if shutil.which("systemd-analyze", path=SYSTEM_PATH) is None:
        install_packages("systemd-analyze", ("systemd",))


def install_engines() -> None:
    """Install Firefox, WebKitGTK's browser with a screen for it, and the shell of JavaScriptCore, where they miss."""
    if not (shutil.which("firefox-esr") or shutil.which("firefox")):
        install_packages("Firefox", ("firefox-esr",))
    if not (shutil.which("WebKitWebDriver") and shutil.which("Xvfb") and shutil.which("xvfb-run")):
        install_packages("WebKitGTK's browser", ("webkit2gtk-driver", "xvfb", "xauth"))
    if not shutil.which("jsc"):
        # Debian 12 has the version in the name, as `apt-get install` does not guess it.
        install_packages("jsc", ("^libjavascriptcoregtk(-4.0)?-bin$",))


def install_packages(name: str, packages: Sequence[str], instead: str = "") -> None:
    """Install Debian packages with apt-get; without the right to do that, say what to do."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        wanted = " ".join(packages)
        fail(f"the tests need {name}. Install it (Debian and Ubuntu: sudo apt-get install {wanted}){instead}")
    print(f"installing {name} …", flush=True)
    run(["apt-get", "-qq", "update"])
    install = ["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "install"]
    run([*install, *packages], DEBIAN_FRONTEND="noninteractive")


def main(arguments: list[str]) -> None:
    """Run the step that the arguments name."""
    step, extras = (arguments[0], arguments[1:]) if arguments else ("", [])
    if step == "python":
        install_python(extras)
    elif step == "compiled" and not extras:
        install_compiled()
    elif step == "node" and not extras:
        install_node()
    elif step == "chromium" and not extras:
        install_chromium()
    elif step == "nginx" and not extras:
        install_nginx()
    elif step == "systemd" and not extras:
        install_systemd()
    elif step == "engines" and not extras:
        install_engines()
    else:
        fail("usage: bootstrap.py python EXTRA… | compiled | node | chromium | nginx | systemd | engines")


if __name__ == "__main__":
    main(sys.argv[1:])
