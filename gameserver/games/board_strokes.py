"""What is on a board, and what its clients may send: the entities, the limits, and the checks of messages.

A place is a pair of whole units; at 100 % a page shows four of them in a pixel. A stroke has its first point, and for
each further one how far it is from the point before: small numbers take one byte on the wire. One that was drawn with a
pen that feels pressure also has how thick it is at each point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gameserver import Choice, Entity, Flag, Inputs, Int, List, PlayerState, RoomState

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 16_384
HEIGHT: Final = 10_240
COLOURS: Final = ("black", "blue", "sky", "green", "orange", "red", "purple", "grey")
"""Those of Okabe and Ito, which colour-blind people can distinguish, without yellow, which is too light for paper."""
MIN_PEN: Final = 4
MAX_PEN: Final = 255

MAX_STROKE_POINTS: Final = 500
MAX_MESSAGE_POINTS: Final = 200
"""A message has at most 512 values."""
MAX_MESSAGE_STROKES: Final = 400
MAX_STROKES: Final = 6_000
MAX_POINTS: Final = 600_000
MAX_PERSON_STROKES: Final = 5_000
"""Less than the board holds: nobody fills it alone."""
MAX_PERSON_POINTS: Final = 500_000
MAX_MARK: Final = 1_000_000_000


class Stroke(Entity, rests=True):
    by = Int(0)
    """The number of who drew it; numbers are never used twice."""
    mark = Int(0)
    """The number that the page of who drew it gave it."""
    order = Int(0)
    """What has a higher one lies above. It names the stroke for as long as the board is there, also when it was taken
    away and came back."""
    colour = Choice(*COLOURS)
    pen = Int(MIN_PEN, MAX_PEN)
    """How thick, in units."""
    done = Flag()
    """Nothing is added to it any more."""
    x = Int(0, WIDTH)
    y = Int(0, HEIGHT)
    steps = List(Int(-WIDTH, WIDTH), max_items=2 * (MAX_STROKE_POINTS - 1))
    """From each point to the next: across, down, across, down, …"""
    widths = List(Int(MIN_PEN, MAX_PEN), max_items=MAX_STROKE_POINTS)
    """How thick it is at each point, in units; empty: as its pen everywhere."""

    @property
    def size(self) -> int:
        """How many points it has."""
        return 1 + len(self.steps) // 2


class Cursor(Entity):
    x = Int(0, WIDTH)
    y = Int(0, HEIGHT)
    shown = Flag()


class Pointer(Inputs):
    """Where a page's pointer is. Neutral controls hide the cursor of who is away."""

    x = Int(0, WIDTH)
    y = Int(0, HEIGHT)
    shown = Flag()


class Person(PlayerState):
    host = Flag()
    """May erase everything. It is the first who came, of those who are still here."""
    mark = Int(0)
    """The newest of its strokes that the board has begun or refused. With the next two it says to its page what has
    arrived."""
    taken = Int(0)
    """How many points of that stroke have arrived."""
    drawing = Flag()
    """More points of that stroke may come."""
    can_undo = Flag()
    can_redo = Flag()


class BoardState(RoomState):
    everyone_erases = Flag()
    """All may erase what others drew, and clear the board."""
    used = Int(0, 100)
    """How full the board is, in per cent."""


class BadMessage(ValueError):
    """A message that no page sends. Its text names the field."""


class Draw(NamedTuple):
    """Points of a stroke."""

    mark: int
    gesture: int
    colour: str
    pen: int
    at: int
    """How many points of the stroke were sent before these."""
    points: list[int]
    """Across, down, across, down, …"""
    done: bool
    widths: Sequence[int] = ()
    """How thick the stroke is at each of the points; empty: as its pen."""


class Erase(NamedTuple):
    """Strokes to take away, by their order."""

    gesture: int
    orders: list[int]


def read_draw(payload: Any) -> Draw:
    """Check a message `draw`.

    Raises:
        BadMessage: A field is missing or not right.
    """
    fields = _fields(payload)
    colour, points, done = fields.get("colour"), fields.get("points"), fields.get("done")
    if not isinstance(colour, str) or colour not in COLOURS:
        raise BadMessage(f"colour is none of {', '.join(COLOURS)}")
    if not isinstance(points, list) or len(points) % 2 or len(points) > 2 * MAX_MESSAGE_POINTS:
        raise BadMessage(f"points is no list of at most {MAX_MESSAGE_POINTS} pairs")
    for index, place in enumerate(points):
        if type(place) is not int or not 0 <= place <= (HEIGHT if index % 2 else WIDTH):
            raise BadMessage(f"points[{index}] is no whole number on the board")
    if type(done) is not bool:
        raise BadMessage("done is neither true nor false")
    widths = fields.get("widths", [])
    if not isinstance(widths, list) or len(widths) not in (0, len(points) // 2):
        raise BadMessage("widths is no list of one number for each point")
    if any(type(width) is not int or not MIN_PEN <= width <= MAX_PEN for width in widths):
        raise BadMessage(f"widths has an item that is no whole number from {MIN_PEN} to {MAX_PEN}")
    return Draw(
        mark=_number(fields, "mark", 1, MAX_MARK),
        gesture=_number(fields, "gesture", 0, MAX_MARK),
        colour=colour,
        pen=_number(fields, "pen", MIN_PEN, MAX_PEN),
        at=_number(fields, "at", 0, MAX_MARK),
        points=points,
        done=done,
        widths=widths,
    )


def read_erase(payload: Any) -> Erase:
    """Check a message `erase`.

    Raises:
        BadMessage: A field is missing or not right.
    """
    fields = _fields(payload)
    orders = fields.get("strokes")
    if not isinstance(orders, list) or len(orders) > MAX_MESSAGE_STROKES:
        raise BadMessage(f"strokes is no list of at most {MAX_MESSAGE_STROKES} numbers")
    if any(type(order) is not int for order in orders):
        raise BadMessage("strokes has an item that is no whole number")
    return Erase(_number(fields, "gesture", 0, MAX_MARK), list(dict.fromkeys(orders)))


def _fields(payload: Any) -> dict[Any, Any]:
    if not isinstance(payload, dict):
        raise BadMessage("the message is no map")
    return payload


def _number(fields: dict[Any, Any], name: str, low: int, high: int) -> int:
    value = fields.get(name)
    if type(value) is not int or not low <= value <= high:
        raise BadMessage(f"{name} is no whole number from {low} to {high}")
    return value
