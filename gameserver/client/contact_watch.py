"""Sees which contacts of a predicted tick have changed a body, so that a program can show a hit when and where it is
predicted.

Pure. A contact function checks the distance itself, so that it ran says nothing: the numeric fields of both bodies are
compared with what they were before. `client_demo/sdk/contact_watch.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gameserver.state.entity import Entity
    from gameserver.state.touch import Contact


class SeenContact(NamedTuple):
    """A contact that has changed a body; copies, which are not changed later."""

    one: Any
    """As the contact has left it."""
    other: Any
    one_before: Any
    """As it was when the contact began."""
    other_before: Any


class ContactWatch:
    """The contacts of one tick.

    Attributes:
        seen: Those that have changed a body, in order.
    """

    def __init__(self) -> None:
        self.seen: list[SeenContact] = []

    def watched(self, contact: Contact) -> Contact:
        """Return a function that runs a contact, and notes it if it has changed one of the two."""

        def run(one: Entity, other: Entity, dt: float) -> None:
            one_before, other_before = _copy(one), _copy(other)
            contact(one, other, dt)
            if _differ(one, one_before) or _differ(other, other_before):
                self.seen.append(SeenContact(_copy(one), _copy(other), one_before, other_before))

        return run


def _copy(entity: Entity) -> Any:
    copy = object.__new__(type(entity))
    vars(copy).update(vars(entity))
    return copy


def _differ(entity: Entity, before: Entity) -> bool:
    return any(getattr(entity, name) != getattr(before, name) for name in type(entity).entity_type.numeric)
