"""What is checked of a viewer: that the server sends what it is to see, and that its client holds that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np

from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_server
from gameserver.sync.encode.dead_reckoning import MAX_AGE
from gameserver.sync.encode.views import View
from tests.support.any_room.links import Expected
from tests.support.any_room.rules import is_visible
from tests.support.any_room.truth import Found, Perspective, Sees, should_see
from tests.support.foreign import view as foreign

if TYPE_CHECKING:
    from gameserver.client.replica import Replica
    from gameserver.client.session_events import Updated
    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session
    from gameserver.state.entity import EntityType
    from gameserver.state.table import Table
    from tests.support.any_room.links import Sent
    from tests.support.any_room.stage import Stage
    from tests.support.any_room.truth import Truth


class Checks:
    """The checks of one viewer. All of them raise `Found`."""

    def __init__(self, stage: Stage, viewer: str) -> None:
        self._stage = stage
        self._viewer = viewer
        self._views: dict[int, set[int]] = {}
        """By tick: the ids in the view, as the server has them."""
        self._streaks: dict[int, int] = {}
        """By id: for how many STATEs an entity has not been exact."""

    def begin_link(self) -> None:
        """A link has joined: its first STATE starts from a tick that the client has, or from nothing."""
        self._views.clear()
        self._streaks.clear()

    # -- what is sent --------------------------------------------------------------------------------------------------

    def sent(self, session: Session, engine: RoomEngine, sent: Sent) -> Expected:
        """Check what a STATE that was sent just now shows; return what the client must hold after it."""
        reader = msgpack.Unpacker()
        reader.feed(sent.message[:64])
        reader.read_array_header()
        _, tick, span = (reader.unpack() for _ in range(3))
        truth = self._stage.truth(engine)
        if tick != truth.tick:
            raise Found("stray", f"a STATE of tick {tick} was sent at tick {truth.tick}")
        avatar = session.player.avatar
        avatar_id = None if avatar is None else avatar.id
        shown = _shown(session, truth)
        must, may = self.sees(session, engine, truth, self._views.get(tick - span, set()) if span else set())
        if self._stage.has_budget(session):
            must = must & {avatar_id}
        if not must <= shown <= may:
            text = f"{self._viewer} at tick {tick}: sees {sorted(shown)}, is to see {sorted(must)}"
            raise Found("view", f"{text}, may see {sorted(may)}")
        self._views[tick] = shown
        return Expected(truth, shown, avatar_id, self._stage.is_exact(session))

    def sees(self, session: Session, engine: RoomEngine, truth: Truth, saw: set[int]) -> Sees:
        """What the viewer is to see, if it saw `saw` in the state that the message starts from."""
        near = self._stage.game["interest"]
        if near is None or not session.is_player:
            return Sees(truth.ids, truth.ids)
        room, number, avatar = self._stage.room_of(engine), session.number, session.player.avatar

        def narrow(entity_id: int, is_near: bool) -> bool:
            return is_near if room.game["narrow"] is None else is_visible(room, number, entity_id, is_near)

        x, y = session.viewpoint
        perspective = Perspective(0 if avatar is None else avatar.id, (x, y), saw, narrow)
        return should_see(engine.kind.schema, near, truth, perspective)

    # -- what is held --------------------------------------------------------------------------------------------------

    def updated(self, updated: Updated, expected: Expected, replica: Replica) -> None:
        """Check what the client holds after a STATE."""
        where = f"{self._viewer} at tick {updated.view.tick}, span {updated.span}"
        tables = expected.truth.part(expected.ids)
        for entity_type, held, truth in zip(self._stage.schema.entities, updated.view.tables, tables, strict=True):
            if held.ids.tolist() != truth.ids.tolist():
                text = f"holds {held.ids.tolist()}, the room has {truth.ids.tolist()}"
                raise Found("wrong ids", f"{where}: {entity_type.name}: {text}")
            if held.objects != truth.objects:
                text = f"{list(entity_type.objects)} are {held.objects}, in the room {truth.objects}"
                raise Found("wrong objects", f"{where}: {entity_type.name} {held.ids.tolist()}: {text}")
            if not expected.exact:
                self._check_inexact(entity_type, held, truth, updated, expected, where)
            elif not np.array_equal(held.codes, truth.codes):
                text = f"{list(entity_type.numeric)} are {held.codes.T.tolist()}, in the room {truth.codes.T.tolist()}"
                raise Found("wrong codes", f"{where}: {entity_type.name} {held.ids.tolist()}: {text}")
        if replica.avatar_id != expected.avatar:
            raise Found("avatar", f"{where}: steers {replica.avatar_id}, in the room {expected.avatar}")

    def _check_inexact(
        self, entity_type: EntityType, held: Table, truth: Table, updated: Updated, expected: Expected, where: str
    ) -> None:
        """Check that what is not exact is where its rates lead, and not for long."""
        inexact = (held.codes != truth.codes).any(axis=0).tolist()
        for row, entity_id in enumerate(held.ids.tolist()):
            if not inexact[row]:
                self._streaks.pop(entity_id, None)
                continue
            streak = self._streaks[entity_id] = self._streaks.get(entity_id, 0) + 1
            what = f"{where}: {entity_type.name} {entity_id}"
            codes = dict(zip(entity_type.numeric, held.codes[:, row].tolist(), strict=True))
            really = dict(zip(entity_type.numeric, truth.codes[:, row].tolist(), strict=True))
            reckoned = None if updated.span == 0 else self._reckoned(entity_type, entity_id, updated)
            if codes != reckoned:
                raise Found("wrong codes", f"{what} is {codes}, by its rates {reckoned}, in the room {really}")
            if streak > MAX_AGE or entity_id == expected.avatar:
                raise Found("stale", f"{what} has not been exact for {streak} states: {codes}, in the room {really}")

    def _reckoned(self, entity_type: EntityType, entity_id: int, updated: Updated) -> dict[str, int] | None:
        """Where its rates lead an entity of the view before; None for one that was not in it."""
        index = self._stage.schema.named(entity_type.name)
        table = updated.before.tables[index]
        row = table.row(entity_id)
        if row is None:
            return None
        by_name = dict(zip((*entity_type.numeric, *entity_type.objects), table.values_at(row), strict=True))
        old = [by_name[name] for name in entity_type.fields]
        new = foreign.advance(self._stage.foreign_types[index], self._stage.tick_hz, old, None, updated.span)
        return {n: code for n, code in zip(entity_type.fields, new, strict=True) if n in entity_type.numeric}

    def events(self, message: bytes, engine: RoomEngine, number: int) -> list[list[Any]]:
        """Check that an EVENTS message holds the events between its two cursors; return those of the game's."""
        events = decode_server(message)
        assert isinstance(events, m.Events)
        came = [[e.tick, e.name, e.payload] for e in events.items if not e.name.startswith("@")]
        due = [
            [tick, name, payload]
            for event_number, tick, name, payload, to in self._stage.room_of(engine).emitted
            if events.since < event_number <= events.upto and (to is None or number in to)
        ]
        if came != due:
            raise Found("events", f"{self._viewer}: {events.since} to {events.upto}: {came}, not {due}")
        return came

    def missing(self, session: Session, engine: RoomEngine, replica: Replica) -> str:
        """Say what the client does not hold of a room in which nothing changes any more; "" for nothing."""
        truth = self._stage.truth(engine)
        if session.base is None:
            return "no state"
        if session.event_scan != engine.events.newest:
            return f"events up to {session.event_scan}, not {engine.events.newest}"
        ids = {i for table in replica.view.tables for i in table.ids.tolist()}
        must, may = self.sees(session, engine, truth, ids)
        if not must <= ids <= may:
            return f"sees {sorted(ids)}, is to see {sorted(must)}"
        if not all(held.same(right) for held, right in zip(replica.view.tables, truth.part(ids), strict=True)):
            return "not all is exact"
        return ""


def _shown(session: Session, truth: Truth) -> set[int]:
    """Return the ids that the server has in the view of a session that was just sent a STATE."""
    view = session.view
    if not isinstance(view, View):
        return truth.ids
    return {i for table, mask in zip(truth.tables, view.masks, strict=True) for i in table.ids[mask].tolist()}
