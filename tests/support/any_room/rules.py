"""A room whose rules do anything: what is planned for a tick is done in its `on_tick`, by functions with seeds."""

from __future__ import annotations

import random
import types
from typing import TYPE_CHECKING, Any, cast

from gameserver.room.player_views import Near
from gameserver.state.fields import Ref
from tests.support.any_room.base import BaseRoom, C, emit, object_types, spawn_one
from tests.support.any_room.edits import EDITS, change_rates, drift, random_edit, settle
from tests.support.any_room.schemas import make_inputs, make_types
from tests.support.any_room.truth import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gameserver.room.player import Player
    from gameserver.state.entity import Entity
    from gameserver.state.table import Table


class AnyRoom(BaseRoom[C]):
    """Does what is planned, and checks what `rewind` shows against what was."""

    def on_join(self, player: Player) -> None:
        dice = random.Random(player.number)
        if dice.random() < 0.8:
            player.avatar = spawn_one(self, dice.choice(object_types(self)), dice, owner=player)
        if self.still_since is not None:
            settle(self, dice)

    def on_input(self, player: Player, controls: C) -> None:
        if self.still_since is None and player.avatar is not None and player.avatar.alive:
            random_edit(self, player.avatar, random.Random(repr(controls)), 1)
        if (self.tick + player.number) % 5 == 0:
            check_rewind(self, player)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        emit(self, "echo", [name, payload], {player.number})

    def on_suspend(self, player: Player) -> None:
        engine: Any = self._context
        session = engine.seats.sessions[player.number]
        self.lost[player.number] = session.lost_at_s, session.going_away
        emit(self, "suspended", player.number)

    def on_resume(self, player: Player) -> None:
        del self.lost[player.number]
        emit(self, "resumed", player.number)

    def on_leave(self, player: Player) -> None:
        emit(self, "left", player.number)

    def on_tick(self) -> None:
        plan, self.plan = self.plan, []
        for name, seed in plan:
            EDITS[name](self, random.Random(seed))
        if self.restless:
            change_rates(self, random.Random(self.tick), self.restless)
        if self.drifting:
            drift(self)


def narrow_view(
    self: AnyRoom[Any], players: Sequence[Player], _: type[Entity], table: Table, mask: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Hide some entities from some players for some time, and show others from afar."""
    narrowed = mask.copy()
    for row, player in enumerate(players):
        narrowed[row] = [
            is_visible(self, player.number, i, near)
            for i, near in zip(table.ids.tolist(), mask[row].tolist(), strict=True)
        ]
    return narrowed


def is_visible(room: AnyRoom[Any], number: int, entity_id: int, near: bool) -> bool:
    """Return what `narrow_view` makes of one entity for one player."""
    narrow = room.game["narrow"]
    tick = room.tick if room.still_since is None else room.still_since
    chance = (entity_id * 40_503 + number * 9_973 + tick // narrow["period"] * 7_919) % 1009 / 1009
    return near if chance >= narrow["share"] else narrow["shows"]


def build_room(game: dict[str, Any]) -> type[AnyRoom[Any]]:
    """Return the room class of a game."""
    entity_types = make_types(game["types"])
    by_name = {cls.__name__: cls for cls in entity_types}
    near = game["interest"]
    body: dict[str, Any] = {
        "game": game,
        "kind": "any",
        "entities": entity_types,
        **{key: game[key] for key in ("tick_hz", "snapshot_hz", "max_rewind_s", "resume_grace_s")},
        "max_players": 4,
        "max_spectators": 2,
    }
    if near is not None:
        types_by_class = {by_name[name]: radius for name, radius in near["types"].items() if name in by_name}
        tiers = {float(distance): every for distance, every in near["tiers"].items()}
        body["interest"] = Near(**{**near, "place": tuple(near["place"]), "types": types_by_class, "tiers": tiers})
        if game["narrow"] is not None:
            body["narrow_view"] = narrow_view
    bases = (AnyRoom[make_inputs(game["inputs"])],)  # type: ignore[misc]  # a class made at run time
    return cast("type[AnyRoom[Any]]", types.new_class("Fuzzed", bases, {}, lambda made: made.update(body)))


def check_rewind(room: AnyRoom[Any], player: Player) -> None:
    """Check that the past is shown as it was, and within its bounds.

    Raises:
        Found: It is not.
    """
    past = room.rewind(player)
    most = int(room.max_rewind_s * room.game["tick_hz"])
    if not (past.seen <= room.tick - 1 and (past.seen >= max(1, room.tick - most) or past.seen == room.tick - 1)):
        raise Found("rewind", f"tick {room.tick} shows {past.seen}, at most {most} ticks back")
    for tick in past.ticks:
        for index, cls in enumerate(room.entities):
            shown, truth = past.all(cls, tick), room.truths[tick].tables[index]
            if [entity.id for entity in shown] != truth.ids.tolist():
                raise Found("rewind", f"tick {room.tick} shows other {cls.__name__}s of tick {tick} than there were")
            for row, (name, field) in enumerate(cls.entity_type.numeric.items()):
                if (
                    not isinstance(field, Ref)
                    and [field.encode(getattr(e, name)) for e in shown] != truth.codes[row].tolist()
                ):
                    raise Found("rewind", f"tick {room.tick} shows {cls.__name__}.{name} of tick {tick} as it was not")
    for cls in room.entities:
        past.all(cls)
