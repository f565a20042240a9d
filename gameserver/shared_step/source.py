"""Finds what a function says, and where: its syntax tree with the file's own lines and columns, and its comments."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from gameserver.shared_step.errors import SharedStepError

if TYPE_CHECKING:
    from types import FunctionType

# Remarks to Python's tools mean nothing to a reader of JavaScript.
_TOOL_REMARKS = ("noqa", "type:", "fmt:", "pragma:", "pyright:", "mypy:", "ruff:")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one function definition; `first_line` (from 1) is the line of its first decorator."""

    function: str
    filename: str
    first_line: int
    lines: tuple[str, ...]
    definition: ast.FunctionDef

    def refuse(self, node: ast.AST | None, problem: str, instead: str) -> NoReturn:
        """Raise `SharedStepError` for what stands at `node` (`None`: at the head of the function)."""
        where: ast.AST = node if node is not None else self.definition
        line = getattr(where, "lineno", self.definition.lineno)
        column = getattr(where, "col_offset", 0) + 1
        self.refuse_at(line, column, problem, instead)

    def refuse_at(self, line: int, column: int, problem: str, instead: str) -> NoReturn:
        index = line - self.first_line
        text = self.lines[index] if 0 <= index < len(self.lines) else ""
        raise SharedStepError(
            problem, instead, function=self.function, filename=self.filename, line=line, column=column, text=text
        )

    def parameter_names(self) -> tuple[str, ...]:
        arguments = self.definition.args
        return tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))

    def comments(self) -> dict[int, str]:
        """Line → the comment on it, without its `#`."""
        found: dict[int, str] = {}
        reader = io.StringIO("".join(self.lines)).readline
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.COMMENT:
                found[token.start[0] + self.first_line - 1] = token.string.lstrip("#").strip()
        return {line: text for line, text in found.items() if text and not text.startswith(_TOOL_REMARKS)}


def find_source(function: FunctionType) -> Source:
    """The source of a plain function; raises `SharedStepError` when there is none or it is no `def`."""
    code = function.__code__
    try:
        lines, first_line = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise SharedStepError(
            "its source text cannot be read, and the translation starts from it",
            "declare it in a .py file",
            function=function.__name__,
            filename=code.co_filename,
            line=code.co_firstlineno,
        ) from None
    definition = _parse(lines, first_line)
    if isinstance(definition, ast.FunctionDef) and definition.name != code.co_name:
        raise SharedStepError(
            f"its file has changed since it was loaded: `{definition.name}` stands there now",
            "start again, so that both sides run the same text",
            function=function.__name__,
            filename=code.co_filename,
            line=first_line,
        )
    if not isinstance(definition, ast.FunctionDef):
        what = "async functions wait, and a step must not" if inspect.iscoroutinefunction(function) else "not a `def`"
        raise SharedStepError(
            what,
            "write a plain `def` with @shared above it",
            function=function.__name__,
            filename=code.co_filename,
            line=first_line,
            text=lines[0],
        )
    return Source(function.__name__, code.co_filename, first_line, tuple(lines), definition)


def _parse(lines: list[str], first_line: int) -> ast.stmt | None:
    """The one statement in `lines`, with the positions of the file; `None` if they are no statement."""
    indented = lines[0][:1] in " \t"
    # A block around it, instead of taking the indent away, keeps columns and multi-line strings as they are.
    text = ("if True:\n" if indented else "") + "".join(lines)
    try:
        statement = ast.parse(text).body[0]
    except SyntaxError:
        return None
    if indented and isinstance(statement, ast.If):
        statement = statement.body[0]
    ast.increment_lineno(statement, first_line - 1 - indented)
    return statement
