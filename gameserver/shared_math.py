"""Mathematics for `@shared` functions, with the same bits in Python and in every browser.

`sin`, `cos`, `atan2`, `hypot` and `clamp` are the package's own; their docstrings state their errors, all within 2.5
ulp. `floor`, `sqrt`, `pi` and `tau` are those of Python's `math`, which are exact everywhere.
"""

from math import floor, pi, sqrt, tau

from gameserver.shared_step.exact import atan2, clamp, cos, hypot, sin

__all__ = ["atan2", "clamp", "cos", "floor", "hypot", "pi", "sin", "sqrt", "tau"]
