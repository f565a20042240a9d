"""What each person on a board has done, to undo it and to do it again.

An action is what undoing it needs: which strokes it added, and copies of those that it took away. Undoing one gives the
action that does it again, so both directions are the same step.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ACTIONS: Final = 100
"""How far back one may go."""


class RemovedStroke(NamedTuple):
    """A stroke that is not on the board now and may come back."""

    by: int
    mark: int
    order: int
    colour: str
    pen: int
    x: int
    y: int
    steps: list[int]
    widths: list[int]

    @property
    def size(self) -> int:
        """How many points it has."""
        return 1 + len(self.steps) // 2


@dataclass(slots=True)
class Action:
    """One thing that a person did: what one movement of the pen drew or erased."""

    gesture: int = 0
    """The page's number for the movement; 0: it is none."""
    added: list[int] = field(default_factory=list)
    """Strokes by their order."""
    removed: list[RemovedStroke] = field(default_factory=list)
    points: int = 0
    """How many the removed strokes have together."""

    def remove(self, stroke: RemovedStroke) -> None:
        """Note that a stroke was taken away."""
        self.removed.append(stroke)
        self.points += stroke.size


class History:
    """What one person can undo and do again."""

    def __init__(self) -> None:
        self._undo: deque[Action] = deque()
        self._redo: list[Action] = []
        self.points = 0
        """How many points are kept in case their strokes come back."""

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self._redo)

    def action(self, gesture: int) -> Action:
        """Return the action that a person is doing: the last one if it is of the same movement, else a new one.

        Args:
            gesture: The page's number for the movement, 0 for none.
        """
        self.points -= sum(action.points for action in self._redo)
        self._redo.clear()
        if not (gesture and self._undo and self._undo[-1].gesture == gesture):
            self._undo.append(Action(gesture))
            if len(self._undo) > MAX_ACTIONS:
                self.points -= self._undo.popleft().points
        return self._undo[-1]

    def remove(self, action: Action, stroke: RemovedStroke) -> None:
        """Note that an action of this history took a stroke away."""
        action.remove(stroke)
        self.points += stroke.size

    def last(self, *, again: bool) -> Action | None:
        """Return what would be undone next, or done again; None if there is nothing."""
        actions = self._redo if again else self._undo
        return actions[-1] if actions else None

    def drop(self, *, again: bool) -> None:
        """Forget what `last` returns."""
        self.points -= (self._redo if again else self._undo).pop().points

    def replace(self, inverse: Action, *, again: bool) -> None:
        """Put the inverse of what `last` returned on the other side; it was carried out."""
        self.drop(again=again)
        (self._undo if again else self._redo).append(inverse)
        self.points += inverse.points

    def forget_oldest(self) -> None:
        """Forget the action that is farthest away, to have its points back."""
        self.points -= (self._undo.popleft() if self._undo else self._redo.pop(0)).points


def forget_down_to(histories: Iterable[History], points: int) -> None:
    """Forget old actions, of whoever keeps the most, until no more than so many points are kept.

    Args:
        histories: Everybody's.
        points: How many may be kept together.
    """
    everyone = list(histories)
    while everyone and sum(history.points for history in everyone) > points:
        max(everyone, key=lambda history: history.points).forget_oldest()
