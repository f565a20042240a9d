"""Lowers the expressions of a step from Python's `ast` to the intermediate representation.

A whitelist: any other syntax is refused, with its place and with what to write instead. `statements` builds on this.
"""

from __future__ import annotations

import ast
import enum
import math
from typing import TYPE_CHECKING

from gameserver.shared_step import ir
from gameserver.shared_step.facts import changes_something, constant_value, is_truth
from gameserver.shared_step.names import (
    INTRINSICS,
    MAX_EXACT_INTEGER,
    intrinsic_name,
    replacement,
    shared_function,
)
from gameserver.shared_step.refusals import NODE_REFUSALS, OPERATOR_REFUSALS
from gameserver.shared_step.scope import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.shared_step.scope import Scope
    from gameserver.shared_step.source import Source

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
# `2 ** 16` is a common way to write a number; a much larger exponent is a mistake.
_MAX_EXPONENT = 64


class ExpressionLowering:
    """Checks and lowers the expressions of one function.

    Args:
        source: The function, for errors.
        scope: The names around it.
        objects: The parameters that are objects.
        locals_: The parameters and assigned names.
        loops: The variables of `for`.
    """

    def __init__(
        self, source: Source, scope: Scope, objects: frozenset[str], locals_: frozenset[str], loops: frozenset[str]
    ) -> None:
        self.source = source
        self.scope = scope
        self.objects = objects
        self.locals = locals_
        self.loop_variables = loops
        self.open_loops: list[str] = []
        """The variables of the loops around the current statement."""

    def expression(self, node: ast.expr) -> ir.Expression:
        """Lower an expression whose value is one number or bool."""
        method: Callable[[ast.expr], ir.Expression] | None = getattr(self, f"_{type(node).__name__}", None)
        if method is None:
            problem, instead = NODE_REFUSALS.get(
                type(node), (f"`{ast.unparse(node)}` is not possible in a step", "write it with numbers")
            )
            self.source.refuse(node, problem, instead)
        return method(node)

    # --- leaves ---

    def _Constant(self, node: ast.Constant) -> ir.Expression:
        return ir.Literal(self.scalar(node, node.value, "a literal"))

    def scalar(self, node: ast.AST, value: object, what: str) -> ir.Scalar:
        """Return `value` if it is a number that both sides represent exactly; else refuse it."""
        if isinstance(value, enum.Enum) and isinstance(value, int):
            value = int(value)
        if type(value) not in (int, float, bool):
            instead = "write it as a plain number" if isinstance(value, int | float) else "keep a step to numbers"
            self.source.refuse(node, f"{what} of type {type(value).__name__} is not possible in a step", instead)
        assert isinstance(value, int | float)
        if isinstance(value, int) and abs(value) > MAX_EXACT_INTEGER:
            self.source.refuse(node, f"{value} is too large to be exact in JavaScript", "write it as a float")
        if math.isnan(value):
            self.source.refuse(node, f"{what} is NaN", "use a number")
        return value

    def _Name(self, node: ast.Name) -> ir.Expression:
        if node.id not in self.locals:
            return self._constant(node)
        if node.id in self.objects:
            self.source.refuse(
                node, f"`{node.id}` is an object, not a number", f"use one of its attributes, `{node.id}.…`"
            )
        if node.id in self.loop_variables and node.id not in self.open_loops:
            self.source.refuse(
                node,
                f"the loop variable `{node.id}` is used outside of its loop",
                "keep the value in a variable of its own",
            )
        return ir.Name(node.id, node.lineno, node.col_offset + 1)

    def _Attribute(self, node: ast.Attribute) -> ir.Expression:
        if self.is_field(node):
            return self.field(node)
        return self._constant(node)

    def is_field(self, node: ast.Attribute) -> bool:
        """Return True for an attribute of a local name, False for one of a module or class."""
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        return not isinstance(inner, ast.Name) or inner.id in self.locals

    def field(self, node: ast.Attribute) -> ir.Attribute:
        """Lower an attribute of a parameter."""
        if not isinstance(node.value, ast.Name):
            self.source.refuse(
                node,
                f"`{ast.unparse(node)}` is an attribute of an attribute",
                "pass the inner object as a parameter, and read its attribute",
            )
        if node.value.id not in self.objects:
            self.source.refuse(node, f"`{node.value.id}` is a number and has no attributes", "use it as a number")
        if node.attr.startswith("__"):
            self.source.refuse(node, f"`{node.attr}` belongs to Python", "use the entity's declared fields")
        return ir.Attribute(node.value.id, node.attr)

    # --- names from outside ---

    def _path(self, node: ast.expr) -> tuple[str, ...] | None:
        if isinstance(node, ast.Name):
            return None if node.id in self.locals else (node.id,)
        if isinstance(node, ast.Attribute):
            path = self._path(node.value)
            return None if path is None else (*path, node.attr)
        return None

    def outside(self, node: ast.expr) -> object:
        """Return the value of a name from outside of the function, and record that the function depends on it."""
        path = self._path(node)
        if path is None:
            self.source.refuse(node, f"`{ast.unparse(node)}` is computed at run time", "name it directly")
        if self.scope.resolve(path) is MISSING:
            self.source.refuse(
                node,
                f"`{'.'.join(path)}` is not known when the function is declared",
                "define it above, at module level",
            )
        return self.scope.bind(path)

    def _constant(self, node: ast.Name | ast.Attribute) -> ir.Constant:
        value = self.outside(node)
        name = "_".join(self._path(node) or ()) if isinstance(value, enum.Enum) else ast.unparse(node).split(".")[-1]
        if callable(value):
            self.source.refuse(node, f"`{ast.unparse(node)}` is a function", "call it")
        if isinstance(value, tuple):
            self.source.refuse(
                node, f"`{name}` is a table", f"go through it with `for … in {name}`, or use single constants"
            )
        return ir.Constant(name, self.scalar(node, value, f"`{name}`"))

    def table(self, node: ast.expr) -> ir.Constant | None:
        """Return a constant table of numbers, or of rows of equal length; None if `node` is no table's name."""
        path = self._path(node)
        if path is None or not isinstance(self.scope.resolve(path), tuple):
            return None
        rows = self.scope.bind(path)
        assert isinstance(rows, tuple)
        what = f"an item of `{path[-1]}`"
        if rows and all(isinstance(row, tuple) for row in rows):
            if len({len(row) for row in rows}) > 1:
                self.source.refuse(node, f"the rows of `{path[-1]}` have different lengths", "make them equally long")
            return ir.Constant(path[-1], tuple(tuple(self.scalar(node, n, what) for n in row) for row in rows))
        return ir.Constant(path[-1], tuple(self.scalar(node, n, what) for n in rows))

    # --- operators ---

    def _UnaryOp(self, node: ast.UnaryOp) -> ir.Expression:
        if isinstance(node.op, ast.Invert):
            self.source.refuse(node, *OPERATOR_REFUSALS[ast.Invert])
        operand = self.expression(node.operand)
        if isinstance(node.op, ast.Not):
            return ir.Not(operand)
        return ir.Unary("-" if isinstance(node.op, ast.USub) else "+", operand)

    def _BinOp(self, node: ast.BinOp) -> ir.Expression:
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        operator = self.operator(node, node.op)
        return ir.Binary(operator, self.expression(node.left), self.expression(node.right))

    def operator(self, node: ast.AST, operator: ast.operator) -> str:
        """Return the text of an operator, or refuse it."""
        if type(operator) not in _BINARY:
            self.source.refuse(node, *OPERATOR_REFUSALS[type(operator)])
        return _BINARY[type(operator)]

    def _power(self, node: ast.BinOp) -> ir.Expression:
        """Lower a power of integer constants; others are refused, since `pow()` rounds differently on every machine."""
        base = constant_value(self.expression(node.left))
        exponent = constant_value(self.expression(node.right))
        if type(base) is int and type(exponent) is int and 0 <= exponent <= _MAX_EXPONENT:
            return ir.Literal(self.scalar(node, base**exponent, "a power"))
        self.source.refuse(node, *OPERATOR_REFUSALS[ast.Pow])

    def _Compare(self, node: ast.Compare) -> ir.Expression:
        for operator in node.ops:
            if type(operator) not in _COMPARE:
                self.source.refuse(node, *OPERATOR_REFUSALS[type(operator)])
        operands = tuple(self.expression(operand) for operand in (node.left, *node.comparators))
        for inner, at in zip(operands[1:-1], node.comparators, strict=False):
            if changes_something(inner):
                self.source.refuse(
                    at,
                    "a call that writes, in the middle of a chained comparison",
                    "keep its value in a variable first",
                )
        return ir.Compare(tuple(_COMPARE[type(operator)] for operator in node.ops), operands)

    def _BoolOp(self, node: ast.BoolOp) -> ir.Expression:
        word = "and" if isinstance(node.op, ast.And) else "or"
        operands = tuple(self.expression(operand) for operand in node.values)
        for operand, at in zip(operands[:-1], node.values, strict=False):
            # The value of `a or b` can be `a` itself, so the translation writes `a` twice.
            if word == "or" and changes_something(operand) and not is_truth(operand):
                self.source.refuse(at, "`or` after a call that writes and gives a number", "compare it: `… != 0 or …`")
        return ir.Logic(word, operands)

    def _IfExp(self, node: ast.IfExp) -> ir.Expression:
        return ir.Choose(self.expression(node.test), self.expression(node.body), self.expression(node.orelse))

    # --- calls ---

    def _Call(self, node: ast.Call) -> ir.Expression:
        call = self.call(node)
        if isinstance(call, ir.Call) and len(call.function.returns) != 1:
            count = len(call.function.returns)
            gives = "nothing" if count == 0 else f"{count} values"
            instead = "call it on a line of its own" if count == 0 else "unpack them: `a, b = …`"
            self.source.refuse(node, f"`{call.function.name}` gives {gives}", instead)
        return call

    def call(self, node: ast.Call) -> ir.Call | ir.Builtin:
        """Lower a call, whatever it returns."""
        if isinstance(node.func, ast.Name) and node.func.id == self.source.function and node.func.id not in self.locals:
            self.source.refuse(node, "a step does not call itself", "write a `for` over range()")
        if isinstance(node.func, ast.Attribute) and self.is_field(node.func):
            self.source.refuse(
                node,
                f"`{ast.unparse(node.func)}` is a method, and objects have only numbers in a browser",
                "write a @shared function that takes the object",
            )
        value = self.outside(node.func)
        self._check_plain(node)
        name = intrinsic_name(value)
        if name is not None:
            return self._builtin(node, name)
        shared = shared_function(value)
        if shared is None:
            instead = replacement(value) or "mark it with @shared, or compute its value before the step"
            self.source.refuse(node, f"`{ast.unparse(node.func)}` is not a function that a step can call", instead)
        return ir.Call(shared, self._arguments(node, shared))

    def _check_plain(self, node: ast.Call) -> None:
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            self.source.refuse(node, "a call with keywords or `*`", "pass the arguments by position")

    def _builtin(self, node: ast.Call, name: str) -> ir.Builtin:
        known = INTRINSICS[name]
        if not known.least <= len(node.args) <= known.most:
            wanted = "one number" if known.most == 1 else f"{known.least} to {known.most} numbers"
            self.source.refuse(node, f"`{name}` with {len(node.args)} arguments", f"give it {wanted}")
        return ir.Builtin(name, tuple(self.expression(argument) for argument in node.args))

    def _arguments(self, node: ast.Call, shared: ir.SharedFunction) -> tuple[ir.Expression | ir.Whole, ...]:
        needed = sum(parameter.default is None for parameter in shared.parameters)
        if not needed <= len(node.args) <= len(shared.parameters):
            names = ", ".join(parameter.name for parameter in shared.parameters)
            self.source.refuse(node, f"`{shared.name}` with {len(node.args)} arguments", f"it takes ({names})")
        pairs = zip(node.args, shared.parameters, strict=False)
        return tuple(self._argument(argument, parameter) for argument, parameter in pairs)

    def _argument(self, node: ast.expr, parameter: ir.Parameter) -> ir.Expression | ir.Whole:
        is_object = isinstance(node, ast.Name) and node.id in self.objects
        if is_object and (parameter.is_object or not parameter.is_used):
            assert isinstance(node, ast.Name)
            return ir.Whole(node.id)
        if parameter.is_object:
            self.source.refuse(
                node, f"`{parameter.name}` must be an object here", "pass one of this function's own parameters"
            )
        return self.expression(node)
