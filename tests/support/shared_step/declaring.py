"""Declares functions from text, as if they stood in a file, and names the fields that the tests' steps work on."""

import io
import itertools
import linecache
import math
import textwrap
from collections.abc import Callable
from typing import Any

import gameserver.shared_math
from gameserver.shared_step import shared
from gameserver.shared_step.differential import GridField

_numbers = itertools.count(1)

# a, b any numbers; n, m small integers; p, q truths; out, more what a step works out.
STATE = (
    GridField("a", "free", -50.0, 50.0),
    GridField("b", "free", -3.0, 3.0),
    GridField("n", "int", -20, 20),
    GridField("m", "int", -3, 3),
    GridField("p", "flag", 0, 1),
    GridField("q", "flag", 0, 1),
    GridField("out", "free", 0.0, 0.0),
    GridField("more", "free", 0.0, 0.0),
)
INPUTS = (GridField("turn", "int", -1, 1), GridField("fire", "flag", 0, 1))


def declare(text: str, function: str = "step", **names: object) -> Callable[..., Any]:
    """Run `text` as a module of its own, with `shared`, `math` and gameserver.shared_math's names, and `names`."""
    text = textwrap.dedent(text).lstrip("\n")
    filename = f"<module {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, io.StringIO(text).readlines(), filename)
    mathematics = {name: getattr(gameserver.shared_math, name) for name in gameserver.shared_math.__all__}
    space: dict[str, Any] = {"__name__": "declared", "shared": shared, "math": math, **mathematics, **names}
    exec(compile(text, filename, "exec"), space)
    found: Callable[..., Any] = space[function]
    return found
