"""What is shipped: the wheel and what it carries, the pins, and that neither says where packages come from."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CORE_DEPENDENCIES = {"cyclopts", "h11", "msgpack", "msgspec", "numpy", "rich", "trio", "trio-websocket"}
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+")


def tracked_files(folder: str) -> set[str]:
    """The files below the folder that are not ignored, by their paths from it."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return {name.removeprefix(f"{folder}/") for name in names if name and (ROOT / name).exists()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = out.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_carries_the_whole_page(wheel_names: list[str]) -> None:
    prefix = "gameserver/_web/"
    carried = {name.removeprefix(prefix) for name in wheel_names if name.startswith(prefix)}
    assert carried == tracked_files("client_demo")
    assert {"index.html", "vendor/msgpack/msgpack.js", "vendor/msgpack/LICENSE"} <= carried


def test_wheel_carries_the_whole_package_and_nothing_else(wheel_names: list[str]) -> None:
    package = {name for name in wheel_names if name.startswith("gameserver/") and "/_web/" not in name}
    assert {name.removeprefix("gameserver/") for name in package} == tracked_files("gameserver")
    assert "gameserver/py.typed" in package
    assert {name.split("/")[0].split("-")[0] for name in wheel_names} == {"gameserver", "trio_gameserver"}


def test_wheel_carries_the_licence(wheel_names: list[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)


def test_core_dependencies_stay_few() -> None:
    requirements = map(Requirement, distribution("trio-gameserver").requires or ())
    assert {requirement.name for requirement in requirements if requirement.marker is None} == CORE_DEPENDENCIES


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def closure(name: str, extras: frozenset[str]) -> Iterator[str]:
    """Names of all that the installed distribution needs here, itself left out."""
    for requirement in map(Requirement, distribution(name).requires or ()):
        environments = [{"extra": extra} for extra in extras or {""}]
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
            yield canonicalize_name(requirement.name)
            yield from closure(requirement.name, frozenset(requirement.extras))


def test_constraints_are_names_and_versions_only() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert PIN.fullmatch(line), line


def test_everything_that_is_installed_is_pinned() -> None:
    needed = set(closure("trio-gameserver", frozenset({"dev"}))) - {"trio-gameserver"}
    assert needed - pins().keys() == set()


def test_what_runs_here_is_what_is_pinned() -> None:
    needed = set(closure("trio-gameserver", frozenset({"dev"}))) - {"trio-gameserver"}
    assert {name: distribution(name).version for name in needed} == {name: pins()[name] for name in needed}


def test_javascript_lock_holds_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert "://" not in text
    for name, package in json.loads(text)["packages"].items():
        assert "resolved" not in package, name
