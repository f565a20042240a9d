"""A constant stands once: no two modules define one of the same name, no number of the wire is written out again, and
where JavaScript has a constant of the same name as Python, it has the same value."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from gameserver.protocol import constants as wire
from tests.support.source import PACKAGE, ROOT, parse, short

PAGE = ROOT / "client_demo"
WIRE = PACKAGE / "protocol/constants.py"

SEVERAL = {
    "EASE_S": "of a clock and of a drawn pose: each is its JavaScript twin's",
    "MAX_PENDING": "frames of a prediction, and cases of a comparison",
    "READ_BYTES": "of a transport and of the simulated network",
    "RULES": "the rules that a module gives to its bots: `gameserver bots` looks for this name",
    "TURN": "of the schema; a game may not import that",
    "_FIN": "WebSocket's bits; a worker's first look at a link stands on its own",
    "_KEY_BYTES": "of a frame's mask and of Sec-WebSocket-Key",
    "_MASKED": "WebSocket's bits; the poller's are compiled into it",
    "_READ_BYTES": "of a connection, a pipe and a link that is handed on",
    "_WHOLE_BINARY": "WebSocket's bits; the poller's are compiled into it",
    "WIDTH": "of the arena and of the board: each is its JavaScript twin's",
    "HEIGHT": "of the arena and of the board: each is its JavaScript twin's",
    "CLOSE": "an opcode, and the table of close codes",
}
"""Names that more than one module defines, and what each is about."""

SAME_NUMBER = {
    "MAX_PORT": "TCP's",
    "NO_POINT": "the highest number of 16 bits",
    "MAX_TEXT_BYTES": "a length",
    "_MAX_16_BITS": "the length of a WebSocket frame",
}
"""Constants that happen to have the value of one of the wire's, and what they count instead."""

OTHERWISE_IN_JAVASCRIPT = {
    ("client_demo/lab/client.js", "MAX_AHEAD_S"): "the lab draws less far ahead than players need",
}
"""Constants of a name that Python uses for something else."""

WRITTEN_OUT_FROM = 1000
"""Smaller numbers, and powers of two, mean many things: they are not looked for."""


def modules(folder: Path = PACKAGE) -> list[Path]:
    """Those of the package; what `gameserver new` copies is another project's."""
    return sorted(path for path in folder.rglob("*.py") if "templates" not in path.parts)


def scripts() -> list[Path]:
    return sorted(PAGE.rglob("*.js"))


def definitions(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The UPPER_CASE names that a module gives a value at its top, type variables left out."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id.isupper() and len(target.id) > 1 and value is not None:
            yield target.id, value


def defined_in() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in modules():
        for name, _ in definitions(parse(path)):
            found[name].append(path)
    return found


def values_of(name: str) -> list[object]:
    """What the package's constants of this name are."""
    dotted = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in defined_in().get(name, ())]
    return [getattr(importlib.import_module(module), name) for module in dotted]


def number(node: ast.AST) -> int | None:
    """The whole number that an expression of literals is, `2**32 - 1` too."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if not isinstance(node, ast.BinOp):
        return None
    left, right = number(node.left), number(node.right)
    if left is None or right is None:
        return None
    match node.op:
        case ast.Pow() | ast.LShift():
            if not 0 <= right <= 64:
                return None
            return left**right if isinstance(node.op, ast.Pow) else left << right
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case _:
            return None


def is_telling(value: object) -> bool:
    """Whether the value alone says which constant it is of."""
    return isinstance(value, str) or (isinstance(value, int) and value >= WRITTEN_OUT_FROM and value & (value - 1) != 0)


def own_of_wire() -> dict[str, object]:
    return {name: getattr(wire, name) for name, _ in definitions(parse(WIRE))}


def written_out(tree: ast.Module, values: set[object], unless: set[str]) -> list[str]:
    """Where a module writes one of `values` instead of naming it."""
    allowed = {id(part) for name, value in definitions(tree) if name in unless for part in ast.walk(value)}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else number(node)
        if value in values and id(node) not in allowed | docstrings:
            found.append(f"line {getattr(node, 'lineno', 0)}: {value!r}")
    return found


def test_no_constant_is_defined_in_two_modules() -> None:
    several = {name: paths for name, paths in defined_in().items() if len(paths) > 1}
    assert {name: list(map(short, paths)) for name, paths in several.items() if name not in SEVERAL} == {}
    assert sorted(SEVERAL.keys() - several.keys()) == [], "these stand once by now: take them from the list"


def test_no_constant_of_the_wire_is_written_out() -> None:
    own = own_of_wire()
    values = {value for value in own.values() if is_telling(value)}
    assert {wire.MAX_LEAD, wire.MAX_CODE, wire.SUBPROTOCOL} <= values
    found = {short(path): written_out(parse(path), values, set(SAME_NUMBER)) for path in modules() if path != WIRE}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_writing_out_is_found_in_each_of_its_spellings() -> None:
    text = '"""Up to 9_999."""\nA = 9_999\nB = 10**4 - 1\nC = 1000 * 9 + 999\nD = "/ws"\nE = "/ws?"\nPORT = 9_999\n'
    assert len(written_out(ast.parse(text), {9_999, "/ws"}, {"PORT"})) == 4


def test_no_constant_of_the_wire_is_written_out_in_javascript() -> None:
    own = own_of_wire()
    numbers = [str(value) for value in own.values() if is_telling(value) and isinstance(value, int)]
    texts = [f'"{value}"' for value in own.values() if isinstance(value, str)]
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(numbers)})(?![\w.])|{'|'.join(map(re.escape, texts))}")
    found = {short(path): pattern.findall(code_of(path)) for path in scripts() if path.name != "constants.js"}
    assert {path: hits for path, hits in found.items() if hits} == {}


def code_of(path: Path) -> str:
    """A script without its comments."""
    return re.sub(r"/\*.*?\*/|^\s*//.*?$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def javascript_constants(path: Path) -> Iterator[tuple[str, object]]:
    """The constants of a script whose value is made of plain numbers."""
    for name, text in re.findall(r"^(?:export )?const ([A-Z][A-Z0-9_]+) = ([^;]*);", code_of(path), re.MULTILINE):
        plain = text.replace("Math.PI", "3.141592653589793").removeprefix("Object.freeze(").removesuffix(")")
        if re.fullmatch(r"[\d\s.+*/,_e()\[\]-]+", plain) and not plain.startswith("/"):  # which begins a pattern
            value = eval(plain)  # digits, dots and operators alone
            yield name, tuple(value) if isinstance(value, list) else value


def test_constants_of_the_same_name_have_the_same_value_in_javascript() -> None:
    compared, wrong = 0, []
    for path in scripts():
        for name, value in javascript_constants(path):
            ours = values_of(name)
            if not ours or (short(path), name) in OTHERWISE_IN_JAVASCRIPT:
                continue
            compared += 1
            if value not in ours:
                wrong.append(f"{short(path)}: {name} is {value}, in Python {ours}")
    assert wrong == []
    assert compared > 40
