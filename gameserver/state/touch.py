"""`Touch`: what a room declares of the bodies near an avatar that clients predict as they predict the avatar, and the
order in which server and clients run the rules of such bodies.

Both run `run_world`, each on its own bodies; `client_demo/sdk/predicted_world.js` has the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gameserver.shared_step.errors import SharedStepError
from gameserver.shared_step.translate import touches
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError

BodyStep: TypeAlias = Callable[[Any, float], object]
Contact: TypeAlias = Callable[[Any, Any, float], object]

MAX_SHOWS_S = 2.0
"""Controls that old say nothing of what a player does now."""

MAX_BODIES = 32
"""Bodies that a client predicts at most: every pair of them may touch."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A room's `predict_world`: clients predict the bodies near their avatar too, so that what it touches answers at
    once.

    Args:
        reach: Bodies nearer to the avatar than this are predicted. Choose at least the way that two bodies approach
            each other in half a second.
        steps: What moves a type by one tick: a `@shared` function (body, dt), or None for what stands still. A type
            that only `contacts` name is one that players steer: `predict` moves it, with the controls that its fields
            of `shows` hold.
        contacts: `@shared` functions (one, other, dt) for two bodies of these types, which may change both.
        shows: Names of inputs that others may know, each also a field of the steered types with the same range.
            The server keeps them there, and clients go on with them.
        shows_s: For how long after the newest state clients believe that others' controls are still those; then they
            drift, with neutral ones.
        snap: An error of the prediction beyond it is not eased out; None: half of `reach`.
        place: The names of the two fields that hold a body's position.
    """

    reach: float
    steps: Mapping[type[Entity], BodyStep | None] = field(default_factory=dict)
    contacts: Sequence[tuple[type[Entity], type[Entity], Contact]] = ()
    shows: Sequence[str] = ()
    shows_s: float = 0.25
    snap: float | None = None
    place: tuple[str, str] = ("x", "y")

    def __post_init__(self) -> None:
        """Check the declaration.

        Raises:
            DeclarationError: Says which part cannot work, and what to write.
        """
        for name, value in (("reach", self.reach), ("snap", 1.0 if self.snap is None else self.snap)):
            if not _is_number(value) or not 0.0 < value < math.inf:
                raise DeclarationError(f"Touch: {name} is {value!r}; write a distance above 0")
        if not _is_number(self.shows_s) or not 0.0 <= self.shows_s <= MAX_SHOWS_S:
            raise DeclarationError(f"Touch: shows_s is {self.shows_s!r}; write 0 to {MAX_SHOWS_S:g} seconds")
        if isinstance(self.shows, str) or not all(isinstance(name, str) for name in self.shows):
            raise DeclarationError(f'Touch: shows is {self.shows!r}; write names of inputs, such as ("dx", "dy")')
        if not isinstance(self.place, tuple) or len(self.place) != 2:
            raise DeclarationError(f'Touch: place is {self.place!r}; write the names of two fields, such as ("x", "y")')
        self._check_steps()
        self._check_contacts()
        if not self.types:
            raise DeclarationError(
                "Touch: no type is named; write steps={Ball: roll}, or contacts=[(Ship, Ball, kick)]"
            )

    def _check_steps(self) -> None:
        if not isinstance(self.steps, Mapping):
            raise DeclarationError(f"Touch: steps is {self.steps!r}; write a dict, such as {{Ball: roll}}")
        for cls, step in self.steps.items():
            _check_class("steps", cls)
            if step is not None:
                _check_function(f"steps[{cls.__name__}]", step, "body, dt")

    def _check_contacts(self) -> None:
        for item in self.contacts:
            if not isinstance(item, tuple) or len(item) != 3:
                raise DeclarationError(f"Touch: contacts has {item!r}; write a tuple, such as (Ship, Ball, kick)")
            one, other, contact = item
            _check_class("contacts", one)
            _check_class("contacts", other)
            _check_function(f"the contact of {one.__name__} and {other.__name__}", contact, "one, other, dt")

    @property
    def types(self) -> tuple[type[Entity], ...]:
        """Every type of the predicted world: those of `steps` as declared, then those that only `contacts` name."""
        named = [cls for one, other, _ in self.contacts for cls in (one, other)]
        return tuple(dict.fromkeys([*self.steps, *named]))

    @property
    def steered(self) -> tuple[type[Entity], ...]:
        """The types that players steer."""
        return tuple([cls for cls in self.types if cls not in self.steps])

    @property
    def snap_distance(self) -> float:
        """An error beyond it is not eased out."""
        return self.reach / 2 if self.snap is None else self.snap


def run_world(
    touch: Touch, bodies: Mapping[str, Sequence[Any]], dt: float, watched: Callable[[Contact], Contact] | None = None
) -> None:
    """Run steps and contacts of one tick, after every steered body has been moved.

    Args:
        touch: The room's declaration.
        bodies: Those of each type, by the type's name, ascending by id.
        dt: In seconds.
        watched: Returns what runs in place of a contact, for a look at what it changes; None: nobody looks.
    """
    for cls, step in touch.steps.items():
        if step is not None:
            for body in bodies[cls.__name__]:
                step(body, dt)
    for first, second, contact in touch.contacts:
        ones, others = bodies[first.__name__], bodies[second.__name__]
        contact = contact if watched is None else watched(contact)
        for place, one in enumerate(ones):
            for other in ones[place + 1 :] if first is second else others:
                contact(one, other, dt)


def nearest_bodies(touch: Touch, avatar: Any, bodies: Iterable[Any]) -> list[int]:
    """Return which bodies a client predicts: the nearest ones within reach of its avatar.

    Args:
        touch: The room's declaration.
        avatar: The client's.
        bodies: All of the predicted world; the avatar may be among them.

    Returns:
        Their ids, nearest first.
    """
    place_x, place_y = touch.place
    x, y = getattr(avatar, place_x), getattr(avatar, place_y)
    near = []
    for body in bodies:
        distance = math.hypot(getattr(body, place_x) - x, getattr(body, place_y) - y)
        if distance < touch.reach and body.id != avatar.id:
            near.append((distance, body.id))
    return [body_id for _, body_id in sorted(near)[:MAX_BODIES]]


def _check_class(where: str, cls: object) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Entity)) or cls is Entity:
        raise DeclarationError(f"Touch: {where} names {cls!r}; write an Entity class")


def _check_function(where: str, function: Callable[..., object], wanted: str) -> None:
    if not callable(function):
        raise DeclarationError(f"Touch: {where} is {function!r}; write a @shared function ({wanted})")
    try:
        count = len(touches(function))
    except SharedStepError as error:
        raise DeclarationError(f"Touch: {where}: {error}") from None
    if count != len(wanted.split(", ")):
        name = getattr(function, "__name__", repr(function))
        raise DeclarationError(f"Touch: {where}: {name} takes {count} arguments; write {wanted}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
