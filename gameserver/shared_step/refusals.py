"""The syntax that a step cannot use: for each construct the reason, and what to write instead."""

from __future__ import annotations

import ast

_LISTS = ("lists and dictionaries do not exist in a step", "use single variables, or a constant tuple at module level")
_TEXT = ("text is not possible in a step", "use numbers; an Int field can represent a choice")
_BITS = (
    "bit operations have 32 bits in JavaScript and no limit in Python",
    "write it with `*`, `//` and `%`, or with Flag fields",
)
_IDENTITY = ("`is` compares objects, and a step has only numbers", "write `==`")
_WITHIN = ("`in` searches a container, and a step has none", "write the comparisons: `a == 1 or a == 2`")
_INNER = ("a definition inside a step", "define it at module level, with @shared if it is a function")
_ERRORS = ("a step cannot raise or handle exceptions", "test with `if` before, and leave errors to the room's hooks")
_WAITING = ("a step cannot wait or yield", "compute everything in one call")
_OUTER = (
    "a step can change nothing but its arguments",
    "write to an attribute of an argument, or return the value",
)

NODE_REFUSALS: dict[type[ast.AST], tuple[str, str]] = {
    ast.List: _LISTS,
    ast.Dict: _LISTS,
    ast.Set: _LISTS,
    ast.ListComp: _LISTS,
    ast.DictComp: _LISTS,
    ast.SetComp: _LISTS,
    ast.GeneratorExp: _LISTS,
    ast.Subscript: ("indexing does not exist in a step", "use single fields, or `for a, b in TABLE` over a constant"),
    ast.Slice: _LISTS,
    ast.Starred: _LISTS,
    ast.Tuple: ("several values where one is expected", "return or unpack them: `return a, b`, `a, b = f(x)`"),
    ast.JoinedStr: _TEXT,
    ast.Lambda: _INNER,
    ast.FunctionDef: _INNER,
    ast.AsyncFunctionDef: _INNER,
    ast.ClassDef: _INNER,
    ast.Import: ("an import inside a step", "import at the top of the module"),
    ast.ImportFrom: ("an import inside a step", "import at the top of the module"),
    ast.NamedExpr: ("`:=` inside an expression", "assign on a line of its own"),
    ast.While: ("`while` may never end", "write `for i in range(100):` with `break`"),
    ast.AsyncFor: _WAITING,
    ast.AsyncWith: _WAITING,
    ast.Await: _WAITING,
    ast.Yield: _WAITING,
    ast.YieldFrom: _WAITING,
    ast.With: ("`with` manages resources, and a step has none", "remove it"),
    ast.Try: _ERRORS,
    ast.Raise: _ERRORS,
    ast.Assert: ("`assert` does nothing under `python -O`", "test with `if`, or check in a test"),
    ast.Global: _OUTER,
    ast.Nonlocal: _OUTER,
    ast.Delete: ("`del` removes a field", "set it to a number"),
    ast.Match: ("`match` is not translated", "write `if`, `elif`, `else`"),
}

OPERATOR_REFUSALS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Pow: (
        "`**` uses pow(), which rounds differently on every machine",
        "write the product, `x * x`, or use sqrt(); only integer constants, `2 ** 10`, are possible",
    ),
    ast.MatMult: ("`@` multiplies matrices", "write the sums of products"),
    ast.LShift: _BITS,
    ast.RShift: _BITS,
    ast.BitAnd: _BITS,
    ast.BitOr: _BITS,
    ast.BitXor: _BITS,
    ast.Invert: _BITS,
    ast.Is: _IDENTITY,
    ast.IsNot: _IDENTITY,
    ast.In: _WITHIN,
    ast.NotIn: _WITHIN,
}
if hasattr(ast, "TryStar"):
    NODE_REFUSALS[ast.TryStar] = _ERRORS
