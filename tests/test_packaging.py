"""What is shipped: the content of the wheel, the pins, and that neither says where packages come from."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_build import has_compiler
from tests.support.source import ROOT

CORE_DEPENDENCIES = {"cyclopts", "h11", "msgpack", "msgspec", "numpy", "rich", "trio", "trio-websocket"}
PROCESS_TIMEOUT_S = 20.0
EXTENSION = sysconfig.get_config_var("EXT_SUFFIX")
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+")


def tracked_files(folder: str) -> set[str]:
    """The files below a folder that git does not ignore, as paths relative to it."""
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
    assert {"index.html", "sdk/index.js"} <= carried


def test_wheel_carries_the_whole_package_and_nothing_else(wheel_names: list[str]) -> None:
    package = {name for name in wheel_names if name.startswith("gameserver/") and "/_web/" not in name}
    assert {name.removeprefix("gameserver/") for name in package} == tracked_files("gameserver")
    assert "gameserver/py.typed" in package
    assert {name.split("/")[0].split("-")[0] for name in wheel_names} == {"gameserver", "trio_gameserver"}


def modules_of(compiler: str) -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules: list[str] = config["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"][compiler]
    return modules


def compiled_modules() -> list[str]:
    """The modules that mypyc compiles, and those that Cython does."""
    return modules_of("modules") + modules_of("native")


@pytest.fixture(scope="module")
def compiled_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled wheel, with empty files in place of what the compiler makes."""

    def compile_nothing(command: list[str], *, cwd: Path, check: bool) -> None:
        for module in ("0123__mypyc", *(f"gameserver/{module}" for module in compiled_modules())):
            (cwd / f"{module}{EXTENSION}").touch()

    out = tmp_path_factory.mktemp("compiled_wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAMESERVER_COMPILE", "1")
        patch.setenv("CC", sys.executable)
        patch.setattr(subprocess, "run", compile_nothing)
        (path,) = WheelBuilder(str(ROOT)).build(directory=str(out), versions=["standard"])
    return Path(path)


def test_a_compiled_wheel_has_machine_code_beside_the_sources_and_is_else_the_same(
    compiled_wheel: Path, wheel_names: list[str]
) -> None:
    with zipfile.ZipFile(compiled_wheel) as archive:
        names = set(archive.namelist())
    made = {f"gameserver/{module}{EXTENSION}" for module in compiled_modules()}
    assert names - set(wheel_names) == {f"0123__mypyc{EXTENSION}", *made}
    assert set(wheel_names) <= names


def test_a_compiled_wheel_is_for_one_python_and_one_machine(wheel: Path, compiled_wheel: Path) -> None:
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert wheel.stem.endswith("-py3-none-any")
    assert f"-{version}-{version}-" in compiled_wheel.stem
    assert not compiled_wheel.stem.endswith("-any")


def test_a_compiled_wheel_needs_what_compiled_code_calls(wheel: Path, compiled_wheel: Path) -> None:
    def needs(path: Path) -> set[str]:
        with zipfile.ZipFile(path) as archive:
            (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            lines = archive.read(metadata).decode().splitlines()
        required = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]
        return {requirement.name for requirement in required if requirement.marker is None}

    assert needs(wheel) == CORE_DEPENDENCIES
    assert needs(compiled_wheel) == CORE_DEPENDENCIES | {"librt", "mypy_extensions"}


def test_without_a_compiler_the_compiled_build_ends_with_what_to_do(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    environment = {**os.environ, "GAMESERVER_COMPILE": "1", "CC": "/nowhere/cc"}
    done = subprocess.run(build, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "GAMESERVER_COMPILE=1 needs a C compiler; install one" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("of_environment", "of_python", "called"),
    [("clang -O2", "gcc -pthread", "clang"), (None, "gcc -pthread", "gcc"), ("", "gcc", "gcc"), (None, None, "cc")],
)
def test_the_compiler_that_is_looked_for_is_the_one_that_setuptools_calls(
    of_environment: str | None, of_python: str | None, called: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if of_environment is None:
        monkeypatch.delenv("CC", raising=False)
    else:
        monkeypatch.setenv("CC", of_environment)
    monkeypatch.setattr(sysconfig, "get_config_var", {"CC": of_python}.get)
    for installed in (called, "another"):
        monkeypatch.setattr(shutil, "which", {installed: f"/usr/bin/{installed}"}.get)
        assert has_compiler("linux") == (installed == called)


def test_no_compiled_module_uses_cached_property() -> None:
    """In a compiled class a `cached_property` is computed at every access."""
    for module in modules_of("modules"):
        text = (ROOT / "gameserver" / f"{module}.py").read_text()
        assert "cached_property" not in text, module


def test_wheel_carries_the_licence(wheel_names: list[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)


def test_core_dependencies_stay_few() -> None:
    requirements = map(Requirement, distribution("trio-gameserver").requires or ())
    assert {requirement.name for requirement in requirements if requirement.marker is None} == CORE_DEPENDENCIES


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def closure(name: str, extras: frozenset[str]) -> Iterator[str]:
    """The names of all distributions that an installed one needs here, without itself."""
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


def test_the_installed_versions_are_the_pinned_ones() -> None:
    needed = set(closure("trio-gameserver", frozenset({"dev"}))) - {"trio-gameserver"}
    assert {name: distribution(name).version for name in needed} == {name: pins()[name] for name in needed}


@pytest.mark.parametrize("lock", ["package-lock.json", "bench/peers/package-lock.json"])
def test_javascript_lock_does_not_say_where_packages_come_from(lock: str) -> None:
    for name, package in json.loads((ROOT / lock).read_text())["packages"].items():
        package.pop("funding", None)  # a URL, but not of the package
        assert "resolved" not in package, name
        assert "://" not in json.dumps(package), name


@pytest.fixture
def clean_environment(wheel: Path, tmp_path: Path) -> Path:
    """A virtual environment with the wheel and what it needs, and nothing of this checkout."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    install = [str(python), "-m", "pip", "install", "-qq", "-c", str(ROOT / "constraints.txt"), str(wheel)]
    subprocess.run(install, check=True, cwd=tmp_path)
    return tmp_path / "venv/bin"


@pytest.mark.live
@pytest.mark.timeout(600)
def test_the_sources_install_without_a_compiler_and_say_that_they_are_not_compiled(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv/bin"
    environment = {**os.environ, "PATH": str(programs), "CC": "/nowhere/cc"}
    environment.pop("GAMESERVER_COMPILE", None)
    install = [str(programs / "python"), "-m", "pip", "install", "-v", "-c", str(ROOT / "constraints.txt"), str(ROOT)]
    installed = subprocess.run(install, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert "gameserver is not compiled, and needs no compiler" in installed.stdout + installed.stderr
    version = [str(programs / "gameserver"), "--version"]
    shown = subprocess.run(version, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert shown.stdout == f"{distribution('trio-gameserver').version} (not compiled)\n"


@contextmanager
def running(command: list[str], cwd: Path, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command with only one folder on its PATH. It must end with status 0 when it is interrupted."""
    environment = {"PATH": str(path), "HOME": str(cwd), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PROCESS_TIMEOUT_S) == 0
        finally:
            process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    """Wait for the address that the server prints once it accepts connections."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[\w.]+:\d+/", line):
            return found[0]
    raise AssertionError(f"the server ended with status {process.wait()} and printed no address")


@pytest.mark.live
def test_installed_wheel_serves_the_game_with_neither_checkout_nor_node(
    clean_environment: Path, tmp_path: Path
) -> None:
    command = [str(clean_environment / "gameserver"), "run", "--port", "0"]
    with running(command, tmp_path, clean_environment) as process:
        address = address_of(process)
        for name, kind in {"": "text/html", "sdk/index.js": "text/javascript"}.items():
            with urllib.request.urlopen(address + name, timeout=PROCESS_TIMEOUT_S) as response:
                assert response.headers.get_content_type() == kind
                assert response.read()
