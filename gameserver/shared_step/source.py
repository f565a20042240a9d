"""Reads the source of a function: its syntax tree with the lines and columns of the file, and its comments."""

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

# Comments for Python's tools are not copied into JavaScript.
_TOOL_REMARKS = ("noqa", "type:", "fmt:", "pragma:", "pyright:", "mypy:", "ruff:")

_NO_FILE = "<string>"
"""The file name of what `exec` runs. From Python 3.13 on, `inspect` finds the text of `python -c` under that name."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one function definition.

    Args:
        function: The function's name.
        filename: The file that defines it.
        first_line: The line of its first decorator, from 1.
        lines: The text, line by line.
        definition: Its syntax tree, with the positions of the file.
    """

    function: str
    filename: str
    first_line: int
    lines: tuple[str, ...]
    definition: ast.FunctionDef

    def refuse(self, node: ast.AST | None, problem: str, instead: str) -> NoReturn:
        """Refuse the function because of a node.

        Args:
            node: The node; None for the head of the function.
            problem: What is wrong.
            instead: What to write instead.

        Raises:
            SharedStepError: Always.
        """
        where: ast.AST = node if node is not None else self.definition
        line = getattr(where, "lineno", self.definition.lineno)
        column = getattr(where, "col_offset", 0) + 1
        self.refuse_at(line, column, problem, instead)

    def refuse_at(self, line: int, column: int, problem: str, instead: str) -> NoReturn:
        """Refuse the function because of a place in its file; `line` and `column` are counted from 1.

        Raises:
            SharedStepError: Always.
        """
        index = line - self.first_line
        text = self.lines[index] if 0 <= index < len(self.lines) else ""
        raise SharedStepError(
            problem, instead, function=self.function, filename=self.filename, line=line, column=column, text=text
        )

    def parameter_names(self) -> tuple[str, ...]:
        """Return the names of the positional parameters."""
        arguments = self.definition.args
        return tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))

    def comments(self) -> dict[int, str]:
        """Return the comment of each line that has one, without its `#`."""
        found: dict[int, str] = {}
        reader = io.StringIO("".join(self.lines)).readline
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.COMMENT:
                found[token.start[0] + self.first_line - 1] = token.string.lstrip("#").strip()
        return {line: text for line, text in found.items() if text and not text.startswith(_TOOL_REMARKS)}


def find_source(function: FunctionType) -> Source:
    """Return the source of a function.

    Raises:
        SharedStepError: It cannot be read, has changed since it was loaded, or is not a plain `def`.
    """
    code = function.__code__
    try:
        if code.co_filename == _NO_FILE:
            raise OSError
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
            f"its file has changed since it was loaded: `{definition.name}` is there now",
            "restart the program, so that both sides run the same text",
            function=function.__name__,
            filename=code.co_filename,
            line=first_line,
        )
    if not isinstance(definition, ast.FunctionDef):
        what = "an async function can wait" if inspect.iscoroutinefunction(function) else "not a `def`"
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
    """Return the one statement in `lines` with the positions of the file, None if they are not a statement."""
    indented = lines[0][:1] in " \t"
    # Putting it into a block, instead of removing the indent, keeps columns and multi-line strings unchanged.
    text = ("if True:\n" if indented else "") + "".join(lines)
    try:
        statement = ast.parse(text).body[0]
    except SyntaxError:
        return None
    if indented and isinstance(statement, ast.If):
        statement = statement.body[0]
    ast.increment_lineno(statement, first_line - 1 - indented)
    return statement
