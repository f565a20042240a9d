"""Writes expressions as JavaScript that a person can read next to the Python.

Brackets are written only where JavaScript's precedence needs them. Floating-point sums are never regrouped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gameserver.shared_step import ir
from gameserver.shared_step.facts import constant_value
from gameserver.shared_step.flow import type_of
from gameserver.shared_step.ir import ValueType
from gameserver.shared_step.names import INTRINSICS

if TYPE_CHECKING:
    from collections.abc import Callable

# The levels of JavaScript's precedence that are used here; a larger number binds tighter.
_CHOOSE, _OR, _AND, _EQUAL, _ORDER, _SUM, _PRODUCT, _UNARY, _ATOM = range(9)

_SUMS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_HELPED = {"/": "$div", "//": "$floordiv", "%": "$mod"}

Written = tuple[str, int]


@dataclass(slots=True)
class ExpressionWriter:
    """Writes the expressions of one function.

    Args:
        types: The types of the local variables.
        functions: The names of functions in the module.
        constants: The names of constants in the module.
        helpers: Collects the names of the helpers that are used.
    """

    types: dict[str, ValueType]
    functions: dict[ir.SharedFunction, str]
    constants: dict[ir.Constant, str]
    helpers: set[str] = field(default_factory=set)

    def value(self, node: ir.Expression | ir.Whole | ir.Pack, least: int = _CHOOSE) -> str:
        """Return the text of `node`, in brackets if it binds less tightly than `least`."""
        method: Callable[[ir.Node], Written] = getattr(self, f"_{type(node).__name__}")
        text, level = method(node)
        return text if level >= least else f"({text})"

    def condition(self, node: ir.Expression, least: int = _CHOOSE) -> str:
        """Return the text of `node` as a condition: as in Python, every number but 0 is true, also NaN."""
        if isinstance(node, ir.Logic):
            level, word = (_AND, "&&") if node.operator == "and" else (_OR, "||")
            text = f" {word} ".join(self.condition(operand, level) for operand in node.operands)
            return text if level >= least else f"({text})"
        value_type = type_of(node, self.types)
        if value_type is ValueType.TRUTH:
            return self.value(node, least)
        text = f"{self.value(node, _ORDER)} {'!==' if value_type is ValueType.NUMBER else '!='} 0"
        return text if least <= _EQUAL else f"({text})"

    # --- leaves ---

    def _Literal(self, node: ir.Literal) -> Written:
        return number(node.value), _UNARY if number(node.value).startswith("-") else _ATOM

    def _Constant(self, node: ir.Constant) -> Written:
        return self.constants[node], _ATOM

    def _Name(self, node: ir.Name) -> Written:
        return node.name, _ATOM

    def _Whole(self, node: ir.Whole) -> Written:
        return node.name, _ATOM

    def _Attribute(self, node: ir.Attribute) -> Written:
        return f"{node.owner}.{node.name}", _ATOM

    def _Pack(self, node: ir.Pack) -> Written:
        return f"[{', '.join(self.value(item) for item in node.items)}]", _ATOM

    # --- operators ---

    def _Unary(self, node: ir.Unary) -> Written:
        # Of an atom, so that two signs in a row never become `--`.
        return f"{node.operator}{self.value(node.operand, _ATOM)}", _UNARY

    def _Not(self, node: ir.Not) -> Written:
        value_type = type_of(node.operand, self.types)
        if value_type is ValueType.TRUTH or isinstance(node.operand, ir.Logic):
            return f"!{self.condition(node.operand, _UNARY)}", _UNARY
        return f"{self.value(node.operand, _ORDER)} {'===' if value_type is ValueType.NUMBER else '=='} 0", _EQUAL

    def _Binary(self, node: ir.Binary) -> Written:
        helped = node.operator in _HELPED and not (node.operator == "/" and constant_value(node.right))
        if helped:
            return self._helper(_HELPED[node.operator], node.left, node.right), _ATOM
        return self.binary(node.operator, node.left, node.right)

    def binary(self, operator: str, left: ir.Expression, right: ir.Expression) -> Written:
        """Return the text of an operation that JavaScript has, and its precedence."""
        level = _SUMS[operator]
        return f"{self.value(left, level)} {operator} {self.value(right, level + 1)}", level

    def _helper(self, name: str, *arguments: ir.Expression) -> str:
        self.helpers.add(name)
        return f"{name}({', '.join(self.value(argument) for argument in arguments)})"

    def _Compare(self, node: ir.Compare) -> Written:
        parts = [
            self._comparison(operator, left, right)
            for operator, left, right in zip(node.operators, node.operands[:-1], node.operands[1:], strict=True)
        ]
        if len(parts) > 1:
            return " && ".join(parts), _AND
        return parts[0], _EQUAL if node.operators[0] in ("==", "!=") else _ORDER

    def _comparison(self, operator: str, left: ir.Expression, right: ir.Expression) -> str:
        if operator in ("==", "!="):
            types = {type_of(left, self.types), type_of(right, self.types)}
            # True == 1 in Python, and true == 1 in JavaScript, but not true === 1.
            operator += "=" if types in ({ValueType.NUMBER}, {ValueType.TRUTH}) else ""
        return f"{self.value(left, _SUM)} {operator} {self.value(right, _SUM)}"

    def _Logic(self, node: ir.Logic) -> Written:
        *first, last = node.operands
        if node.operator == "and":
            parts = [*(self.condition(operand, _AND) for operand in first), self.value(last, _AND)]
            return " && ".join(parts), _AND
        if all(type_of(operand, self.types) is ValueType.TRUTH for operand in first):
            return " || ".join(self.value(operand, _AND) for operand in node.operands), _OR
        rest = ir.Logic("or", node.operands[1:]) if len(node.operands) > 2 else last
        return self._Choose(ir.Choose(first[0], first[0], rest))

    def _Choose(self, node: ir.Choose) -> Written:
        return f"{self.condition(node.test, _OR)} ? {self.value(node.yes, _OR)} : {self.value(node.no)}", _CHOOSE

    # --- calls ---

    def _Builtin(self, node: ir.Builtin) -> Written:
        first, *rest = node.arguments
        if node.name == "bool":
            return f"({self.condition(first)})", _ATOM
        name = INTRINSICS[node.name].javascript
        if name.startswith("$"):
            self.helpers.add(name)
        text = f"{name}({self.value(first)})" if not rest else self.value(first)
        for argument in rest:
            text = f"{name}({text}, {self.value(argument)})"
        return text, _ATOM

    def _Call(self, node: ir.Call) -> Written:
        arguments = ", ".join(self.value(argument) for argument in node.arguments)
        return f"{self.functions[node.function]}({arguments})", _ATOM

    def assignment(self, target: ir.Target, operator: str, value: ir.Expression) -> str:
        """Return the text of `target operator= value;`."""
        place = self.value(target)
        if operator in _SUMS and (operator != "/" or constant_value(value)):
            return f"{place} {operator}= {self.value(value)};"
        return f"{place} = {self._helper(_HELPED[operator], target, value)};"


def number(value: ir.Scalar) -> str:
    """Return a number as JavaScript writes it; a double keeps its bits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def constant(value: ir.Scalar | ir.Table) -> str:
    """Return the text of a constant, or of a table of constants."""
    if not isinstance(value, tuple):
        return number(value)
    if value and isinstance(value[0], tuple):
        rows = "".join(f"\n  {constant(row)}," for row in value)
        return f"[{rows}\n]"
    return f"[{', '.join(number(item) for item in value if not isinstance(item, tuple))}]"


def jsdoc_type(value_type: ValueType) -> str:
    """Return a value type as JSDoc writes it."""
    return {ValueType.NUMBER: "number", ValueType.TRUTH: "boolean"}.get(value_type, "any")
