"""Translates shared functions into one ES module, and computes a fingerprint of what they do.

The module needs no build step, no `eval` and no imports. The same functions always give the same text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gameserver.shared_step.emit import ExpressionWriter, constant
from gameserver.shared_step.emit_function import FunctionWriter
from gameserver.shared_step.errors import SharedStepError
from gameserver.shared_step.javascript import HELPERS
from gameserver.shared_step.names import shared_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gameserver.shared_step import ir

_NOTE = """\
// Translated from Python, and gives the same numbers, to the last bit.
// `==` is meant: it finds true equal to 1, as Python does.
"""


@dataclass(frozen=True, slots=True)
class FieldCopies:
    """A pair of JavaScript functions that copy fields of an entity into an array, and back.

    With the names written out an engine reads and writes numbers in place; under a name in a variable it makes an
    object of each.

    Args:
        names: The fields, in the order of the array.
    """

    names: tuple[str, ...]

    def text(self, indent: str) -> str:
        """Return them as an object literal.

        Args:
            indent: Stands before its last line.
        """
        read = "".join(f"{indent}    array[{i}] = entity.{name};\n" for i, name in enumerate(self.names))
        write = "".join(f"{indent}    entity.{name} = array[{i}];\n" for i, name in enumerate(self.names))
        heads = f"{indent}  read(entity, array) {{\n", f"{indent}  write(entity, array) {{\n"
        return f"{{\n{heads[0]}{read}{indent}  }},\n{heads[1]}{write}{indent}  }},\n{indent}}}"


def to_module(functions: Sequence[Callable[..., object]], *, banner: str = "") -> str:
    """Return an ES module that exports functions under their own names, with all functions that they call.

    Args:
        functions: Shared functions.
        banner: A comment for the top of the module.

    Raises:
        SharedStepError: A function is not marked `@shared`, two of them have the same name, or a constant or function
            that one depends on has changed since the declaration.
    """
    roots = [_require(function) for function in functions]
    head = "".join(f"// {line}".rstrip() + "\n" for line in banner.splitlines())
    body = _write(roots, comments=True, exported=True)
    return f'{head}{_NOTE}\n{body}\nexport const $fingerprint = "{fingerprint(functions)}";\n'


def to_step_module(
    exports: Mapping[str, Callable[..., object]], data: Mapping[str, Mapping[str, object]] | None = None
) -> str:
    """Return an ES module that exports functions under the names that they have in a mapping, and nothing else.

    Args:
        exports: Shared functions, by the name of their export.
        data: Values to export beside them, by the name of their export: maps and lists of numbers, texts, None,
            shared functions and `FieldCopies`.

    Raises:
        SharedStepError: As in `to_module`.
    """
    roots = [_require(function) for function in exports.values()]
    names = [f"{root.name} as {name}" for name, root in zip(exports, roots, strict=True)]
    names += [f"${name} as {name}" for name in data or {}]
    inner = [_require(function) for function in _functions_in(data or {})]
    values = "".join(f"\nconst ${name} = {_literal(value)};\n" for name, value in (data or {}).items())
    body = _write([*roots, *inner], comments=True, exported=False)
    return f"{_NOTE}\n{body}{values}\nexport {{ {', '.join(names)} }};\n"


def fingerprint(functions: Sequence[Callable[..., object]], data: Mapping[str, object] | None = None) -> str:
    """Return 16 hex digits that depend on what the functions do, and not on comments, layout or type hints.

    Args:
        functions: Shared functions.
        data: What a module exports beside them; the digits depend on it too.

    Raises:
        SharedStepError: As in `to_module`.
    """
    roots = [_require(function) for function in [*functions, *_functions_in(data or {})]]
    text = _write(roots, comments=False, exported=True) + (_literal(data) if data else "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _functions_in(value: object) -> Iterator[Callable[..., object]]:
    """Yield the functions in maps and lists, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _functions_in(item)
    elif callable(value):
        yield value


def _literal(value: object, depth: int = 0) -> str:
    """Return the text of a value that a module exports; a map has one line for each of its values."""
    if isinstance(value, Mapping):
        indent = "  " * (depth + 1)
        lines = "".join(f"{indent}{json.dumps(key)}: {_literal(item, depth + 1)},\n" for key, item in value.items())
        return f"{{\n{lines}{'  ' * depth}}}"
    if isinstance(value, list):
        return f"[{', '.join([_literal(item, depth) for item in value])}]"
    if isinstance(value, FieldCopies):
        return value.text("  " * depth)
    return _require(value).name if callable(value) else json.dumps(value)


def touches(function: Callable[..., object]) -> tuple[frozenset[str], ...]:
    """Return the attributes of each parameter that a shared function reads or writes, itself or in functions it calls.

    The set of a parameter that is a number is empty. A room checks with this that its entities have these fields.

    Raises:
        SharedStepError: The function is not marked `@shared`.
    """
    found = _require(function)
    return tuple(
        frozenset(found.reads.get(parameter.name, ())) | frozenset(found.writes.get(parameter.name, ()))
        for parameter in found.parameters
    )


def changes(function: Callable[..., object]) -> tuple[frozenset[str], ...]:
    """Return the attributes of each parameter that a shared function writes, itself or in functions it calls.

    Raises:
        SharedStepError: The function is not marked `@shared`.
    """
    found = _require(function)
    return tuple(frozenset(found.writes.get(parameter.name, ())) for parameter in found.parameters)


def _require(function: Callable[..., object]) -> ir.SharedFunction:
    found = shared_function(function)
    if found is None:
        code = getattr(function, "__code__", None)
        raise SharedStepError(
            "it is not a shared function",
            "write @shared above it",
            function=getattr(function, "__name__", repr(function)),
            filename=getattr(code, "co_filename", "?"),
            line=getattr(code, "co_firstlineno", 1),
        )
    return found


def _write(roots: list[ir.SharedFunction], *, comments: bool, exported: bool) -> str:
    """Return the text of functions and of all that they need; `exported` exports `roots` where they stand."""
    functions = _in_order(roots)
    for function in functions:
        _check_unchanged(function)
    names = _Names(roots, functions)
    texts: list[str] = []
    helpers: set[str] = set()
    for function in functions:
        writer = ExpressionWriter(function.types, names.functions, names.constants, helpers)
        name = names.functions[function]
        texts.append(FunctionWriter(function, writer, comments).write(name, exported=exported and function in roots))
    used = [text if comments else text.split("*/\n")[1] for name, text in HELPERS.items() if name in helpers]
    values = "".join(f"const {name} = {constant(c.value)};\n" for c, name in names.constants.items())
    return "\n".join([*([values] if values else []), *used, *texts])


def _in_order(roots: Iterable[ir.SharedFunction]) -> list[ir.SharedFunction]:
    """Return the functions and all that they call, each after the ones that it calls."""
    found: dict[ir.SharedFunction, None] = {}

    def visit(function: ir.SharedFunction) -> None:
        for called in function.calls:
            visit(called)
        found[function] = None

    for root in roots:
        visit(root)
    return list(found)


def _check_unchanged(function: ir.SharedFunction) -> None:
    changed = function.scope.changed()
    if changed is not None:
        function.source.refuse(
            None,
            f"`{changed}` has changed since the function was declared",
            "do not change what a step depends on, or pass it as an argument",
        )


class _Names:
    """The name of each function and constant in the module: its own name, with `$2` … where two have the same."""

    def __init__(self, roots: list[ir.SharedFunction], functions: list[ir.SharedFunction]) -> None:
        self.taken: set[str] = set()
        self.functions: dict[ir.SharedFunction, str] = {}
        self.constants: dict[ir.Constant, str] = {}
        for root in dict.fromkeys(roots):
            if root.name in self.taken:
                root.source.refuse(None, f"another function to export is called `{root.name}`", "rename one")
            self.functions[root] = self.take(root.name)
        for function in functions:
            if function not in self.functions:
                self.functions[function] = self.take(function.name)
        for function in functions:
            for found in function.constants:
                if found not in self.constants:
                    self.constants[found] = self.take(found.name)
        for function in functions:
            self.check_shadows(function)

    def take(self, name: str) -> str:
        """Reserve a name, with a number if it is taken."""
        number, free = 1, name
        while free in self.taken:
            number += 1
            free = f"{name}${number}"
        self.taken.add(free)
        return free

    def check_shadows(self, function: ir.SharedFunction) -> None:
        """Refuse a variable that has the name of a function or constant that its function uses under another name."""
        used = {self.functions[called] for called in function.calls} | {self.constants[c] for c in function.constants}
        for hidden in sorted(used & function.types.keys()):
            problem = f"the variable `{hidden}` hides a function or constant of this name in the module"
            function.source.refuse(None, problem, "rename the variable")
