"""How an entity of a type that rests (`class Wall(Entity, rests=True)`) is found again as soon as anything may change.

While an entity rests it has another class, a subclass of its own, in which each field is a descriptor: what writes the
field, or reads a list, wakes the entity first. Awake it has its own class again, so rules write to it at full speed.

A list may be changed by whoever holds it. So an entity rests only while nothing but the entity holds its lists: the
way to them then leads through the descriptors.
"""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any, Final, Protocol

from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STORE: Final = "_gameserver_store"
"""The attribute under which an entity that has rested keeps what is notified when it wakes."""


_DICTS: Final[dict[type[Any], Any]] = {}
"""By the class of entities at rest, the descriptor of their attributes that wakes nothing."""


class Wakes(Protocol):
    """Keeps entities, and learns which of them are awake again."""

    def note_awake(self, entity: Any) -> None:
        """Take note of an entity that has just woken; nothing is changed yet."""


class _Blank:
    """Has the layout of an entity. A class made from it can get other bases without running `__init_subclass__`."""


class _WakingField:
    """A field of an entity at rest whose value cannot be changed in place. Reading it is reading the attribute."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __set__(self, entity: Any, value: object) -> None:
        wake(entity)
        object.__setattr__(entity, self._name, value)

    def __delete__(self, entity: Any) -> None:
        wake(entity)
        object.__delattr__(entity, self._name)


class _WakingList(_WakingField):
    """A field of an entity at rest whose value can be changed in place by whoever has read it."""

    __slots__ = ()

    def __get__(self, entity: Any, owner: type) -> object:
        if entity is None:
            return self
        wake(entity)
        return object.__getattribute__(entity, self._name)


def resting_class(cls: type, fields: Iterable[str], lists: Iterable[str]) -> type:
    """Return the class of the entities of `cls` that rest.

    Args:
        cls: A class of entities.
        fields: The names of its fields.
        lists: The names of those that hold lists.

    Raises:
        DeclarationError: Instances of `cls` have another layout than entities usually have.
    """
    waking: dict[str, Any] = {name: _WakingField(name) for name in fields}
    waking.update({name: _WakingList(name) for name in (*lists, "__dict__")})
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__, "__slots__": ()}
    made = type.__new__(type(cls), cls.__name__, (_Blank,), {**names, **waking})
    try:
        made.__bases__ = (cls,)
    except TypeError:
        msg = f"{cls.__name__}: cannot rest, since it or a base has __slots__; leave them out, or rests=True"
        raise DeclarationError(msg) from None
    return made


def wake(entity: Any) -> None:
    """Give an entity at rest its own class back, and notify what keeps it."""
    object.__setattr__(entity, "__class__", entity.entity_type.cls)
    store: Wakes | None = getattr(entity, STORE, None)
    if store is not None:
        store.note_awake(entity)


def attributes_at_rest(entity: Any) -> Mapping[str, object]:
    """Return all attributes of an entity that rests, without waking it; whoever gets them changes and keeps no list."""
    at_rest = type(entity)
    if at_rest not in _DICTS:
        _DICTS[at_rest] = next(vars(cls)["__dict__"] for cls in at_rest.__mro__[1:] if "__dict__" in vars(cls))
    attributes: Mapping[str, object] = _DICTS[at_rest].__get__(entity)
    return attributes


def put_to_rest(entity: Any, at_rest: type, store: Wakes) -> None:
    """Give an entity the class of entities at rest.

    Args:
        entity: An entity whose lists nothing else holds.
        at_rest: The class.
        store: What is notified when it wakes.
    """
    if getattr(entity, STORE, None) is not store:
        # A dict of its own: with the one that the interpreter makes for an instance whose class changes, up to Python
        # 3.12, every later access to its attributes takes several times as long.
        object.__setattr__(entity, "__dict__", {**vars(entity), STORE: store})
    object.__setattr__(entity, "__class__", at_rest)


def release(entity: Any) -> None:
    """Make an entity that leaves the room forget what kept it."""
    attributes: Mapping[str, object] = vars(entity) if hasattr(entity, STORE) else {}
    if STORE in attributes:
        object.__delattr__(entity, STORE)


def holds_alone(entity: Any, names: Iterable[str]) -> bool:
    """Return whether nothing but the entity holds its lists.

    Args:
        entity: An entity that is awake.
        names: Of its fields that hold lists.
    """
    return all(type(getattr(entity, name)) is list and _references(entity, name) == ALONE for name in names)


def _references(entity: Any, name: str) -> int:
    """Return how many references there are to an attribute's value, that of this call included."""
    return getrefcount(getattr(entity, name))


def _references_to_one() -> int:
    """Return what `_references` gives for a value that only its object holds, on this interpreter."""
    probe = _Blank()
    probe.value = []  # type: ignore[attr-defined]  # an attribute of the probe alone
    return _references(probe, "value")


ALONE: Final = _references_to_one()
