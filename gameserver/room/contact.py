"""What avatars do to each other when they meet: a room's `predict_contact`, run once a tick after everyone's input.

The order is stated because clients run the same for their own avatar: each avatar in order of its player's joining,
against each other entity of its type in order of id. `me` is changed at once; every `other` is as it was before any
contact of this tick, so that it matters to neither of two who came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.room.player import Player
    from gameserver.state.world import World


def run_contacts(
    contact: Callable[[Any, Any, float], object], world: World, players: Iterable[Player], dt: float
) -> None:
    """Call `contact(me, other, dt)` for every avatar and every other entity of its type."""
    avatars = [player.avatar for player in players if player.avatar is not None and player.avatar.alive]
    others = {cls: list(map(cls.entity_type.copy, world.entities(cls))) for cls in {type(me) for me in avatars}}
    for me in avatars:
        for other in others[type(me)]:
            if other.id != me.id:
                contact(me, other, dt)
