"""Reads the source of rooms that last: closures that timers would call, and where an attribute is set."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from gameserver.room.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.room.saveable import CannotSave

_CALLED_LATER: Final = {
    "after": (1, ()),
    "every": (1, ()),
    "run": (None, ("then", "failed")),
    "effect": (0, ("then", "failed")),
}
"""Methods of a room by name: which argument is called later, by its place, and which by their names."""
_METHOD: Final = "write a method, and its arguments after it: self.after(30, self.respawn, ship)"
_FUNCTION: Final = "write a function of the module, and its arguments after it: self.effect(send_mail, address)"
_NAMED: Final = "a method, or functools.partial of one"
_UNSAVEABLE: Final = {
    ast.Lambda: f"a lambda, which cannot be saved; write {_NAMED}",
    ast.GeneratorExp: "a generator, which cannot be saved; write a list",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a room's source that keeps the room from being saved.

    Args:
        file: The file.
        line: The line in it, from 1.
        where: Class and method.
        problem: What it is, and what to write instead.
    """

    file: str
    line: int
    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.where}: {self.problem}"


def closures_of(room_class: type[Room[Any]]) -> list[Finding]:
    """Find what can be seen in the source of a room and of the rooms that it inherits from.

    Args:
        room_class: The room, which lasts.

    Returns:
        What keeps it from being saved, in order of class and line.
    """
    found: list[Finding] = []
    for cls in room_class.__mro__:
        source = _source_of(cls)
        if source is not None:
            found += sorted(_findings(cls.__name__, *source), key=attrgetter("line"))
    return found


def place_of(room_class: type[Room[Any]], error: CannotSave) -> str | None:
    """Return `file:line` of the first assignment to the attribute of a room that cannot be saved; None: it is not in
    the source.

    Args:
        room_class: The room's class.
        error: What was said when it could not be saved.
    """
    name = _attribute_of(error.path)
    for cls in room_class.__mro__ if name else ():
        source = _source_of(cls)
        if source is None:
            continue
        file, tree = source
        lines = [line for node in ast.walk(tree) if (line := _line_that_sets(node, name))]
        if lines:
            return f"{file}:{min(lines)}"
    return None


def _attribute_of(path: str) -> str:
    """The attribute of the room in a path such as `Arena.waves[3].boss`; "" for a path that begins elsewhere."""
    match = re.match(r"\w+\.(\w+)", path)
    return match[1] if match else ""


def _source_of(cls: type[Any]) -> tuple[str, ast.ClassDef] | None:
    """Return the file of a room class and its syntax tree; None for `Room`, and for what has no source."""
    if not issubclass(cls, Room) or cls is Room:
        return None
    try:
        file = inspect.getsourcefile(cls)
        lines, first = inspect.getsourcelines(cls)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    if file is None or not isinstance(tree.body[0], ast.ClassDef):
        return None
    ast.increment_lineno(tree, first - 1)
    return _short(file), tree.body[0]


def _short(file: str) -> str:
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _findings(name: str, file: str, tree: ast.ClassDef) -> Iterator[Finding]:
    for method in tree.body:
        if isinstance(method, ast.FunctionDef):
            local = {node.name for node in ast.walk(method) if isinstance(node, ast.FunctionDef) and node is not method}
            for node in ast.walk(method):
                for line, problem in _problems(node, local):
                    yield Finding(file, line, f"{name}.{method.name}", problem)


def _problems(node: ast.AST, local: set[str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Assign) and type(node.value) in _UNSAVEABLE:
        for target in node.targets:
            if _is_own(target):
                yield node.lineno, f"self.{target.attr} is {_UNSAVEABLE[type(node.value)]}"
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_own(node.func)):
        return
    method = node.func.attr
    place, names = _CALLED_LATER.get(method, (None, ()))
    called = [node.args[place]] if place is not None and place < len(node.args) else []
    instead = _FUNCTION if method == "effect" else _METHOD
    for call in called:
        if what := _closure(call, local) or (_method(call) if method == "effect" else None):
            yield call.lineno, f"self.{method} gets {what}, which cannot be saved; {instead}"
    instead = f"write {_NAMED}" if names else _METHOD
    for keyword in node.keywords:
        if (keyword.arg in names or keyword.arg == "call") and (what := _closure(keyword.value, local)):
            yield keyword.value.lineno, f"self.{method} gets {what}, which cannot be saved; {instead}"


def _method(call: ast.expr) -> str | None:
    """Return what a method of the room is, in words: an effect runs beside its room, also after it."""
    return f"self.{call.attr}" if _is_own(call) else None


def _closure(call: ast.expr, local: set[str]) -> str | None:
    match call:
        case ast.Lambda():
            return "a lambda"
        case ast.Name(id=name) if name in local:
            return f"{name}, a function inside of the method"
    return None


def _is_own(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether this is `self.something`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _line_that_sets(node: ast.AST, name: str) -> int:
    """Return the line of a statement that sets `self.name`, or of a call of it; 0 for another node."""
    match node:
        case ast.Assign(targets=targets, lineno=line):
            pass
        case (
            ast.AnnAssign(target=target, lineno=line)
            | ast.AugAssign(target=target, lineno=line)
            | ast.Call(func=target, lineno=line)
        ):
            targets = [target]
        case _:
            return 0
    return line if any(_is_own(target) and target.attr == name for target in targets) else 0
