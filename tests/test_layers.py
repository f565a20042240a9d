"""What import-linter's contracts (pyproject.toml) cannot check about the layers: nothing below `net/` awaits, reads a
clock or uses a shared random generator, no modules import each other in a circle, only authors import the face, and
every module says what it is for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source import PACKAGE, TEMPLATES, imported_modules, parse

PURE = ("protocol", "shared_step", "state", "sync", "room", "hub", "recording", "match")
CLIENT_SHELL = frozenset({"connector.py", "dial.py", "event_stream.py", "link.py", "session.py", "token.py"})
"""The modules of `client/` that may do input and output; the others are cores."""
SHELL_LIBRARIES = frozenset({"trio", "trio_websocket", "socket", "ssl", "time", "asyncio", "threading"})
RANDOM_SOURCES = frozenset({"secrets", "uuid"})


def sources(*folders: str) -> list[Path]:
    found = {path for folder in folders for path in (PACKAGE / folder).rglob("*.py")}
    return sorted(path for path in found if not path.is_relative_to(TEMPLATES))


def names_from_face(tree: ast.Module) -> set[str]:
    """What the code takes from `gameserver` itself, its subpackages and modules left out."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "gameserver":
            names.update(name.name for name in node.names)
        elif isinstance(node, ast.Import) and any(name.name == "gameserver" for name in node.names):
            names.add("gameserver")
    return names - {child.stem for child in PACKAGE.iterdir() if not child.stem.startswith("__")}


def shared_randomness(tree: ast.Module) -> Iterator[str]:
    """Every use of a generator that is not the caller's own: `random.random()`, `numpy.random`, `os.urandom`, …"""
    for name in imported_modules(tree):
        if name.split(".")[0] in RANDOM_SOURCES or (name.startswith("random.") and name != "random.Random"):
            yield name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used = f"{node.value.id}.{node.attr}"
            if used in {"np.random", "numpy.random", "os.urandom"}:
                yield used
            if node.value.id == "random" and node.attr != "Random":
                yield used


def import_graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Which modules each module imports, for type checkers alone or inside of a function too.

    Args:
        sources: The source text of each module, by its full name.
    """
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        found: set[str] = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found.update(name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [f"{node.module}.{name.name}" for name in node.names]
                found.update(name if name in sources else node.module for name in names)
        graph[module] = (found & sources.keys()) - {module}
    return graph


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """Everything that a module imports, at first or at second hand; itself only if it is in a circle."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = graph[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def circles(graph: dict[str, set[str]]) -> set[tuple[str, ...]]:
    """The largest groups of modules each of which imports all others, at first or at second hand."""
    below = {module: reachable(graph, module) for module in graph}
    in_circles = [module for module in graph if module in below[module]]
    return {tuple(sorted(m for m in in_circles if m in below[module] and module in below[m])) for module in in_circles}


def package_sources() -> dict[str, str]:
    """The source of every module of the package, by its full name."""
    found = {}
    for path in sources("."):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path.read_text("utf-8")
    return found


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_are_sources_to_check() -> None:
    for folder in PURE:
        assert sources(folder), f"gameserver/{folder}/ holds no module: the other tests here would pass on nothing"


def test_the_shell_of_the_client_is_there() -> None:
    assert sorted(CLIENT_SHELL - {path.name for path in sources("client")}) == []


def test_every_folder_is_a_package() -> None:
    """Without an `__init__.py` import-linter does not see a folder, and its contracts hold of nothing."""
    folders = {path.parent for path in sources(".")}
    assert [ids(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("path", sources(*PURE), ids=ids)
def test_nothing_below_net_awaits(path: Path) -> None:
    awaiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert [node.lineno for node in ast.walk(parse(path)) if isinstance(node, awaiting)] == []


@pytest.mark.parametrize("path", sources(*PURE, "client"), ids=ids)
def test_randomness_below_net_is_an_argument(path: Path) -> None:
    if path.parent.name == "client" and path.name in CLIENT_SHELL:
        return
    assert list(shared_randomness(parse(path))) == []


@pytest.mark.parametrize("path", sources("client"), ids=ids)
def test_client_cores_do_no_input_and_output(path: Path) -> None:
    if path.name in CLIENT_SHELL:
        return
    roots = {name.split(".")[0] for name in imported_modules(parse(path))}
    assert roots & SHELL_LIBRARIES == set()


@pytest.mark.parametrize("path", sources(*PURE, "net", "client"), ids=ids)
def test_the_face_is_for_authors_not_for_the_inside(path: Path) -> None:
    assert names_from_face(parse(path)) <= {"__version__"}


@pytest.mark.parametrize("path", sources("."), ids=ids)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(parse(path)), f"{path} opens without a docstring"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """import-linter holds the order of the parts; this holds what is inside of them, type-only imports included."""
    assert circles(import_graph(package_sources())) == set()


def test_circles_are_found_through_imports_for_types_and_inside_of_functions() -> None:
    modules = {
        "p": "from p.a import A",
        "p.a": "if TYPE_CHECKING:\n    from p import b",
        "p.b": "def f():\n    import p.c",
        "p.c": "from p.a import A",
        "p.d": "from p import a",
    }
    assert circles(import_graph(modules)) == {("p.a", "p.b", "p.c")}


def test_shared_randomness_is_found_in_each_of_its_spellings() -> None:
    bad = (
        "import random, os, numpy as np\nrandom.random()\nos.urandom(4)\nnp.random.rand()\nfrom random import choice\n"
    )
    good = "import random\nfrom random import Random\nrandom.Random(3).random()\nself.random.random()\n"
    assert len(list(shared_randomness(ast.parse(bad)))) == 4
    assert list(shared_randomness(ast.parse(good))) == []
