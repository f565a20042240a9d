"""Whether this is the compiled build: the same sources, made into machine code by mypyc (docs/guide/compiled.md)."""

from __future__ import annotations

from typing import Final

COMPILED: Final = not __file__.endswith(".py")
"""True in the compiled build, where loops over numbers are faster than numpy's calls; False in the interpreter."""
