"""What holds on every path through a step: each variable has a value before it is read, and every end returns alike.

Python would raise where JavaScript would go on with `undefined`; so neither is let to happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from gameserver.shared_step import ir
from gameserver.shared_step.facts import is_truth
from gameserver.shared_step.ir import Kind
from gameserver.shared_step.names import INTRINSICS

if TYPE_CHECKING:
    from gameserver.shared_step.source import Source

# The variables that surely have a value here; None where no path leads.
Assigned: TypeAlias = frozenset[str] | None


def check_flow(source: Source, body: ir.Block, known: frozenset[str]) -> None:
    """`known`: parameters and loops' variables, which `statements` already watches."""
    end = _Flow(source, known).block(body, known)
    gives = {_count(node) for node in ir.walk(body) if isinstance(node, ir.Return)}
    if end is not None and gives - {0}:
        source.refuse(None, "one way through it ends without a `return`", "return a value at the end, too")
    if len(gives) > 1:
        source.refuse(None, "its returns give different numbers of values", "return equally many everywhere")


def _count(node: ir.Return) -> int:
    if node.value is None:
        return 0
    return len(node.value.items) if isinstance(node.value, ir.Pack) else 1


class _Flow:
    def __init__(self, source: Source, known: frozenset[str]) -> None:
        self.source = source
        self.known = known

    def block(self, block: ir.Block, before: Assigned) -> Assigned:
        for statement in block:
            if before is None:
                at = statement.lines.first
                self.source.refuse_at(at, 1, "this line is never reached", "leave it out")
            before = self.statement(statement, before)
        return before

    def statement(self, node: ir.Statement, before: frozenset[str]) -> Assigned:
        if isinstance(node, ir.If):
            self.reads(node.test, before)
            return _join(self.block(node.then, before), self.block(node.otherwise, before))
        if isinstance(node, ir.Repeat | ir.Each):
            # The body may not run at all, and what one round assigned the next may not rely on: `break`, `continue`.
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
                    "assign it on every way that leads here, for example before the `if` or `for`",
                )


def _join(one: Assigned, other: Assigned) -> Assigned:
    if one is None or other is None:
        return other if one is None else one
    return one & other


# --- kinds -----------------------------------------------------------------------------------------------------------


def find_kinds(body: ir.Block, fixed: frozenset[str]) -> dict[str, Kind]:
    """The kind of each local variable; `fixed` (parameters) may hold either. Kinds only grow, so the rounds end."""
    kinds = dict.fromkeys(fixed, Kind.EITHER)
    while True:
        before = dict(kinds)
        for node in ir.walk(body):
            for name, kind in _assigned(node, kinds):
                kinds[name] = kinds.get(name, Kind.NOTHING) | kind
        if kinds == before:
            return kinds


def _assigned(node: ir.Node, kinds: dict[str, Kind]) -> list[tuple[str, Kind]]:
    if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
        return [(node.target.name, kind_of(node.value, kinds))]
    if isinstance(node, ir.Update) and isinstance(node.target, ir.Name):
        return [(node.target.name, Kind.NUMBER)]
    if isinstance(node, ir.Unpack):
        given = several_kinds(node.value, kinds)
        return [(t.name, kind) for t, kind in zip(node.targets, given, strict=True) if isinstance(t, ir.Name)]
    if isinstance(node, ir.Repeat):
        return [(node.variable, Kind.NUMBER)]
    if isinstance(node, ir.Each):
        return [(name, Kind.EITHER) for name in node.variables]
    return []


def several_kinds(node: ir.Call | ir.Pack, kinds: dict[str, Kind]) -> tuple[Kind, ...]:
    if isinstance(node, ir.Call):
        return node.function.returns
    return tuple(kind_of(item, kinds) for item in node.items)


def kind_of(node: ir.Expression, kinds: dict[str, Kind]) -> Kind:
    """What JavaScript surely holds as the value of `node`."""
    if is_truth(node):
        return Kind.TRUTH
    if isinstance(node, ir.Name):
        return kinds.get(node.name, Kind.NOTHING)
    if isinstance(node, ir.Literal | ir.Constant):
        return Kind.TRUTH if isinstance(node.value, bool) else Kind.NUMBER
    if isinstance(node, ir.Unary | ir.Binary):
        return Kind.NUMBER
    if isinstance(node, ir.Call):
        return node.function.returns[0]
    return _kind_of_choice(node, kinds)


def _kind_of_choice(node: ir.Expression, kinds: dict[str, Kind]) -> Kind:
    if isinstance(node, ir.Choose):
        return kind_of(node.yes, kinds) | kind_of(node.no, kinds)
    if isinstance(node, ir.Logic):
        found = Kind.NOTHING
        for operand in node.operands:
            found |= kind_of(operand, kinds)
        # `and` gives false, not a falsy number, when it stops early.
        return found | Kind.TRUTH if node.operator == "and" else found
    if isinstance(node, ir.Builtin) and INTRINSICS[node.name].kind is Kind.EITHER:
        found = Kind.NOTHING
        for argument in node.arguments:
            found |= kind_of(argument, kinds)
        return found
    return Kind.NUMBER if isinstance(node, ir.Builtin) else Kind.EITHER


def find_returns(body: ir.Block, kinds: dict[str, Kind]) -> tuple[Kind, ...]:
    """The kinds of the values that a function returns, joined over all its returns."""
    joined: tuple[Kind, ...] = ()
    for node in ir.walk(body):
        if not isinstance(node, ir.Return) or node.value is None:
            continue
        values = several_kinds(node.value, kinds) if isinstance(node.value, ir.Pack) else (kind_of(node.value, kinds),)
        joined = tuple(a | b for a, b in zip(joined, values, strict=True)) if joined else values
    return joined
