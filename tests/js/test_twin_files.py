"""The Python client and the SDK have the same files for the same things, with the same constants; where they do not, the
head of the file says why, or where the other side has it."""

import ast
import re
from pathlib import Path

from tests.support.twins import in_browser

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "gameserver/client"
SDK = ROOT / "client_demo/sdk"
NO_TWIN = "No twin in "

ONE_SIDED = {
    (
        "connector",
        "CONNECT_WITHIN_S",
    ): "in Python `dial.py` opens WebSockets; its constant of this name is compared there",
    ("dial", "CLOSE_WITHIN_S"): "a page does not wait for the closing handshake",
    ("dial", "MAX_MESSAGE_BYTES"): "a page takes what the browser takes",
    ("dial", "QUEUED_MESSAGES"): "a browser queues messages itself",
    ("event_stream", "MAX_WAITING_EVENTS"): "a page's handlers are called at once",
    ("link", "MAX_BUFFERED_BYTES"): "Python knows whether a send is stuck",
    ("link", "MAX_REFUSAL_CHARACTERS"): "a browser does not show the answer to a page",
    ("state_reader", "KEPT"): "a page has one session",
    ("interpolation", "VIEW_RING_SIZE"): "the SDK's ring of views is in `view_state.js`; compared there",
    ("session_core", "DEAD_AFTER_S"): "the SDK takes it from `LIMITS` as it is",
}
"""Numbers that only one side of a file has, and why."""


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
    ours = {name: numbers_of(CLIENT / f"{name}.py") for name in python_files()}
    modules = sorted(script_files())
    theirs = dict(zip(modules, map(dict, in_browser("constants", modules)), strict=True))
    both = python_files() & script_files()
    pairs = {(name, constant) for name in both for constant in ours[name].keys() | theirs[name].keys()}
    one_sided = {(name, c) for name, c in pairs if c not in ours[name] or c not in theirs[name]}
    one_sided |= {(name, constant) for name in python_files() - both for constant in ours[name]}
    assert one_sided == ONE_SIDED.keys()
    compared = pairs - one_sided
    assert len(compared) > 50
    assert {pair: ours[pair[0]][pair[1]] for pair in compared} == {pair: theirs[pair[0]][pair[1]] for pair in compared}
    assert ours["dial"]["CONNECT_WITHIN_S"] == theirs["connector"]["CONNECT_WITHIN_S"]
    assert ours["interpolation"]["VIEW_RING_SIZE"] == theirs["view_state"]["VIEW_RING_SIZE"]


def numbers_of(path: Path) -> dict[str, float]:
    """The numbers that a module itself defines."""
    tree = ast.parse(path.read_text("utf-8"))
    targets = [node.targets[0] for node in tree.body if isinstance(node, ast.Assign)]
    defined = [target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()]
    module = __import__(f"gameserver.client.{path.stem}", fromlist=["_"])
    values = {name: getattr(module, name) for name in defined if not name.startswith("_")}
    return {name: value for name, value in values.items() if type(value) in {int, float}}


def test_no_modules_of_the_sdk_import_each_other_in_a_circle() -> None:
    """Imports of types count too: a circle of types is a circle for a reader."""
    imports = {path.name: set(re.findall(r'"\./(\w+\.js)"', path.read_text("utf-8"))) for path in SDK.glob("*.js")}
    while leaves := [name for name, found in imports.items() if not found & imports.keys()]:
        for name in leaves:
            del imports[name]
    assert imports == {}
