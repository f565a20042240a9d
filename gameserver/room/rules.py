"""What the engine needs to run an author's code: what it may raise, what clients learn of that, and contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.room.player import Player
    from gameserver.state.world import World

TICK_RAISES = BaseException
"""What a tick may raise, in an author's code or in the server's own: it ends the room and nothing else. `sys.exit()` in
a rule ends its room, not the process, and so does asyncio's CancelledError. A tick never waits, so trio cancels nothing
here. A Ctrl-C never arrives as a KeyboardInterrupt here, since the server receives
signals in a task of its own."""


def failure_reason(error: BaseException) -> str:
    """The close reason for a room whose code raised: the error's class for developers, and not its text, which may hold
    anything."""
    return f"the room's code raised {type(error).__name__}; the server has logged where"


def run_contacts(
    contact: Callable[[Any, Any, float], object], world: World, players: Iterable[Player], dt: float
) -> None:
    """Call `contact(me, other, dt)` for every avatar and every other entity of its type.

    Clients run the same for their own avatar, so the order is fixed: avatars in order of their players' joining, others
    in order of id. `me` is changed at once; every `other` is a copy from before the first contact of this tick, so the
    result does not depend on which of two avatars comes first.
    """
    avatars = [player.avatar for player in players if player.avatar is not None and player.avatar.alive]
    types = {me.entity_type.cls for me in avatars}  # an avatar's own class is another one while it rests
    others = {cls: list(map(cls.entity_type.copy, world.entities(cls))) for cls in types}
    for me in avatars:
        for other in others[me.entity_type.cls]:
            if other.id != me.id:
                contact(me, other, dt)
