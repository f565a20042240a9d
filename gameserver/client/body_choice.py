"""Which bodies are predicted: the nearest ones within reach of the avatar, and those that are still drawn on their way
back into the past.

Pure. Bounded: what is farthest is given up first. `client_demo/sdk/body_choice.js` is the twin, and a test compares the
two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.state.touch import MAX_BODIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gameserver.client.body import Body, BodyKind
    from gameserver.sync.decode.view_state import ViewState

MAX_BODY_TICKS = 1024
"""Bodies times ticks that a state may have run again: 32 bodies at half a second and 60 ticks a second."""
LEAVE_FACTOR = 1.1
"""A body within reach stays until it is farther than the reach by this factor."""


def choose_bodies(
    kinds: Sequence[BodyKind],
    view: ViewState,
    own_id: int,
    place: tuple[float, float],
    reach: float,
    bodies: Mapping[int, Body],
    ticks: int,
) -> set[int]:
    """Choose the bodies to predict, and note which of those that are predicted now are leaving.

    Args:
        kinds: The types of the predicted world.
        view: The newest state.
        own_id: The avatar's id, which is none of them.
        place: Where the avatar is.
        reach: How far away bodies are predicted.
        bodies: Those that are predicted now, by id.
        ticks: How many ticks each is to be run.

    Returns:
        Ids.
    """
    limit = min(MAX_BODIES, MAX_BODY_TICKS // max(1, ticks))
    near: list[tuple[float, int]] = []
    known: list[tuple[float, int]] = []
    for kind in kinds:
        table = view.tables[kind.index]
        for entity_id, distance in zip(table.ids.tolist(), kind.distances(table, *place), strict=True):
            if entity_id == own_id:
                continue
            body = bodies.get(entity_id)
            if distance < (reach if body is None or body.leaving else reach * LEAVE_FACTOR):
                near.append((distance, entity_id))
            if body is not None and body.share > 0.0:
                known.append((distance, entity_id))
    chosen = {entity_id for _, entity_id in sorted(near)[:limit]}
    for entity_id, body in bodies.items():
        body.leaving = entity_id not in chosen
    leaving = sorted([one for one in known if one[1] not in chosen])[:limit]
    return chosen | {entity_id for _, entity_id in leaving}
