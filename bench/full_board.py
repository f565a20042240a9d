"""A board with as many strokes as it must bear, and a hand of the room's own that goes on drawing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from gameserver.games.board import Board
from gameserver.games.board_strokes import COLOURS, HEIGHT, WIDTH, Draw

if TYPE_CHECKING:
    from collections.abc import Mapping

STROKES: Final = 5_000
POINTS: Final = 100
POINTS_A_TICK: Final = 3
"""Of the hand: 60 a second, as a mouse."""


class FullBoard(Board):
    """5,000 strokes of 100 points; from `hand` on, a stroke that grows, and then the next."""

    kind = "board"
    draws = True

    def on_create(self, options: Mapping[str, object]) -> None:
        super().on_create(options)
        for mark in range(1, STROKES + 1):
            points = self._line()
            stroke = self.sheet.begin(mark % 8 + 1000, self._draw_of(mark, points[:2]))
            self.sheet.extend(stroke, (points[0], points[1]), points[2:])
            stroke.done = True
        self._rest: list[int] = []
        self._mark = STROKES
        self.state.used = self.sheet.used

    def _draw_of(self, mark: int, points: list[int]) -> Draw:
        return Draw(mark, mark, COLOURS[mark % len(COLOURS)], 8 + 8 * (mark % 3), 0, points, done=False)

    def _line(self) -> list[int]:
        """The points of a stroke as hands draw them: a curve of steps of three to twelve pixels."""
        x, y = self.random.uniform(600, WIDTH - 600), self.random.uniform(600, HEIGHT - 600)
        way, turn = self.random.uniform(0, 2 * math.pi), self.random.uniform(-0.15, 0.15)
        points: list[int] = []
        for _ in range(POINTS):
            points += [round(max(0, min(WIDTH, x))), round(max(0, min(HEIGHT, y)))]
            way += turn + self.random.uniform(-0.1, 0.1)
            step = self.random.uniform(12, 48)
            x, y = x + step * math.cos(way), y + step * math.sin(way)
        return points

    def on_tick(self) -> None:
        super().on_tick()
        if not self.draws:
            return
        if not self._rest:
            self._mark += 1
            self._rest = self._line()
            self._stroke = self.sheet.begin(999, self._draw_of(self._mark, self._rest[:2]))
            self._last, self._rest = (self._rest[0], self._rest[1]), self._rest[2:]
        points, self._rest = self._rest[: 2 * POINTS_A_TICK], self._rest[2 * POINTS_A_TICK :]
        self.sheet.extend(self._stroke, self._last, points)
        self._last = (points[-2], points[-1])
        self._stroke.done = not self._rest


class RestingBoard(FullBoard):
    """The same, and nobody draws."""

    draws = False
