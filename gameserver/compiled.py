"""`COMPILED`: whether this is the compiled build, the same sources compiled by mypyc (docs/guide/compiled.md).

Importing the compiled build checks its arithmetic first. A server whose compiler fused a multiplication with the
addition after it would expect other codes than its clients, and their positions would be wrong without an error.
"""

from __future__ import annotations

from typing import Final

COMPILED: Final = not __file__.endswith(".py")
"""True in the compiled build, where a loop over few numbers is faster than numpy; False in the interpreter."""

ROUNDING_CASES: Final = [
    # A fused operation gives -2.8e-17, whose floor is -1.
    (0.1, -5.0, 0.5, 0.0),
    # A fused operation keeps the lowest bit of the product, 2**-104.
    (1.0 + 2.0**-52, 1.0 + 2.0**-52, -1.0 - 2.0**-51, 0.0),
    # Registers of 80 bits round twice, to 1.
    (1.0, 2.0**-53 + 2.0**-70, 1.0, 1.0 + 2.0**-52),
    # With -ffast-math the smallest numbers become 0.
    (1.0, 5e-324, 0.0, 5e-324),
]
"""`factor, value, addend, expected`. The numbers are in a list, so that the compiler cannot compute them itself."""


def check_rounding() -> None:
    """Compare `factor * value + addend` with what IEEE 754 double precision says for it.

    Raises:
        ImportError: The compiler made code that rounds differently.
    """
    for factor, value, addend, expected in ROUNDING_CASES:
        found = factor * value + addend
        if found != expected:
            raise ImportError(
                f"this compiled build of gameserver computes {factor!r} * {value!r} + {addend!r} as {found!r}, and "
                f"IEEE 754 double precision gives {expected!r}: its positions would differ from those of its clients. "
                "Build it again without -ffast-math, and with -ffp-contract=off (hatch_build.py sets that for gcc and "
                "clang), or install it without GAMESERVER_COMPILE"
            )


if COMPILED:
    check_rounding()
