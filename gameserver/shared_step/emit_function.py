"""Writes a checked function as JavaScript: its head, statements, comments, and the declaration of each variable."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gameserver.shared_step import ir
from gameserver.shared_step.emit import ExpressionWriter, jsdoc_type, number

if TYPE_CHECKING:
    from collections.abc import Iterator

_INDENT = "  "


@dataclass(slots=True)
class FunctionWriter:
    """Writes one function.

    Args:
        function: The function.
        writer: Writes its expressions.
        comments: False leaves out comments and documentation.
    """

    function: ir.SharedFunction
    writer: ExpressionWriter
    comments: bool = True
    _notes: dict[int, str] = field(default_factory=dict)
    _writes: dict[str, int] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)

    def write(self, name: str, *, exported: bool) -> str:
        """Return the definition.

        Args:
            name: The function's name in the module.
            exported: True exports it.
        """
        function = self.function
        if self.comments:
            self._notes = function.source.comments()
            self._lines += self._documentation()
        self._writes = _count_writes(function.body)
        head = ", ".join(
            p.name if p.default is None else f"{p.name} = {number(p.default)}" for p in function.parameters
        )
        self._lines.append(f"{'export ' if exported else ''}function {name}({head}) {{")
        self._skip_notes(function.source.definition.body[0].lineno)
        local = {name for name in self._writes if name not in {p.name for p in function.parameters}}
        self._block(function.body, local, 1)
        self._lines.append("}")
        return "\n".join(self._lines) + "\n"

    # --- head and comments ---

    def _documentation(self) -> Iterator[str]:
        function = self.function
        yield "/**"
        for line in _docstring(function):
            yield f" * {line}".rstrip()
        for parameter in function.parameters:
            yield f" * @param {self._describe(parameter)}"
        if function.returns:
            types = [jsdoc_type(value_type) for value_type in function.returns]
            yield f" * @returns {{{types[0] if len(types) == 1 else '[' + ', '.join(types) + ']'}}}"
        yield " */"

    def _describe(self, parameter: ir.Parameter) -> str:
        name = parameter.name
        if not parameter.is_object:
            word = "number" if parameter.is_used else "any"
            return f"{{{word}}} {name if parameter.default is None else f'[{name}]'}"
        touched = [
            f"{verb} {', '.join(names)}"
            for verb, names in (("reads", self.function.reads[name]), ("writes", self.function.writes[name]))
            if names
        ]
        return f"{{Record<string, any>}} {name} {'; '.join(touched)}".rstrip()

    def _skip_notes(self, before: int) -> None:
        """Drop comments above the first statement: they belong to the signature."""
        self._notes = {line: text for line, text in self._notes.items() if line >= before}

    def _notes_until(self, line: int) -> Iterator[str]:
        for at in sorted(at for at in self._notes if at <= line):
            yield _one_line(self._notes.pop(at))

    # --- statements ---

    def _block(self, block: ir.Block, local: set[str], depth: int) -> None:
        """Write a block. `local` are the variables to declare in it, or deeper, where each is first assigned."""
        homes = _homes(block, local)
        for index, statement in enumerate(block):
            here = {name for name, home in homes.items() if home == index}
            inner = {name for name in local - homes.keys() if _mentions(statement, name)}
            if index > 0:
                self._paragraph(statement)
            self._remarks(statement.lines.first - 1, depth)
            begins = self._begin(statement, here, depth)
            self._statement(statement, begins, inner, depth)

    def _paragraph(self, statement: ir.Statement) -> None:
        """Write a blank line where the source has one above the statement or its comments."""
        source = self.function.source
        first = min([line for line in self._notes if line < statement.lines.first], default=statement.lines.first)
        if self.comments and not source.lines[first - 1 - source.first_line].strip():
            self._lines.append("")

    def _remarks(self, line: int, depth: int) -> None:
        self._lines += [f"{_INDENT * depth}// {note}" for note in self._notes_until(line)]

    def _begin(self, statement: ir.Statement, here: set[str], depth: int) -> str:
        """Return `const ` or `let ` if the statement can declare the variables `here`; else write a line that does."""
        targets = _whole_targets(statement)
        if here and targets is not None and set(targets) == here and len(here) == len(targets):
            return "const " if all(self._writes[name] == 1 for name in here) else "let "
        if here:
            self._lines.append(f"{_INDENT * depth}let {', '.join(sorted(here))};")
        return ""

    def _put(self, statement: ir.Statement, depth: int, text: str) -> None:
        notes = " ".join(self._notes_until(statement.lines.last))
        self._lines.append(f"{_INDENT * depth}{text}{f' // {notes}' if notes else ''}")

    def _statement(self, node: ir.Statement, begins: str, inner: set[str], depth: int) -> None:
        if isinstance(node, ir.If):
            self._if(node, inner, depth)
        elif isinstance(node, ir.Repeat | ir.Each):
            head = self._repeat_head(node) if isinstance(node, ir.Repeat) else self._each_head(node)
            self._put(node, depth, f"for ({head}) {{")
            self._block(node.body, inner, depth + 1)
            self._lines.append(f"{_INDENT * depth}}}")
        elif not isinstance(node, ir.Nothing):
            self._put(node, depth, begins + self._simple(node))
        else:
            self._remarks(node.lines.last, depth)

    def _simple(self, node: ir.Statement) -> str:
        write = self.writer
        if isinstance(node, ir.Assign):
            return f"{write.value(node.target)} = {write.value(node.value)};"
        if isinstance(node, ir.Update):
            return write.assignment(node.target, node.operator, node.value)
        if isinstance(node, ir.Unpack):
            return f"[{', '.join(write.value(target) for target in node.targets)}] = {write.value(node.value)};"
        if isinstance(node, ir.Return):
            return "return;" if node.value is None else f"return {write.value(node.value)};"
        if isinstance(node, ir.Do):
            return f"{write.value(node.call)};"
        assert isinstance(node, ir.Jump)
        return f"{node.word};"

    def _if(self, node: ir.If, inner: set[str], depth: int, word: str = "if") -> None:
        self._put(node, depth, f"{word} ({self.writer.condition(node.test)}) {{")
        self._block(node.then, {name for name in inner if _mentions_any(node.then, name)}, depth + 1)
        last = node.otherwise
        if len(last) == 1 and isinstance(last[0], ir.If):
            self._remarks(last[0].lines.first - 1, depth + 1)
            self._if(last[0], inner, depth, "} else if")
            return
        if last:
            self._lines.append(f"{_INDENT * depth}}} else {{")
            self._block(last, {name for name in inner if _mentions_any(last, name)}, depth + 1)
        self._lines.append(f"{_INDENT * depth}}}")

    def _repeat_head(self, node: ir.Repeat) -> str:
        i, write = node.variable, self.writer
        compare, change = ("<", f"+= {node.step}") if node.step > 0 else (">", f"-= {-node.step}")
        return f"let {i} = {write.value(node.start)}; {i} {compare} {write.value(node.stop)}; {i} {change}"

    def _each_head(self, node: ir.Each) -> str:
        names = f"[{', '.join(node.variables)}]" if node.unpacks else node.variables[0]
        return f"const {names} of {self.writer.value(node.table)}"


def _homes(block: ir.Block, local: set[str]) -> dict[str, int]:
    """Return for each variable the statement of this block that begins it; without those of one branch only."""
    homes: dict[str, int] = {}
    for name in local:
        where = [index for index, statement in enumerate(block) if _mentions(statement, name)]
        if where and not (len(where) == 1 and _lives_inside(block[where[0]], name)):
            homes[name] = where[0]
    return homes


def _lives_inside(node: ir.Statement, name: str) -> bool:
    if isinstance(node, ir.Repeat | ir.Each):
        return True
    if isinstance(node, ir.If):
        return sum(_mentions_any(branch, name) for branch in _branches(node)) == 1
    return False


def _branches(node: ir.If) -> Iterator[ir.Block]:
    """Yield the blocks of `if`, of each `elif`, and of `else`."""
    yield node.then
    if len(node.otherwise) == 1 and isinstance(node.otherwise[0], ir.If):
        yield from _branches(node.otherwise[0])
    else:
        yield node.otherwise


def _mentions(node: ir.Statement, name: str) -> bool:
    return any(isinstance(inner, ir.Name) and inner.name == name for inner in ir.walk(node))


def _mentions_any(block: ir.Block, name: str) -> bool:
    return any(_mentions(statement, name) for statement in block)


def _whole_targets(node: ir.Statement) -> list[str] | None:
    """Return the variables that a statement assigns, None if it assigns anything else."""
    if isinstance(node, ir.Assign):
        return [node.target.name] if isinstance(node.target, ir.Name) else None
    if isinstance(node, ir.Unpack):
        names = [target.name for target in node.targets if isinstance(target, ir.Name)]
        return names if len(names) == len(node.targets) else None
    return None


def _count_writes(body: ir.Block) -> dict[str, int]:
    counts: dict[str, int] = {}
    for node in ir.walk(body):
        if isinstance(node, ir.Assign | ir.Update | ir.Unpack):
            for target in node.targets if isinstance(node, ir.Unpack) else (node.target,):
                if isinstance(target, ir.Name):
                    counts[target.name] = counts.get(target.name, 0) + 1
    return counts


def _docstring(function: ir.SharedFunction) -> list[str]:
    text = ast.get_docstring(function.source.definition)
    return [_one_line(line).replace("*/", "*\\/") for line in text.splitlines()] if text else []


def _one_line(text: str) -> str:
    """Replace the two characters that end a line in JavaScript and not in Python."""
    return text.replace("\u2028", " ").replace("\u2029", " ")
