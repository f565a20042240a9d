"""A room of an older build goes on in a newer one: the author's `migrate` makes it from what the old one had."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.protocol.constants import Role
from gameserver.room.old_room import OldEntity, OldRoom
from gameserver.room.player import Player
from gameserver.room.restoring import Loader
from gameserver.room.room import Room
from gameserver.room.roster import Roster
from gameserver.room.rules import TICK_RAISES
from gameserver.room.saveable import CannotRestore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session

log = logging.getLogger("gameserver.room")


def has_migration(room_class: type[Room[Any]]) -> bool:
    """Whether the author of a room has written how it goes on from an older build."""
    return room_class.migrate is not Room.migrate


def migrate(engine: RoomEngine, saved: Mapping[str, Any], entities_of: Callable[[Any], Iterable[Any]]) -> None:
    """Make a new room go on from the checkpoint of an older build: its people are in it, all else is the author's.

    Args:
        engine: The room, which has run no hook.
        saved: What `save_room` of the older build returned.
        entities_of: Returns type, id and attributes of each entity of a checkpoint.

    Raises:
        CannotRestore: The checkpoint cannot be read, or the author's `migrate` raises.
    """
    found = list(entities_of(saved["entities"]))
    entities = {entity_id: OldEntity(name) for name, entity_id, _ in found}
    sessions = {number: _session(engine, number, flags) for number, _, flags, _ in saved["sessions"]}
    players = {number: session.player for number, session in sessions.items()}
    loader = Loader(
        engine.room,
        saved["objects"],
        tables=_no_table,
        entities=entities,
        players=players,
        timers={},
        jobs={},
    )
    for _, entity_id, attributes in found:
        loader.fill(entities[entity_id], attributes)
    rows = [row for table in saved["tables"] for row in _rows(*table)]
    avatars = {}
    for number, first_event, _, attributes in saved["sessions"]:
        loader.fill(players[number], attributes)
        sessions[number].first_event = first_event
        sessions[number].is_player = not players[number].is_spectator
        if players[number].avatar is not None:
            avatars[number] = players[number].avatar
        players[number]._avatar = None
    engine.seats.reservations.restore(saved["reservations"], sessions)
    engine.restore_counts(saved["counts"])
    attributes, _, _, listing = saved["own"]
    _fill_listing(engine, {name: loader.load(value) for name, value in listing})
    _enter_all(engine, sessions)
    old = OldRoom(
        engine.tick_number,
        sorted([*entities.values(), *rows], key=lambda entity: vars(entity)["id"]),
        {name: loader.load(value) for name, value in attributes},
        avatars,
    )
    try:
        engine.room.migrate(old)
    except TICK_RAISES as error:
        log.exception("room %s (%s) cannot be migrated", engine.id, engine.kind.name)
        raise CannotRestore(f"its migrate raised {type(error).__name__}: {error}") from error


def _no_table(name: str) -> Any:
    raise CannotRestore(f"an attribute is the table of {name}, which is no more")


def _rows(type_name: str, ids: Any, columns: Any) -> list[OldEntity]:
    """Return the rows of a type that was kept in columns."""
    values = {name: np.frombuffer(data, dtype).tolist() for name, (dtype, data) in columns}
    values["id"] = np.frombuffer(ids[1], ids[0]).tolist()
    rows = []
    for place in range(len(values["id"])):
        row = OldEntity(type_name)
        vars(row).update({name: column[place] for name, column in values.items()})
        rows.append(row)
    return rows


def _session(engine: RoomEngine, number: int, flags: Any) -> Session:
    session = engine.restore_session(Player(number, Role.PLAYER, {}))
    session.seated, session.migrated = flags[0], True
    return session


def _fill_listing(engine: RoomEngine, values: Mapping[str, Any]) -> None:
    """Keep what the listing of the new build still declares."""
    listing = engine.room.listing
    for name in listing.__struct_fields__:
        if name in values:
            setattr(listing, name, values[name])


def _enter_all(engine: RoomEngine, sessions: Mapping[int, Session]) -> None:
    """Give everybody an entry of the roster. Who was only about to come in joins anew."""
    roster = engine.room.roster
    for session in sessions.values():
        if not session.seated:
            engine.seats.leave(session)
        elif isinstance(roster, Roster):
            roster.add(engine.world, session.player)
