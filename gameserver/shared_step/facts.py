"""What is known about an expression without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.shared_step import ir

if TYPE_CHECKING:
    from collections.abc import Callable


def changes_something(node: ir.Expression) -> bool:
    """Return True if evaluating the expression writes to an object, so that it must be evaluated exactly once."""
    return any(isinstance(inner, ir.Call) and any(inner.function.writes.values()) for inner in ir.walk(node))


def is_truth(node: ir.Expression) -> bool:
    """Return True if the expression is always True or False, whatever the variables are."""
    if isinstance(node, ir.Call):
        return node.function.returns == (ir.ValueType.TRUTH,)
    if isinstance(node, ir.Logic):
        return all(is_truth(operand) for operand in node.operands)
    if isinstance(node, ir.Builtin):
        return node.name == "bool"
    return isinstance(node, ir.Compare | ir.Not) or (isinstance(node, ir.Literal) and isinstance(node.value, bool))


def constant_value(node: ir.Expression) -> ir.Scalar | None:
    """Return the value of a constant expression, None if it is not constant or has no value."""
    if isinstance(node, ir.Literal | ir.Constant):
        return node.value if not isinstance(node.value, tuple) else None
    if isinstance(node, ir.Unary):
        value = constant_value(node.operand)
        return None if value is None else -value if node.operator == "-" else +value
    if isinstance(node, ir.Binary):
        left, right = constant_value(node.left), constant_value(node.right)
        return None if left is None or right is None else _fold(node.operator, left, right)
    return None


def _fold(operator: str, left: ir.Scalar, right: ir.Scalar) -> ir.Scalar | None:
    if right == 0 and operator in ("/", "//", "%"):
        return None
    table: dict[str, Callable[[], ir.Scalar]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "//": lambda: left // right,
        "%": lambda: left % right,
    }
    return table[operator]()
