"""The field types whose value is one of a set: Flag, Choice, Ref. Like a number, it is sent as one integer code.

Flag takes the truth of what is assigned, and a Ref to a despawned entity becomes None. Unknown choices and objects that
are no entity of the room are errors.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, overload

from gameserver.state.errors import DeclarationError
from gameserver.state.field import Field, default_code

if TYPE_CHECKING:
    from collections.abc import Mapping

K = TypeVar("K")
E = TypeVar("E")

MAX_CHOICES: Final = 256  # all names are in the schema; use an Int or a Text for larger sets


class Flag(Field[bool]):
    """True or False; what is assigned counts by its truth.

    Args:
        default: The value of a new entity.
    """

    type_name = "flag"
    hi = 1

    def __init__(self, *, default: bool = False) -> None:
        self.default = bool(default)

    def encode(self, value: bool) -> int:
        """Return 1 for a true value, 0 for a false one.

        Raises:
            ValueError: The value is neither, such as an array.
        """
        try:
            return 1 if value else 0
        except ValueError:
            msg = f"is {value!r}, which is neither true nor false"
            raise ValueError(msg) from None

    def decode(self, code: int) -> bool:
        """Return True for 1."""
        return code != 0


class Choice(Field[K]):
    """One of a few names: `Choice("idle", "run")` holds a str, `Choice(Mood)` a member of the Enum `Mood`.

    Args:
        names: The names, 1 to 256 different ones, or one Enum class.
        default: The value of a new entity; by default the first.
    """

    type_name = "choice"

    @overload
    def __init__(self: Choice[str], *names: str, default: str | None = None) -> None: ...
    @overload
    def __init__(self, names: type[K], /, *, default: K | None = None) -> None: ...
    def __init__(self, *names: Any, default: Any = None) -> None:
        first = names[0] if len(names) == 1 else None
        self.values: tuple[Any, ...] = tuple(first) if isinstance(first, type) and issubclass(first, Enum) else names
        self.names: tuple[Any, ...] = tuple([v.name if isinstance(v, Enum) else v for v in self.values])
        self.codes: dict[Any, int] = {}
        self._default = default

    def bind(self, where: str) -> None:
        """Check the names and give each its code."""
        if not 1 <= len(self.names) <= MAX_CHOICES or not all(isinstance(name, str) and name for name in self.names):
            msg = f'{where}: give 1 to {MAX_CHOICES} names, as Choice("idle", "run"), or an Enum class, as Choice(Mood)'
            raise DeclarationError(msg)
        if len(set(self.names)) < len(self.names):
            msg = f"{where}: a name is repeated in {', '.join(self.names)}"
            raise DeclarationError(msg)
        self.codes = {value: code for code, value in enumerate(self.values)}
        self.hi = len(self.values) - 1
        self.default = self.decode(default_code(self, self._default, self.values[0], where))

    def encode(self, value: K) -> int:
        """Return the index of the name."""
        try:
            return self.codes[value]
        except (KeyError, TypeError):
            msg = f"is {value!r}, not one of {', '.join(self.names)}"
            raise ValueError(msg) from None

    def decode(self, code: int) -> K:
        """Return the name or the member of the Enum."""
        return cast("K", self.values[code])

    def spec(self) -> dict[str, object]:
        """Return the names, in order."""
        return {"kind": self.type_name, "names": list(self.names)}


class Ref(Field["E | None"], Generic[E]):
    """Another entity of the room, or None. A reference to an entity that is despawned becomes None at that tick's end.

    For type checkers `Ref("Ship")` is any entity; write `target: Ref[Ship] = Ref("Ship")` to be precise. On the wire
    it is the entity's id, 0 for None. It cannot refer to a type that is kept in columns.

    Args:
        to: The class, `Ref(Ship)`, its name where it is defined later, `Ref("Ship")`, or None for any entity.
    """

    type_name = "ref"

    @overload
    def __init__(self: Ref[Any], to: str | None = None) -> None: ...
    @overload
    def __init__(self, to: type[E]) -> None: ...
    def __init__(self, to: Any = None) -> None:
        self.to = to
        self.default = None

    def bind(self, where: str) -> None:
        """Check that the target is an entity class or a name."""
        if self.to is not None and not isinstance(self.to, str) and not hasattr(self.to, "alive"):
            msg = f'{where}: name an Entity class, as Ref(Ship) or Ref("Ship"), not {self.to!r}'
            raise DeclarationError(msg)

    @property
    def target(self) -> str:
        """The name of the declared class, `"entity"` if there is none."""
        return self.to if isinstance(self.to, str) else getattr(self.to, "__name__", "entity")

    def accepts(self, value: object) -> bool:
        """Return True if an entity is of the declared class.

        Args:
            value: Any object.

        Returns:
            True for an instance of the class or of a subclass, and for everything where no class is declared.
        """
        return self.to is None or any(self.to in (cls, cls.__name__) for cls in type(value).__mro__)

    def code_in(self, value: Any, living: Mapping[int, object]) -> int:
        """Return the code of a reference.

        Args:
            value: An entity, or None.
            living: The entities of the room that are kept as objects, by id.

        Returns:
            The entity's id; 0 for None and for an entity that was despawned.

        Raises:
            ValueError: `value` is no entity of this room, or of another class than the declared one.
        """
        if value is None or getattr(value, "alive", None) is False:
            return 0
        code = getattr(value, "id", 0)
        if living.get(code) is not value or not self.accepts(value):
            msg = f"is {value!r}, which is no {self.target} of this room"
            raise ValueError(msg)
        return int(code)

    def encode(self, value: E | None) -> int:
        """Return the id, 0 for None and for an entity that is not in a room."""
        return int(getattr(value, "id", 0)) if getattr(value, "alive", False) else 0
