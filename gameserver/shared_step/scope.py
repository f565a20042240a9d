"""Looks up the names around a function as Python would: closure, module, builtins."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FunctionType


class Missing:
    """The type of `MISSING`, the result for a name that is not defined."""


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Scope:
    """The names around a function, and the values that it depends on.

    Args:
        function: The function.
        bindings: The value of each dotted name that the function uses, as it was at the declaration.
    """

    function: FunctionType
    bindings: dict[tuple[str, ...], object]

    def resolve(self, path: tuple[str, ...]) -> object:
        """Return the value of a dotted name, looked up through modules and classes; `MISSING` if there is none."""
        value = self._lookup(path[0])
        for name in path[1:]:
            if not isinstance(value, ModuleType | type):
                return MISSING
            value = getattr(value, name, MISSING)
        return value

    def bind(self, path: tuple[str, ...]) -> object:
        """Resolve a name and record that the function depends on its value."""
        value = self.resolve(path)
        self.bindings[path] = value
        return value

    def changed(self) -> str | None:
        """Return a name whose value has changed since the declaration, or None."""
        for path, then in self.bindings.items():
            now = self.resolve(path)
            if type(now) is not type(then) or (now is not then and now != then):
                return ".".join(path)
        return None

    def _lookup(self, name: str) -> object:
        code = self.function.__code__
        if name in code.co_freevars:
            cell = (self.function.__closure__ or ())[code.co_freevars.index(name)]
            try:
                return cell.cell_contents
            except ValueError:  # the enclosing function has not assigned it yet
                return MISSING
        space = self.function.__globals__
        return space[name] if name in space else getattr(builtins, name, MISSING)
