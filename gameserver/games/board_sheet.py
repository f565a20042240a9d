"""The strokes that are on a board now, and how many there are of whom."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

from gameserver.games.board_history import RemovedStroke
from gameserver.games.board_strokes import MAX_PERSON_POINTS, MAX_PERSON_STROKES, MAX_POINTS, MAX_STROKES, Draw, Stroke

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gameserver import Room

FULL = "The board is full: erase something first."
RETURN_COST_A_TICK: Final = 40_000
"""How much of what was taken away comes back in one tick: a point costs one, a stroke as much as 100 points besides.
At 20 ticks a second a full board is back after 1.3 s, and no tick of it takes longer than its time."""
STROKE_COST: Final = 100
TOO_MUCH_DRAWN = "You have drawn as much as one person may: erase something first."


class Sheet:
    """The strokes of one board, by their order.

    Args:
        room: Whose entities they are.
    """

    def __init__(self, room: Room[Any]) -> None:
        self._room = room
        self._strokes: dict[int, Stroke] = {}
        self._next_order = 1
        self._points = 0
        self._strokes_by: Counter[int] = Counter()
        self._points_by: Counter[int] = Counter()
        self._returning: deque[RemovedStroke] = deque()

    def __len__(self) -> int:
        """Return how many strokes are on the board, those on their way back included."""
        return len(self._strokes) + len(self._returning)

    def get(self, order: int) -> Stroke | None:
        """Return a stroke, None if it is not on the board."""
        return self._strokes.get(order)

    def all(self) -> list[Stroke]:
        """Return all strokes."""
        return list(self._strokes.values())

    @property
    def used(self) -> int:
        """How full the board is, in per cent, rounded up."""
        return max(-(-100 * len(self) // MAX_STROKES), -(-100 * self._points // MAX_POINTS))

    def why_not(self, by: int, strokes: int, points: int) -> str | None:
        """Say why so much more of one person has no place; None: it has.

        Args:
            by: The person's number.
            strokes: How many more strokes.
            points: How many more points.
        """
        if len(self) + strokes > MAX_STROKES or self._points + points > MAX_POINTS:
            return FULL
        if self._strokes_by[by] + strokes > MAX_PERSON_STROKES or self._points_by[by] + points > MAX_PERSON_POINTS:
            return TOO_MUCH_DRAWN
        return None

    def begin(self, by: int, draw: Draw) -> Stroke:
        """Put a stroke of one point on the board, the first of a message.

        Args:
            by: Who draws.
            draw: The message.
        """
        x, y = draw.points[:2]
        widths = list(draw.widths[:1])
        stroke = RemovedStroke(by, draw.mark, self._next_order, draw.colour, draw.pen, x, y, [], widths)
        self._next_order += 1
        self._count(by, 1, 1)
        return self._put(stroke, done=False)

    def extend(self, stroke: Stroke, last: tuple[int, int], points: Sequence[int], widths: Sequence[int] = ()) -> None:
        """Add points to a stroke.

        Args:
            stroke: One that is on the board.
            last: Its last point.
            points: Across, down, across, down, …
            widths: How thick it is at each of them; empty: as its pen. A stroke that began without has none.
        """
        befores = [*last, *points[:-2]]
        stroke.steps.extend([place - before for place, before in zip(points, befores, strict=True)])
        if stroke.widths:
            stroke.widths.extend(widths or [stroke.pen] * (len(points) // 2))
        self._count(stroke.by, 0, len(points) // 2)

    def remove(self, stroke: Stroke) -> RemovedStroke:
        """Take a stroke away.

        Returns:
            What `restore` needs.
        """
        del self._strokes[stroke.order]
        self._count(stroke.by, -1, -stroke.size)
        self._room.despawn(stroke)
        return RemovedStroke(
            stroke.by,
            stroke.mark,
            stroke.order,
            stroke.colour,
            stroke.pen,
            stroke.x,
            stroke.y,
            list(stroke.steps),
            list(stroke.widths),
        )

    def restore(self, strokes: Iterable[RemovedStroke]) -> None:
        """Put strokes back to where they lay: a few at once, many over the next ticks. Their places are taken now."""
        for stroke in strokes:
            self._returning.append(stroke)
            self._count(stroke.by, 1, stroke.size)
        self.return_some()

    @property
    def is_returning(self) -> bool:
        """Whether strokes are still on their way back."""
        return bool(self._returning)

    def return_some(self) -> None:
        """Put back as many of the strokes that are on their way as one tick bears."""
        left = RETURN_COST_A_TICK
        while self._returning and left > 0:
            stroke = self._returning.popleft()
            left -= stroke.size + STROKE_COST
            self._put(stroke, done=True)

    def has_room_for(self, strokes: Iterable[RemovedStroke]) -> bool:
        """Whether strokes that were taken away have a place again."""
        removed = list(strokes)
        points = sum(stroke.size for stroke in removed)
        return len(self) + len(removed) <= MAX_STROKES and self._points + points <= MAX_POINTS

    def _put(self, stroke: RemovedStroke, *, done: bool) -> Stroke:
        put = self._room.spawn(Stroke, done=done, **stroke._asdict())
        self._strokes[put.order] = put
        return put

    def _count(self, by: int, strokes: int, points: int) -> None:
        self._points += points
        for counter, change in ((self._strokes_by, strokes), (self._points_by, points)):
            counter[by] += change
            if not counter[by]:
                del counter[by]
