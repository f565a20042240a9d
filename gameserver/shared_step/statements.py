"""Lowers the statements of a step from Python's `ast` to the intermediate representation, and sorts its local names."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gameserver.shared_step import ir
from gameserver.shared_step.facts import constant_value
from gameserver.shared_step.lower import ExpressionLowering
from gameserver.shared_step.names import shared_function
from gameserver.shared_step.refusals import NODE_REFUSALS
from gameserver.shared_step.scope import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.shared_step.scope import Scope
    from gameserver.shared_step.source import Source

# A step runs 60 times a second, and a browser runs each many times; more rounds than this are a mistake.
MAX_ITERATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Names:
    """The local names of a function.

    Args:
        parameters: In order.
        objects: The parameters that are objects.
        loops: The variables of `for`.
        locals: All of them.
    """

    parameters: tuple[str, ...]
    objects: frozenset[str]
    loops: frozenset[str]
    locals: frozenset[str]


class StepLowering(ExpressionLowering):
    """Checks and lowers the statements of one function."""

    def __init__(self, source: Source, scope: Scope, names: Names) -> None:
        super().__init__(source, scope, names.objects, names.locals, names.loops)
        self.iterations = 1

    def block(self, nodes: list[ast.stmt]) -> ir.Block:
        """Lower several statements."""
        return tuple(self.statement(node) for node in nodes)

    def statement(self, node: ast.stmt) -> ir.Statement:
        """Lower one statement."""
        method: Callable[[ast.stmt, ir.Lines], ir.Statement] | None = getattr(self, f"_{type(node).__name__}", None)
        if method is None:
            problem, instead = NODE_REFUSALS.get(
                type(node), ("this statement is not possible in a step", "use assignments, `if` and `for`")
            )
            self.source.refuse(node, problem, instead)
        return method(node, ir.Lines(node.lineno, node.end_lineno or node.lineno))

    # --- assignments ---

    def _Assign(self, node: ast.Assign, lines: ir.Lines) -> ir.Statement:
        if len(node.targets) > 1:
            self.source.refuse(node, "several targets in one assignment", "write one assignment a line")
        target = node.targets[0]
        if isinstance(target, ast.Tuple):
            return self._unpack(target, node.value, lines)
        return ir.Assign(lines, self._target(target), self.expression(node.value))

    def _AnnAssign(self, node: ast.AnnAssign, lines: ir.Lines) -> ir.Statement:
        if node.value is None:
            self.source.refuse(node, "a declaration without a value", "give the variable its first value here")
        return ir.Assign(lines, self._target(node.target), self.expression(node.value))

    def _AugAssign(self, node: ast.AugAssign, lines: ir.Lines) -> ir.Statement:
        operator = self.operator(node, node.op)
        return ir.Update(lines, self._target(node.target), operator, self.expression(node.value))

    def _target(self, node: ast.expr) -> ir.Target:
        if isinstance(node, ast.Attribute):
            if not self.is_field(node):
                self.source.refuse(node, *NODE_REFUSALS[ast.Global])
            return self.field(node)
        if not isinstance(node, ast.Name):
            self.source.refuse(node, *NODE_REFUSALS.get(type(node), ("this cannot be assigned to", "use a variable")))
        if node.id in self.objects:
            self.source.refuse(node, f"`{node.id}` is an object", f"assign to one of its attributes, `{node.id}.…`")
        if node.id in self.loop_variables:
            self.source.refuse(node, f"`{node.id}` is a loop's variable", "use another name")
        return ir.Name(node.id, node.lineno, node.col_offset + 1)

    def _unpack(self, target: ast.Tuple, value: ast.expr, lines: ir.Lines) -> ir.Unpack:
        targets = tuple(self._target(item) for item in target.elts)
        source = self._several(value)
        count = len(source.items) if isinstance(source, ir.Pack) else len(source.function.returns)
        if count != len(targets):
            self.source.refuse(value, f"{len(targets)} targets for {count} values", "use as many as there are values")
        return ir.Unpack(lines, targets, source)

    def _several(self, node: ast.expr) -> ir.Call | ir.Pack:
        if isinstance(node, ast.Tuple):
            return ir.Pack(tuple(self.expression(item) for item in node.elts))
        call = self.call(node) if isinstance(node, ast.Call) else None
        if not isinstance(call, ir.Call):
            self.source.refuse(node, "only several values can be unpacked", "write `a, b = x, y` or call a function")
        return call

    # --- flow ---

    def _If(self, node: ast.If, lines: ir.Lines) -> ir.If:
        head = ir.Lines(lines.first, node.test.end_lineno or lines.first)
        return ir.If(head, self.expression(node.test), self.block(node.body), self.block(node.orelse))

    def _For(self, node: ast.For, lines: ir.Lines) -> ir.Statement:
        if node.orelse:
            self.source.refuse(node.orelse[0], "`else` after `for`", "set a variable before `break` and test it after")
        head = ir.Lines(lines.first, node.iter.end_lineno or lines.first)
        table = self.table(node.iter)
        if table is not None:
            return self._each(node, table, head)
        return self._repeat(node, head)

    def _repeat(self, node: ast.For, lines: ir.Lines) -> ir.Repeat:
        if not isinstance(node.target, ast.Name):
            self.source.refuse(node.target, "range() gives one number at a time", "write `for i in range(…)`")
        start, stop, step = self._range(node.iter)
        first, last, stride = (self._bound(node.iter, bound) for bound in (start, stop, step))
        if stride == 0:
            self.source.refuse(node.iter, "range() with a step of 0", "use another step")
        body = self._loop(node, (node.target.id,), len(range(first, last, stride)))
        return ir.Repeat(lines, node.target.id, start, stop, stride, body)

    def _bound(self, node: ast.expr, bound: ir.Expression) -> int:
        number = constant_value(bound)
        if type(number) is not int:
            self.source.refuse(
                node,
                "range() with a bound that is not a constant integer",
                "use a literal or a module-level constant, and leave early with `break`",
            )
        return number

    def _range(self, node: ast.expr) -> tuple[ir.Expression, ir.Expression, ir.Expression]:
        wanted = "`for` over something other than range() or a constant table"
        instead = "write `for i in range(8)`, or `for a, b in TABLE` over a tuple at module level"
        if not isinstance(node, ast.Call) or node.keywords or not 1 <= len(node.args) <= 3:
            self.source.refuse(node, wanted, instead)
        if self.outside(node.func) is not range:
            self.source.refuse(node, wanted, instead)
        bounds = [self.expression(argument) for argument in node.args]
        if len(bounds) == 1:
            return ir.Literal(0), bounds[0], ir.Literal(1)
        return bounds[0], bounds[1], bounds[2] if len(bounds) == 3 else ir.Literal(1)

    def _each(self, node: ast.For, table: ir.Constant, lines: ir.Lines) -> ir.Each:
        rows = table.value
        assert isinstance(rows, tuple)
        unpacks = isinstance(node.target, ast.Tuple)
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        names = tuple(target.id for target in targets if isinstance(target, ast.Name))
        width = len(rows[0]) if rows and isinstance(rows[0], tuple) else 1
        is_rows = bool(rows) and isinstance(rows[0], tuple)
        if len(names) != len(targets) or len(set(names)) != len(names) or len(names) != width or unpacks != is_rows:
            row = f"{width} numbers" if is_rows else "one number"
            self.source.refuse(
                node.target, f"each row of `{table.name}` has {row}", "name each of them once: `for a, b in TABLE`"
            )
        return ir.Each(lines, names, unpacks, table, self._loop(node, names, len(rows)))

    def _loop(self, node: ast.For, variables: tuple[str, ...], rounds: int) -> ir.Block:
        for name in variables:
            if name in self.open_loops or not self._is_loop_only(name):
                self.source.refuse(node.target, f"`{name}` is already used", "give the loop its own variable")
        outer = self.iterations
        self.iterations *= max(1, rounds)
        if self.iterations > MAX_ITERATIONS:
            self.source.refuse(
                node.iter,
                f"{self.iterations} rounds, nested loops multiplied, are too many for a step",
                f"stay within {MAX_ITERATIONS}",
            )
        self.open_loops.extend(variables)
        body = self.block(node.body)
        del self.open_loops[len(self.open_loops) - len(variables) :]
        self.iterations = outer
        return body

    def _is_loop_only(self, name: str) -> bool:
        return name in self.loop_variables and name not in self.source.parameter_names()

    def _Break(self, node: ast.Break, lines: ir.Lines) -> ir.Jump:
        return ir.Jump(lines, "break")

    def _Continue(self, node: ast.Continue, lines: ir.Lines) -> ir.Jump:
        return ir.Jump(lines, "continue")

    def _Pass(self, node: ast.Pass, lines: ir.Lines) -> ir.Nothing:
        return ir.Nothing(lines)

    def _Return(self, node: ast.Return, lines: ir.Lines) -> ir.Return:
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            return ir.Return(lines, None)
        if isinstance(node.value, ast.Tuple):
            if len(node.value.elts) < 2:
                self.source.refuse(node.value, "a tuple of fewer than two values", "return the value itself")
            return ir.Return(lines, ir.Pack(tuple(self.expression(item) for item in node.value.elts)))
        return ir.Return(lines, self.expression(node.value))

    def _Expr(self, node: ast.Expr, lines: ir.Lines) -> ir.Statement:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return ir.Nothing(lines)
        call = self.call(node.value) if isinstance(node.value, ast.Call) else None
        if not isinstance(call, ir.Call):
            self.source.refuse(node, "a value that is not used", "assign it, return it, or remove it")
        return ir.Do(lines, call)


def find_names(source: Source, scope: Scope) -> Names:
    """Sort the local names of a function: parameters whose attributes are used are objects, all others numbers."""
    definition = source.definition
    parameters = source.parameter_names()
    nodes = list(ast.walk(definition))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    loops = frozenset(name for node in nodes if isinstance(node, ast.For) for name in _stored(node.target))
    objects = frozenset(_objects(definition, scope, frozenset(parameters), frozenset(parameters) | stored))
    return Names(parameters, objects, loops, frozenset(parameters) | stored)


def _stored(target: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _objects(
    definition: ast.FunctionDef, scope: Scope, parameters: frozenset[str], locals_: frozenset[str]
) -> Iterator[str]:
    """Yield the parameters whose attributes are used, here or in a shared function that they are passed to."""
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in parameters:
            yield node.value.id
        elif isinstance(node, ast.Call):
            shared = _callee(node.func, scope, locals_)
            for argument, parameter in zip(node.args, shared.parameters if shared else (), strict=False):
                if isinstance(argument, ast.Name) and argument.id in parameters and parameter.is_object:
                    yield argument.id


def _callee(node: ast.expr, scope: Scope, locals_: frozenset[str]) -> ir.SharedFunction | None:
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id in locals_:
        return None
    found = scope.resolve((node.id, *path))
    return None if found is MISSING else shared_function(found)
