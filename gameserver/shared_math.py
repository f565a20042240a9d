"""Mathematics for `@shared` functions: the same bits in Python and in every browser.

`sin cos atan2 hypot clamp` are the package's own (errors within 2.5 ulp, stated in each docstring); `floor` and `sqrt`
are Python's, which are exact everywhere.
"""

from math import floor, pi, sqrt, tau

from gameserver.shared_step.exact import atan2, clamp, cos, hypot, sin

__all__ = ["atan2", "clamp", "cos", "floor", "hypot", "pi", "sin", "sqrt", "tau"]
