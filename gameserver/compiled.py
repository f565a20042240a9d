"""`COMPILED`: whether this is the compiled build, the same sources compiled by mypyc (docs/guide/compiled.md)."""

from __future__ import annotations

from typing import Final

COMPILED: Final = not __file__.endswith(".py")
"""True in the compiled build, where a loop over few numbers is faster than numpy; False in the interpreter."""
