"""What an author is told when a function cannot run on both sides.

One rule: the message names the file, the line and the column, says what stands there, and what to write instead.
"""

from __future__ import annotations


class SharedStepError(TypeError):
    """A `@shared` function says something that Python and JavaScript would not both do alike.

    Attributes: `filename`, `line` and `column` (both from 1), `function` (its name), `problem`, `instead`.
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
