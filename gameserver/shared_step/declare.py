"""`@shared`: checks a function at its declaration and returns it unchanged.

Python runs the author's function itself. What the check found is kept as an attribute of the function; `translate`
makes JavaScript from it.
"""

from __future__ import annotations

import ast
import re
from types import FunctionType
from typing import TYPE_CHECKING, TypeVar

from gameserver.shared_step import ir
from gameserver.shared_step.errors import SharedStepError
from gameserver.shared_step.flow import check_flow, find_returns, find_types
from gameserver.shared_step.javascript import RESERVED_WORDS
from gameserver.shared_step.names import mark
from gameserver.shared_step.scope import Scope
from gameserver.shared_step.source import Source, find_source
from gameserver.shared_step.statements import Names, StepLowering, find_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    F = TypeVar("F", bound=Callable[..., object])
else:
    F = TypeVar("F")

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shared(function: F) -> F:
    """Declare a function that runs on the server and, translated to JavaScript, in every browser, with equal results.

    The results are equal to the last bit. docs/decisions/0010-shared-step.md describes the part of Python that such a
    function can use.

    Args:
        function: A plain function of numbers and of objects with numeric attributes.

    Returns:
        `function` itself, unchanged.

    Raises:
        SharedStepError: The function does something that Python and JavaScript would not do alike. The message names
            file, line and column, and says what to write instead.
    """
    if not isinstance(function, FunctionType):
        raise SharedStepError(
            f"@shared is applied to a {type(function).__name__}",
            "put it directly above a plain `def`, below any other decorator",
            function=getattr(function, "__name__", "?"),
            filename=getattr(function, "__module__", "?"),
            line=1,
        )
    mark(function, check(function))
    return function


def check(function: FunctionType) -> ir.SharedFunction:
    """Check a function, and return what `translate` needs to know about it.

    Raises:
        SharedStepError: The function breaks a rule of shared steps.
    """
    source = find_source(function)
    _check_head(source)
    scope = Scope(function, {})
    names = find_names(source, scope)
    _check_identifiers(source, names)
    body = StepLowering(source, scope, names).block(_without_docstring(source.definition.body))
    check_flow(source, body, frozenset(names.parameters) | names.loops)
    types = find_types(body, frozenset(names.parameters))
    nodes = tuple(ir.walk(body))
    return ir.SharedFunction(
        name=source.function,
        source=source,
        scope=scope,
        parameters=_parameters(source, names, nodes),
        body=body,
        returns=find_returns(body, types),
        types=types,
        reads=_touched(names, nodes, writes=False),
        writes=_touched(names, nodes, writes=True),
        calls=tuple(dict.fromkeys(node.function for node in nodes if isinstance(node, ir.Call))),
        constants=tuple(dict.fromkeys(node for node in nodes if isinstance(node, ir.Constant))),
    )


def _check_head(source: Source) -> None:
    definition = source.definition
    arguments = definition.args
    others = [node for node in definition.decorator_list if ast.unparse(node) != "staticmethod"]
    if len(others) > 1:
        source.refuse(others[0], "another decorator beside @shared", "use @shared as the only decorator")
    for unwanted in (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs):
        if unwanted is not None:
            source.refuse(unwanted, f"`{unwanted.arg}` is not positional", "name each parameter, without `*`")
    for default in arguments.defaults:
        if not (isinstance(default, ast.Constant) and isinstance(default.value, int | float)):
            source.refuse(default, "a default that is not a plain number", "write the number here")


def _check_identifiers(source: Source, names: Names) -> None:
    for name in (source.function, *sorted(names.locals)):
        if name in RESERVED_WORDS:
            source.refuse(_first(source, name), f"`{name}` is a reserved word in JavaScript", f"call it `{name}_`")
        if _IDENTIFIER.fullmatch(name) is None:
            source.refuse(_first(source, name), f"the name `{name}` has characters beyond ASCII", "use a to z")


def _first(source: Source, name: str) -> ast.AST | None:
    named = (node for node in ast.walk(source.definition) if name in (getattr(node, "id", 0), getattr(node, "arg", 0)))
    return next(named, None)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0].value if isinstance(body[0], ast.Expr) else None
    return body[1:] if isinstance(first, ast.Constant) and isinstance(first.value, str) else body


def _parameters(source: Source, names: Names, nodes: Sequence[ir.Node]) -> tuple[ir.Parameter, ...]:
    arguments = source.definition.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ir.Scalar | None] = [None] * (len(plain) - len(arguments.defaults))
    for node in arguments.defaults:
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, int | float)
        defaults.append(node.value)
    used = {node.name for node in nodes if isinstance(node, ir.Name | ir.Whole)}
    used |= {node.owner for node in nodes if isinstance(node, ir.Attribute)}
    return tuple(
        ir.Parameter(argument.arg, argument.arg in names.objects, argument.arg in used, default)
        for argument, default in zip(plain, defaults, strict=True)
    )


def _touched(names: Names, nodes: Sequence[ir.Node], *, writes: bool) -> dict[str, tuple[str, ...]]:
    """Return each object parameter's attributes that are written (or read), here or in a function it is passed to."""
    found: dict[str, dict[str, None]] = {name: {} for name in names.parameters if name in names.objects}
    targets = {id(target) for node in nodes for target in _targets(node)}
    updated = {id(node.target) for node in nodes if isinstance(node, ir.Update)}
    for node in nodes:
        if isinstance(node, ir.Attribute) and ((id(node) in targets) == writes or id(node) in updated):
            found[node.owner][node.name] = None
        elif isinstance(node, ir.Call):
            for argument, parameter in zip(node.arguments, node.function.parameters, strict=False):
                if isinstance(argument, ir.Whole) and parameter.is_object:
                    inner = node.function.writes if writes else node.function.reads
                    found[argument.name].update(dict.fromkeys(inner[parameter.name]))
    return {name: tuple(attributes) for name, attributes in found.items()}


def _targets(node: ir.Node) -> tuple[ir.Target, ...]:
    if isinstance(node, ir.Unpack):
        return node.targets
    return (node.target,) if isinstance(node, ir.Assign | ir.Update) else ()
