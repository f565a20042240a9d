"""Makes one ES module from shared functions: `to_module`, and the `fingerprint` that names what it does.

The module needs no build, no eval and nothing from outside; the same functions always give the same text.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gameserver.shared_step.emit import ExpressionWriter, constant
from gameserver.shared_step.emit_function import FunctionWriter
from gameserver.shared_step.errors import SharedStepError
from gameserver.shared_step.javascript import HELPERS
from gameserver.shared_step.names import shared_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gameserver.shared_step import ir

_NOTE = """\
// Translated from Python, and gives the same numbers, to the last bit.
// `==` is meant: it finds true equal to 1, as Python does.
"""


def to_module(functions: Sequence[Callable[..., object]], *, banner: str = "") -> str:
    """An ES module that exports `functions` under their own names, with all that they call.

    `banner` goes on top as a comment. Raises `SharedStepError` if one of them is not marked `@shared`, if two exported
    ones share a name, or if a constant or function that one depends on is not what it was at the declaration.
    """
    roots = [_require(function) for function in functions]
    head = "".join(f"// {line}".rstrip() + "\n" for line in banner.splitlines())
    body = _write(roots, comments=True)
    return f'{head}{_NOTE}\n{body}\nexport const $fingerprint = "{fingerprint(functions)}";\n'


def fingerprint(functions: Sequence[Callable[..., object]]) -> str:
    """16 hex digits that change when what the functions do changes, and not with comments, layout or type hints."""
    roots = [_require(function) for function in functions]
    return hashlib.sha256(_write(roots, comments=False).encode()).hexdigest()[:16]


def touches(function: Callable[..., object]) -> tuple[frozenset[str], ...]:
    """For each parameter the attributes that a shared function reads or writes, by itself or through what it calls.

    None for a parameter that is a number. Lets a room check that its entities have those fields.
    """
    found = _require(function)
    return tuple(
        frozenset(found.reads.get(parameter.name, ())) | frozenset(found.writes.get(parameter.name, ()))
        for parameter in found.parameters
    )


def changes(function: Callable[..., object]) -> tuple[frozenset[str], ...]:
    """For each parameter the attributes that a shared function writes, by itself or through what it calls."""
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


def _write(roots: list[ir.SharedFunction], *, comments: bool) -> str:
    functions = _in_order(roots)
    for function in functions:
        _check_unchanged(function)
    names = _Names(roots, functions)
    texts: list[str] = []
    helpers: set[str] = set()
    for function in functions:
        writer = ExpressionWriter(function.types, names.functions, names.constants, helpers)
        text = FunctionWriter(function, writer, comments).write(names.functions[function], exported=function in roots)
        texts.append(text)
    used = [text if comments else text.split("*/\n")[1] for name, text in HELPERS.items() if name in helpers]
    values = "".join(f"const {name} = {constant(c.value)};\n" for c, name in names.constants.items())
    return "\n".join([*([values] if values else []), *used, *texts])


def _in_order(roots: Iterable[ir.SharedFunction]) -> list[ir.SharedFunction]:
    """The functions and all that they call, each after what it calls."""
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
            f"`{changed}` has another value than when the function was declared",
            "leave what a step depends on as it is, or pass it as an argument",
        )


class _Names:
    """What everything is called in the module: its own name, with `$2` … where two modules of Python's share one."""

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
        number, free = 1, name
        while free in self.taken:
            number += 1
            free = f"{name}${number}"
        self.taken.add(free)
        return free

    def check_shadows(self, function: ir.SharedFunction) -> None:
        """A function that was imported under another name must not be hidden by a variable of its own one."""
        used = {self.functions[called] for called in function.calls} | {self.constants[c] for c in function.constants}
        for hidden in sorted(used & function.types.keys()):
            problem = f"the variable `{hidden}` hides what is called so in the module"
            function.source.refuse(None, problem, "rename the variable")
