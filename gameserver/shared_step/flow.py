"""Checks every path through a step: variables have a value before they are read, and all returns give as many values.

Where this does not hold, Python raises while JavaScript goes on with `undefined`, so such a step is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from gameserver.shared_step import ir
from gameserver.shared_step.facts import is_truth
from gameserver.shared_step.ir import ValueType
from gameserver.shared_step.names import INTRINSICS

if TYPE_CHECKING:
    from gameserver.shared_step.source import Source

# The variables that have a value on every path to a place; None where no path leads.
Assigned: TypeAlias = frozenset[str] | None


def check_flow(source: Source, body: ir.Block, known: frozenset[str]) -> None:
    """Check all paths through a function.

    Args:
        source: The function, for errors.
        body: Its statements.
        known: Names that are not checked: parameters, and loop variables, which `statements` checks.

    Raises:
        SharedStepError: A variable may have no value, a statement is never reached, or returns differ.
    """
    end = _Flow(source, known).block(body, known)
    gives = {_count(node) for node in ir.walk(body) if isinstance(node, ir.Return)}
    if end is not None and gives - {0}:
        source.refuse(None, "one path through it ends without a `return`", "return a value at the end too")
    if len(gives) > 1:
        source.refuse(None, "its returns give different numbers of values", "return the same number everywhere")


def _count(node: ir.Return) -> int:
    if node.value is None:
        return 0
    return len(node.value.items) if isinstance(node.value, ir.Pack) else 1


class _Flow:
    """Follows all paths through a function, with the variables that have a value on each."""

    def __init__(self, source: Source, known: frozenset[str]) -> None:
        self.source = source
        self.known = known

    def block(self, block: ir.Block, before: Assigned) -> Assigned:
        for statement in block:
            if before is None:
                at = statement.lines.first
                self.source.refuse_at(at, 1, "this line is never reached", "remove it")
            before = self.statement(statement, before)
        return before

    def statement(self, node: ir.Statement, before: frozenset[str]) -> Assigned:
        if isinstance(node, ir.If):
            self.reads(node.test, before)
            return _join(self.block(node.then, before), self.block(node.otherwise, before))
        if isinstance(node, ir.Repeat | ir.Each):
            # The body may not run, and after `break` or `continue` a later round lacks what an earlier one assigns.
            self.block(node.body, before)
            return before
        if isinstance(node, ir.Return | ir.Jump):
            if isinstance(node, ir.Return) and node.value is not None:
                self.reads(node.value, before)
            return None
        return self.assignment(node, before)

    def assignment(self, node: ir.Statement, before: frozenset[str]) -> frozenset[str]:
        if isinstance(node, ir.Do):
            self.reads(node.call, before)
        if isinstance(node, ir.Update):
            self.reads(node.target, before)
        if isinstance(node, ir.Assign | ir.Update | ir.Unpack):
            self.reads(node.value, before)
            targets = node.targets if isinstance(node, ir.Unpack) else (node.target,)
            return before | {target.name for target in targets if isinstance(target, ir.Name)}
        return before

    def reads(self, node: ir.Expression | ir.Pack, before: frozenset[str]) -> None:
        for inner in ir.walk(node):
            if isinstance(inner, ir.Name) and inner.name not in before:
                self.source.refuse_at(
                    inner.line,
                    inner.column,
                    f"`{inner.name}` may have no value here",
                    "assign it on every path that leads here, for example before the `if` or `for`",
                )


def _join(one: Assigned, other: Assigned) -> Assigned:
    if one is None or other is None:
        return other if one is None else one
    return one & other


# --- types -----------------------------------------------------------------------------------------------------------


def find_types(body: ir.Block, fixed: frozenset[str]) -> dict[str, ValueType]:
    """Return the type of each local variable; `fixed`, the parameters, can be either. Types only widen: it ends."""
    types = dict.fromkeys(fixed, ValueType.EITHER)
    while True:
        before = dict(types)
        for node in ir.walk(body):
            for name, value_type in _assigned(node, types):
                types[name] = types.get(name, ValueType.NOTHING) | value_type
        if types == before:
            return types


def _assigned(node: ir.Node, types: dict[str, ValueType]) -> list[tuple[str, ValueType]]:
    if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
        return [(node.target.name, type_of(node.value, types))]
    if isinstance(node, ir.Update) and isinstance(node.target, ir.Name):
        return [(node.target.name, ValueType.NUMBER)]
    if isinstance(node, ir.Unpack):
        given = types_of(node.value, types)
        return [(t.name, one) for t, one in zip(node.targets, given, strict=True) if isinstance(t, ir.Name)]
    if isinstance(node, ir.Repeat):
        return [(node.variable, ValueType.NUMBER)]
    if isinstance(node, ir.Each):
        return [(name, ValueType.EITHER) for name in node.variables]
    return []


def types_of(node: ir.Call | ir.Pack, types: dict[str, ValueType]) -> tuple[ValueType, ...]:
    """Return the type of each of several values."""
    if isinstance(node, ir.Call):
        return node.function.returns
    return tuple(type_of(item, types) for item in node.items)


def type_of(node: ir.Expression, types: dict[str, ValueType]) -> ValueType:
    """Return the type of an expression's value in JavaScript."""
    if is_truth(node):
        return ValueType.TRUTH
    if isinstance(node, ir.Name):
        return types.get(node.name, ValueType.NOTHING)
    if isinstance(node, ir.Literal | ir.Constant):
        return ValueType.TRUTH if isinstance(node.value, bool) else ValueType.NUMBER
    if isinstance(node, ir.Unary | ir.Binary):
        return ValueType.NUMBER
    if isinstance(node, ir.Call):
        return node.function.returns[0]
    return _type_of_choice(node, types)


def _type_of_choice(node: ir.Expression, types: dict[str, ValueType]) -> ValueType:
    if isinstance(node, ir.Choose):
        return type_of(node.yes, types) | type_of(node.no, types)
    if isinstance(node, ir.Logic):
        found = ValueType.NOTHING
        for operand in node.operands:
            found |= type_of(operand, types)
        # `and` in JavaScript gives false, not the falsy number, when it stops early.
        return found | ValueType.TRUTH if node.operator == "and" else found
    if isinstance(node, ir.Builtin) and INTRINSICS[node.name].gives is ValueType.EITHER:
        found = ValueType.NOTHING
        for argument in node.arguments:
            found |= type_of(argument, types)
        return found
    return ValueType.NUMBER if isinstance(node, ir.Builtin) else ValueType.EITHER


def find_returns(body: ir.Block, types: dict[str, ValueType]) -> tuple[ValueType, ...]:
    """Return the types of the values that a function returns, joined over all its returns."""
    joined: tuple[ValueType, ...] = ()
    for node in ir.walk(body):
        if not isinstance(node, ir.Return) or node.value is None:
            continue
        values = types_of(node.value, types) if isinstance(node.value, ir.Pack) else (type_of(node.value, types),)
        joined = tuple(a | b for a, b in zip(joined, values, strict=True)) if joined else values
    return joined
