"""`SharedStepError`, which refuses a function that cannot run alike on both sides.

The message names the file, the line and the column, says what is wrong there, and what to write instead.
"""

from __future__ import annotations


class SharedStepError(TypeError):
    """A `@shared` function does something that Python and JavaScript would not do alike.

    Args:
        problem: What is wrong.
        instead: What to write instead.
        function: The function's name.
        filename: The file that declares it.
        line: From 1.
        column: From 1.
        text: The line's text, to show with a mark under the column.
    """

    def __init__(
        self,
        problem: str,
        instead: str,
        *,
        function: str,
        filename: str,
        line: int,
        column: int = 1,
        text: str = "",
    ) -> None:
        self.problem = problem
        self.instead = instead
        self.function = function
        self.filename = filename
        self.line = line
        self.column = column
        message = f"{filename}:{line}:{column}: @shared {function}: {problem}; {instead}"
        if text.strip():
            code = text.strip()
            caret = " " * max(0, column - 1 - (len(text) - len(text.lstrip())))
            message += f"\n    {code}\n    {caret}^"
        super().__init__(message)
