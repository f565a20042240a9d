"""What a client knows of the people in its room, and of the room itself, at the newest tick (protocol.md §4, `use`).

Pure. `client_demo/sdk/roster.js` is the twin. There a value is made when it has changed, for pages that compare what
they got before with what they get now; here it is made when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import Role
from gameserver.state.entity import PLAYERS, ROOM

if TYPE_CHECKING:
    from gameserver.sync.decode.view_state import ViewState


@dataclass(frozen=True, slots=True)
class Me:
    """Who a session is in its room.

    Args:
        number: The participant's number in the room.
        role: Player or spectator.
        name: As the room's roster has it; in a room without one, as it was sent with JOIN.
        avatar_id: The id of the entity that it steers; None while there is none.
        state: Its entry in the roster; None before the first state, and in a room without a roster.
    """

    number: int
    role: Role
    name: str
    avatar_id: int | None
    state: Any = None


def roster_of(view: ViewState) -> list[Any]:
    """Return the participants, in order of joining; nobody in a room without a roster."""
    index = view.schema.uses.get(PLAYERS)
    return [] if index is None else view.entities(view.schema.entities[index].cls)


def room_of(view: ViewState) -> Any:
    """Return what the room says of itself; None before the first state, and in a room that says nothing."""
    index = view.schema.uses.get(ROOM)
    found = [] if index is None else view.entities(view.schema.entities[index].cls)
    return found[0] if found else None


def entry_of(roster: list[Any], number: int, role: Role) -> Any:
    """Return the entry of a participant; None: there is none."""
    for entry in roster:
        # A room that shows a recording has the people of then, whose numbers may be the viewer's own.
        spectates = getattr(entry, "spectator", False)
        if getattr(entry, "number", None) == number and spectates is (role is Role.SPECTATOR):
            return entry
    return None


def changed(before: ViewState, view: ViewState, use: str) -> bool:
    """Return whether the entities of a use are to be reported: those of the first view, and any that differ."""
    index = view.schema.uses.get(use)
    if index is None:
        return False
    return before.tick == 0 or not before.tables[index].same(view.tables[index])
