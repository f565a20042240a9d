"""The Python client and the SDK have the same files for the same things, with the same constants; where they do not,
the head of the file says why, or where the other side has it."""

import ast
import importlib
import re
from pathlib import Path

from tests.support.twins import in_browser

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "gameserver/client"
SDK = ROOT / "client_demo/sdk"
NO_TWIN = "No twin in "

ONE_SIDED = {
    ("dial", "CLOSE_WITHIN_S"): "a page does not wait for the closing handshake",
    ("dial", "QUEUED_MESSAGES"): "a browser queues messages itself",
    ("event_stream", "MAX_WAITING_EVENTS"): "a page's handlers are called at once",
    ("link", "MAX_BUFFERED_BYTES"): "Python knows whether a send is stuck",
    ("link", "MAX_REFUSAL_CHARACTERS"): "a browser does not show the answer to a page",
    ("state_reader", "KEPT"): "a page has one session",
    ("view_state", "NO_TICK"): "Python has no slots that hold no state",
}
"""Numbers that only one side has, and why."""

ELSEWHERE = {
    ("connector", "CONNECT_WITHIN_S"): ("gameserver.client.dial", "CONNECT_WITHIN_S"),
    ("bits", "MAX_WIDTH_BITS"): ("gameserver.sync.bits", "MAX_WIDTH"),
    ("fields", "TURN_RADIANS"): ("gameserver.state.numeric", "TURN"),
    ("body_choice", "MAX_BODIES"): ("gameserver.state.touch", "MAX_BODIES"),
    ("schema", "MAX_JUMPS"): ("gameserver.state.fields", "Jumps"),
    ("schema", "MAX_RATE_RATIO"): ("gameserver.state.declare", "MAX_RATE_RATIO"),
    ("view_state", "VIEW_RING_SIZE"): ("gameserver.client.interpolation", "VIEW_RING_SIZE"),
}
"""Numbers that the two sides have in files of different names."""


def names(folder: Path, suffix: str) -> set[str]:
    return {path.stem for path in folder.glob(f"*{suffix}")}


def python_files() -> set[str]:
    return names(CLIENT, ".py") - {"__init__"}


def script_files() -> set[str]:
    return names(SDK, ".js") - {"index", "constants"}


def head(path: Path) -> str:
    """The text that a file opens with."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    found = re.match(r"/\*\*(.*?)\*/", text, re.DOTALL)
    return "" if found is None else re.sub(r"\n \* ?", "\n", found[1])


def test_files_of_both_sides_name_each_other() -> None:
    both = python_files() & script_files()
    assert len(both) > 20
    wrong = [name for name in both if f"client_demo/sdk/{name}.js" not in head(CLIENT / f"{name}.py")]
    wrong += [f"{name}.js" for name in both if f"gameserver/client/{name}.py" not in head(SDK / f"{name}.js")]
    assert sorted(wrong) == []


def test_files_of_one_side_say_why_or_where_the_other_side_has_it() -> None:
    only_python = [CLIENT / f"{name}.py" for name in python_files() - script_files()]
    only_script = [SDK / f"{name}.js" for name in script_files() - python_files()]
    assert len(only_python) < 6
    for path in (*only_python, *only_script):
        elsewhere = [name for name in re.findall(r"`([\w/]+\.py)`", head(path)) if (ROOT / name).exists()]
        assert NO_TWIN in head(path) or elsewhere, f"{path.name} names neither a twin nor a reason"


def test_constants_of_twins_are_the_same() -> None:
    ours = {(name, key): value for name in python_files() for key, value in numbers_of(CLIENT / f"{name}.py").items()}
    modules = sorted(script_files())
    exported = zip(modules, in_browser("constants", modules), strict=True)
    theirs = {(name, key): value for name, numbers in exported for key, value in numbers}
    for here, (module, constant) in ELSEWHERE.items():
        assert theirs.pop(here) == number_in(module, constant), here
        ours.pop((module.rpartition(".")[2], constant), None)
    assert (ours.keys() | theirs.keys()) - (ours.keys() & theirs.keys()) == ONE_SIDED.keys()
    both = ours.keys() & theirs.keys()
    assert len(both) >= 50
    assert {key: ours[key] for key in both} == {key: theirs[key] for key in both}


def number_in(module: str, name: str) -> float:
    found = getattr(importlib.import_module(module), name)
    return float(found().hi if name == "Jumps" else found)


def numbers_of(path: Path) -> dict[str, float]:
    """The numbers that a module itself defines."""
    tree = ast.parse(path.read_text("utf-8"))
    targets = [node.targets[0] for node in tree.body if isinstance(node, ast.Assign)]
    defined = [target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()]
    module = importlib.import_module(f"gameserver.client.{path.stem}")
    values = {name: getattr(module, name) for name in defined if not name.startswith("_")}
    return {name: value for name, value in values.items() if type(value) in {int, float}}


def test_no_modules_of_the_sdk_import_each_other_in_a_circle() -> None:
    """Imports of types count too: a circle of types is a circle for a reader."""
    imports = {path.name: set(re.findall(r'"\./(\w+\.js)"', path.read_text("utf-8"))) for path in SDK.glob("*.js")}
    while leaves := [name for name, found in imports.items() if not found & imports.keys()]:
        for name in leaves:
            del imports[name]
    assert imports == {}
