"""What `render` returns: a simple picture of what has `x` and `y`, or a line of text for each entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gameserver.protocol.constants import MAX_CODE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema
    from gameserver.sync.decode.view_state import ViewState

    Pixels = NDArray[np.uint8]

SIZE_PX: Final = 480
BORDER_PX: Final = 16
RADIUS_PX: Final = 7
RING_PX: Final = 3
BACKGROUND: Final = (18, 22, 32)
RING_COLOUR: Final = (255, 255, 255)
TYPE_COLOURS: Final = ((86, 156, 255), (255, 159, 64), (92, 214, 150), (240, 98, 146), (186, 140, 255), (255, 214, 90))
"""Of the entity types, in order of the schema, again from the start when there are more."""


class Picture:
    """Draws views of one room: a disc for each entity, and a ring around the own avatar.

    The picture shows the declared range of `x` and `y`. Where they have none, it shows what has been seen so far, so
    that entities move in it and it does not move with them.

    Args:
        schema: The room's.
    """

    def __init__(self, schema: Schema) -> None:
        self._places: dict[int, tuple[int, int]] = {}
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)
        for index, entity_type in enumerate(schema.entities):
            names = list(entity_type.numeric)
            if {"x", "y"} <= set(names):
                self._places[index] = names.index("x"), names.index("y")
                self._include_range(entity_type, self._places[index])

    def _include_range(self, entity_type: EntityType, place: tuple[int, int]) -> None:
        lo, hi = entity_type.lo[list(place)], entity_type.hi[list(place)]
        if np.abs([lo, hi]).max() < MAX_CODE:
            step = entity_type.step[list(place)]
            self._include(np.hstack([lo * step, hi * step]))

    def _include(self, places: NDArray[np.float64]) -> None:
        """Show these places too, shape (2, places)."""
        self._low = np.minimum(self._low, places.min(axis=1))
        self._high = np.maximum(self._high, places.max(axis=1))

    def draw(self, view: ViewState, avatar_id: int | None) -> Pixels:
        """Return a picture.

        Args:
            view: What is drawn.
            avatar_id: What has a ring; None: nothing.

        Returns:
            Red, green and blue, shape (SIZE_PX, SIZE_PX, 3); y grows downwards, as on a page.
        """
        pixels: Pixels = np.full((SIZE_PX, SIZE_PX, 3), BACKGROUND, np.uint8)
        found = [(index, places) for index in self._places if (places := self._of(view, index)).size]
        for _, places in found:
            self._include(places)
        for index, places in found:
            ids = view.tables[index].ids.tolist()
            for entity_id, (column, row) in zip(ids, self._to_pixels(places), strict=True):
                if entity_id == avatar_id:
                    _draw_disc(pixels, column, row, RADIUS_PX + RING_PX, RING_COLOUR)
                _draw_disc(pixels, column, row, RADIUS_PX, TYPE_COLOURS[index % len(TYPE_COLOURS)])
        return pixels

    def _of(self, view: ViewState, index: int) -> NDArray[np.float64]:
        place = list(self._places[index])
        places: Any = view.tables[index].codes[place] * view.schema.entities[index].step[place]
        return np.asarray(places, np.float64)

    def _to_pixels(self, places: NDArray[np.float64]) -> list[list[int]]:
        """Return column and row of each place. Both axes have the same scale."""
        span = max(float((self._high - self._low).max()), 1e-9)
        middle = (self._low + self._high) / 2
        scaled = (places.T - middle) * ((SIZE_PX - 2 * BORDER_PX) / span) + SIZE_PX / 2
        rounded: list[list[int]] = np.rint(scaled).astype(np.int64).tolist()
        return rounded


def _draw_disc(pixels: Pixels, column: int, row: int, radius: int, colour: tuple[int, int, int]) -> None:
    top, left = max(0, row - radius), max(0, column - radius)
    part = pixels[top : row + radius + 1, left : column + radius + 1]
    rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    part[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = colour


def describe(view: ViewState) -> str:
    """Return a view as text: the tick, then one line per entity."""
    return "\n".join([f"tick {view.tick}", *[repr(entity) for entity in view]])
