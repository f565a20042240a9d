"""Checkpoints: a whole room as plain data, and the room made from it again.

`save_room` is a function of a room between two ticks, and changes nothing of it; `restore_room` makes a room that goes
on as the other one did, to the last bit. What links hold is not part of it: `save_seats` has what clients must find
again, and is saved more often.

Versions: `CHECKPOINT_FORMAT` is that of this module's data; entities and inputs are compared by the fingerprint of
their schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, cast

import msgpack
import numpy as np

from gameserver.protocol.constants import Role
from gameserver.room.effects import restore_effect, save_effect
from gameserver.room.engine import RoomEngine
from gameserver.room.migration import has_migration, migrate
from gameserver.room.options import OptionsInvalid
from gameserver.room.outside_work import Effect, Job
from gameserver.room.player import Player
from gameserver.room.restoring import Loader
from gameserver.room.roster import RoomState, Roster, restore_roster, saved_roster
from gameserver.room.saveable import CannotRestore
from gameserver.room.saving import (
    Saver,
    attributes_of,
    fields_at_rest,
    has_usual_attributes,
    own_attributes,
    random_state,
    set_random_state,
    usual_attributes,
)
from gameserver.room.timers import Timer
from gameserver.state.columns import ColumnStore, restore_columns
from gameserver.state.resting import attributes_at_rest
from gameserver.state.resting_store import RestingStore
from gameserver.state.table import Table
from gameserver.sync.snapshot import HASH_VERSION, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gameserver.protocol.constants import Limits
    from gameserver.room.kind import Kind
    from gameserver.room.room import Room
    from gameserver.room.session import Session
    from gameserver.room.source import Source
    from gameserver.state.entity import Entity, EntityType
    from gameserver.state.world import World

CHECKPOINT_FORMAT: Final = 2
_NO_MORE: Final[bytes] = msgpack.packb([])
"""Beside a row that has all fields."""
_OF_THE_ROOM: Final = ("_context", "options", "listing", "roster", "state")
"""Attributes of a room that the engine sets."""
_FLAGS: Final = ("seated", "expected", "arriving", "leaving")


def save_room(engine: RoomEngine) -> dict[str, Any]:
    """Return a room as plain data that msgpack can hold. Call it between two ticks.

    Args:
        engine: The room, which has not ended.

    Raises:
        CannotSave: The rules keep something that cannot be saved.
    """
    room, kind = engine.room, engine.kind
    sessions = engine.seats.known()
    players = {number: session.player for number, session in sessions.items()}
    options = Saver(room, {})
    chosen = options.save(dict(engine.options), f"{type(room).__name__}.options")
    saver = Saver(room, players)
    saved = {
        "format": CHECKPOINT_FORMAT,
        "hash": HASH_VERSION,
        "kind": kind.name,
        "room": engine.id,
        "seed": engine.seed,
        "secret": engine.secret,
        "options": [chosen, options.objects],
        "schema": kind.schema.fingerprint,
        "version": type(room).saved_version,
        "step": None if kind.step is None else kind.step.fingerprint,
        "counts": engine.saved_counts(),
        "random": random_state(engine.random),
        "events": engine.events.saved(),
        "history": _save_history(engine),
        "entities": _save_entities(engine.world, saver),
        "tables": [_save_columns(store) for store in engine.world.stores if isinstance(store, ColumnStore)],
        "sessions": [_save_session(session, saver) for session in sessions.values()],
        "reservations": engine.seats.reservations.saved(sessions),
        "timers": [engine.timers.made, [_save_timer(timer, saver, room) for timer in engine.timers.pending()]],
        "jobs": [engine.work.last_number, [_save_job(job, saver, room) for job in engine.work.running()]],
        "moves": engine.moves.saved(),
        "own": _save_own(room, saver),
    }
    saved["objects"] = saver.objects
    return saved


def save_seats(engine: RoomEngine, instance: bytes) -> list[list[Any]]:
    """Return what clients that come back must find: for each seat its number, the key and generation of its token, the
    newest input frame consumed, the counts of frames, what the token begins with, and, of a client that has not been
    back since the room was restored, where that was.

    Args:
        engine: The room.
        instance: What the tokens of this process begin with.
    """
    found: list[list[Any]] = []
    for number, session in engine.seats.known().items():
        inputs = session.input_queue
        counts = [inputs.consumed, inputs.missed, inputs.trimmed]
        restored = None
        if session.restored_tick is not None:
            restored = [session.restored_tick, session.restored_event, session.migrated]
        found.append([number, session.key, session.generation, *counts, session.instance or instance, restored])
    return found


def named_by_seats(saved: Any) -> list[tuple[bytes, int]]:
    """Return what the resume tokens of saved seats name: the instance that issued each, and the key.

    Args:
        saved: What `save_seats` returned.
    """
    return [(seat[6], seat[1]) for seat in saved]


def restore_room(
    kind: Kind,
    saved: Mapping[str, Any],
    *,
    limits: Limits,
    welcome: Callable[[RoomEngine, Session, bool], bytes],
    source: Source | None = None,
) -> RoomEngine:
    """Make a room from plain data.

    Args:
        kind: The room's kind.
        saved: What `save_room` returned.
        limits: The server's limits.
        welcome: Encodes the WELCOME of a session.
        source: Where commands and inputs come from until it goes live; None: the room's seats.

    Raises:
        CannotRestore: It does not fit the game as it is now, or is not of this version.
    """
    check_fits(kind, saved)
    try:
        return _restore(kind, saved, limits=limits, welcome=welcome, source=source)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OptionsInvalid) as error:
        raise CannotRestore(f"the checkpoint cannot be read: {type(error).__name__}: {error}") from error


def check_fits(kind: Kind, saved: Mapping[str, Any]) -> None:
    """Check that a checkpoint is of this kind of room, as it is now or as its author can migrate it.

    Raises:
        CannotRestore: It is not; the text says what differs.
    """
    if saved.get("format") != CHECKPOINT_FORMAT:
        raise CannotRestore(
            f"the checkpoint has format {saved.get('format')!r}; this version reads {CHECKPOINT_FORMAT}"
        )
    if saved.get("kind") != kind.name:
        raise CannotRestore(f"the checkpoint is of a room of kind {saved.get('kind')!r}")
    changed = change_of(kind, saved)
    if changed is not None and not has_migration(kind.room_class):
        raise CannotRestore(f"{changed}, and {kind.room_class.__name__} has no migrate()")


def change_of(kind: Kind, saved: Mapping[str, Any]) -> str | None:
    """Return what has changed since a checkpoint was made; None: it fits as it is."""
    if saved.get("schema") != kind.schema.fingerprint:
        return "its entities or inputs are declared differently now"
    before, now = saved.get("version", 1), kind.room_class.saved_version
    return None if before == now else f"its saved_version was {before} and is {now}"


def _restore(
    kind: Kind,
    saved: Mapping[str, Any],
    *,
    limits: Limits,
    welcome: Callable[[RoomEngine, Session, bool], bytes],
    source: Source | None,
) -> RoomEngine:
    chosen, of_options = saved["options"]
    nothing: dict[int, Any] = {}
    plain = Loader(None, of_options, tables=_no_table, entities={}, players={}, timers=nothing, jobs=nothing)
    engine = RoomEngine(
        kind,
        saved["room"],
        seed=saved["seed"],
        secret=saved["secret"],
        options=plain.load(chosen),
        limits=limits,
        welcome=welcome,
        source=source,
        restores=True,
    )
    set_random_state(engine.random, saved["random"])
    engine.events.restore(saved["events"])
    if change_of(kind, saved) is not None:
        _restore_effects(engine, saved["jobs"])
        migrate(engine, saved, saved_entities)
        return engine
    _restore_history(engine, saved["history"])
    _restore_values(engine, saved)
    engine.seats.reservations.restore(saved["reservations"], engine.seats.sessions)
    engine.restore_counts(saved["counts"])
    if engine.tick_number and engine.history.newest is None:
        engine.history.put(Snapshot.capture(engine.tick_number, engine.snapshot_source))
    return engine


def _no_table(name: str) -> Any:
    raise CannotRestore(f"the options have a table of {name}")


# -- entities and tables ---------------------------------------------------------------------------------------------


def _save_entities(world: World, saver: Saver) -> list[Any]:
    found: list[Any] = []
    for store in world.stores:
        if isinstance(store, RestingStore):
            found += _save_resting(store, saver)
        elif not isinstance(store, ColumnStore):
            found += _save_type(store.entity_type, store.entities(), saver)
    return [world.next_id, found]


def _save_resting(store: RestingStore, saver: Saver) -> list[Any]:
    """Return entities of a type that rests as rows, without waking any. What those at rest have in their fields is
    packed once, until they wake; it stands beside the row, which has the other attributes."""
    entity_type, fields = store.entity_type, tuple(store.entity_type.fields)
    groups: list[Any] = []
    for entity in store.entities():
        if not store.rests(entity):
            continue
        attributes = attributes_at_rest(entity)
        packed = _packed_fields(store, entity.id, attributes)
        names = (*own_attributes(attributes, fields), *fields)
        if not groups or groups[-1][1] != names:
            groups.append([entity_type.name, names, [], []])
        in_row = names if packed is _NO_MORE else names[: len(names) - len(fields)]
        groups[-1][2].append(saver.row([attributes[name] for name in in_row], in_row, entity_type.name))
        groups[-1][3].append(packed)
    return [*_save_type(entity_type, [one for one in store.entities() if not store.rests(one)], saver), *groups]


def _packed_fields(store: RestingStore, entity_id: int, attributes: Mapping[str, Any]) -> bytes:
    """Return the fields of an entity at rest, packed; nothing if they need more than that."""
    packed = store.saved_rows.get(entity_id)
    if packed is None:
        values = fields_at_rest(attributes, store.entity_type.fields)
        packed = store.saved_rows[entity_id] = _NO_MORE if values is None else msgpack.packb(values)
    return packed


def _save_type(entity_type: EntityType, entities: Iterable[Entity], saver: Saver) -> list[Any]:
    """Return entities of one type as rows; those beside each other that have the same attributes name them once."""
    usual = usual_attributes(entity_type)
    read = None if usual is None else attrgetter(*usual)
    groups: list[Any] = []
    last: Sequence[str] = ()
    for entity in entities:
        if usual is not None and read is not None and has_usual_attributes(entity, len(usual)):
            names: Sequence[str] = usual
            values: Iterable[Any] = read(entity)
        else:
            names = attributes_of(entity)
            values = [getattr(entity, name) for name in names]
        if names != last:
            groups.append([entity_type.name, names, []])
            last = names
        groups[-1][2].append(saver.row(values, names, entity_type.name))
    return groups


def saved_entities(saved: Any) -> Iterator[tuple[str, int, list[tuple[str, Any]]]]:
    """Yield type, id and attributes of each entity of a checkpoint."""
    for type_name, names, rows, *at_rest in saved[1]:
        at = names.index("id")
        packed: Sequence[bytes] = at_rest[0] if at_rest else [_NO_MORE] * len(rows)
        for row, more in zip(rows, packed, strict=True):
            yield type_name, row[at], list(zip(names, [*row, *msgpack.unpackb(more)], strict=True))


def _new_entities(engine: RoomEngine, saved: Any) -> dict[int, Entity]:
    """Put the entities of a checkpoint into the world, without their attributes."""
    classes = {entity_type.name: entity_type.cls for entity_type in engine.kind.schema.entities}
    made: dict[int, Entity] = {}
    for name, entity_id, _ in saved_entities(saved):
        entity = made[entity_id] = object.__new__(classes[name])
        entity.id, entity.alive = entity_id, True
    engine.world.restore(saved[0], made.values())
    return made


def _save_columns(store: ColumnStore) -> list[Any]:
    columns = [[name, _save_array(getattr(store, name))] for name in store.entity_type.numeric]
    return [store.entity_type.name, _save_array(store.ids), columns]


def _save_array(array: Any) -> list[Any]:
    return [array.dtype.str, array.tobytes()]


def _restore_array(saved: Any) -> Any:
    dtype, data = saved
    return np.frombuffer(data, dtype).copy()


# -- history ---------------------------------------------------------------------------------------------------------


def _save_history(engine: RoomEngine) -> list[Any]:
    """Return the snapshots that rules which look into the past may ask for. The newest one is the world itself."""
    past = engine.lag_compensation
    kept = engine.history.newest_of(past.max_ticks + 1) if past.used else []
    return [past.used, [[snapshot.tick, [_save_table(table) for table in snapshot.tables]] for snapshot in kept]]


def _save_table(table: Table) -> list[Any]:
    return [table.ids.tobytes(), table.codes.tobytes(), table.objects]


def _restore_effects(engine: RoomEngine, saved: Any) -> None:
    """Have what an older build has asked for done by this one, whose rules do not wait for it."""
    last_number, jobs = saved
    engine.work.restore(last_number, [restore_effect(number, of[0]) for number, _, _, _, *of in jobs if of])


def _restore_history(engine: RoomEngine, saved: Any) -> None:
    engine.lag_compensation.used, snapshots = saved
    for tick, tables in snapshots:
        of_types = zip(engine.kind.schema.entities, tables, strict=True)
        engine.history.put(Snapshot(tick, tuple([_restore_table(*each) for each in of_types])))


def _restore_table(entity_type: EntityType, saved: Any) -> Table:
    id_bytes, code_bytes, objects = saved
    ids = np.frombuffer(id_bytes, np.int64)
    codes = np.frombuffer(code_bytes, np.int64).reshape(len(entity_type.numeric), len(ids))
    return Table(ids, codes, _frozen(objects))


def _frozen(value: Any) -> Any:
    return tuple([_frozen(item) for item in value]) if isinstance(value, list | tuple) else value


# -- sessions, timers, jobs ------------------------------------------------------------------------------------------


def _save_session(session: Session, saver: Saver) -> list[Any]:
    flags = [getattr(session, name) for name in _FLAGS]
    return [session.number, session.first_event, flags, saver.player(session.player, f"player {session.number}")]


def _save_timer(timer: Timer, saver: Saver, room: Room[Any]) -> list[Any]:
    path = f"{type(room).__name__}.after"
    return [timer.due, timer.number, timer.every, saver.save(timer.call, path), saver.save(timer.args, f"{path}(…)")]


def _save_job(job: Job, saver: Saver, room: Room[Any]) -> list[Any]:
    path = f"{type(room).__name__}.run"
    session = None if job.session is None else job.session.number
    calls = [saver.save(job.then, f"{path}(then)"), saver.save(job.failed, f"{path}(failed)")]
    if not isinstance(job, Effect) or job.refused:
        return [job.number, session, *calls]
    return [job.number, session, *calls, save_effect(job, f"{type(room).__name__}.effect")]


def _make_job(number: int, effect: Any = None) -> Job:
    return Job(number, _gone, (), 1.0, None, None) if effect is None else restore_effect(number, effect)


def _gone(*_: object) -> None:
    """Stand for a function that ran when the checkpoint was made."""


# -- the room's own ----------------------------------------------------------------------------------------------------


def _save_own(room: Room[Any], saver: Saver) -> list[Any]:
    path = type(room).__name__
    names = [name for name in vars(room) if name not in _OF_THE_ROOM]
    roster = saved_roster(room.roster) if isinstance(room.roster, Roster) else None
    state = None if type(room.state) is RoomState else room.state.id
    listing = saver.attributes(room.listing, room.listing.__struct_fields__, f"{path}.listing")
    return [saver.attributes(room, names, path), roster, state, listing]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What values of a room may refer to, without its content."""

    entities: dict[int, Entity]
    sessions: dict[int, Session]
    timers: dict[int, Timer]
    jobs: dict[int, Job]
    tables: dict[str, ColumnStore]

    @property
    def players(self) -> dict[int, Player]:
        """The participants, by number."""
        return {number: session.player for number, session in self.sessions.items()}


def _restore_values(engine: RoomEngine, saved: Mapping[str, Any]) -> None:
    """Make everything that may refer to each other, then fill it."""
    parts = _make_parts(engine, saved)
    loader = Loader(
        engine.room,
        saved["objects"],
        tables=parts.tables.__getitem__,
        entities=parts.entities,
        players=parts.players,
        timers=parts.timers,
        jobs=parts.jobs,
    )
    _restore_own_entities(engine.room, saved["own"], parts)
    for _, entity_id, attributes in saved_entities(saved["entities"]):
        loader.fill(parts.entities[entity_id], attributes)
    for number, _, _, attributes in saved["sessions"]:
        loader.fill(parts.players[number], attributes)
        parts.sessions[number].is_player = not parts.players[number].is_spectator
    _fill_timers_and_jobs(saved, parts, loader)
    engine.timers.restore(saved["timers"][0], parts.timers.values())
    engine.work.restore(saved["jobs"][0], list(parts.jobs.values()))
    engine.moves.restore(saved["moves"], parts.players)
    for name, ids, columns in saved["tables"]:
        restored = {column: _restore_array(data) for column, data in columns}
        restore_columns(parts.tables[name], _restore_array(ids), restored)
    attributes, _, _, listing = saved["own"]
    loader.fill(engine.room, attributes)
    for name, value in listing:
        setattr(engine.room.listing, name, loader.load(value))


def _make_parts(engine: RoomEngine, saved: Mapping[str, Any]) -> _Parts:
    sessions = {}
    for number, first_event, flags, _ in saved["sessions"]:
        session = sessions[number] = engine.restore_session(Player(number, Role.PLAYER, {}))
        session.first_event = first_event
        for name, value in zip(_FLAGS, flags, strict=True):
            setattr(session, name, value)
    return _Parts(
        entities=_new_entities(engine, saved["entities"]),
        sessions=sessions,
        timers={number: Timer(due, number, _gone, every) for due, number, every, _, _ in saved["timers"][1]},
        jobs={number: _make_job(number, *effect) for number, _, _, _, *effect in saved["jobs"][1]},
        tables={store.entity_type.name: store for store in engine.world.stores if isinstance(store, ColumnStore)},
    )


def _restore_own_entities(room: Room[Any], saved: Any, parts: _Parts) -> None:
    """Have the room find its state and the entries of its roster, which are entities of the checkpoint."""
    _, roster, state, _ = saved
    if state is not None:
        room.state = cast("RoomState", parts.entities[state])
    if isinstance(room.roster, Roster):
        restore_roster(room.roster, roster, parts.entities)


def _fill_timers_and_jobs(saved: Mapping[str, Any], parts: _Parts, loader: Loader) -> None:
    for _, number, _, call, args in saved["timers"][1]:
        timer = parts.timers[number]
        timer.call, timer.args = loader.load(call), loader.load(args)
    for number, session, then, failed, *_ in saved["jobs"][1]:
        job = parts.jobs[number]
        job.session = None if session is None else parts.sessions.get(session)
        job.then, job.failed = loader.load(then), loader.load(failed)


def restore_seats(engine: RoomEngine, saved: Any, instance: bytes) -> None:
    """Give the seats of a restored room what `save_seats` returned. Seats that it has no more are left out.

    Args:
        engine: The room.
        saved: What `save_seats` returned.
        instance: What the tokens of this process begin with.
    """
    for number, key, generation, consumed, missed, trimmed, issued_by, *more in saved:
        session = engine.seats.sessions.get(number)
        if session is not None:
            session.key, session.generation = key, generation
            session.instance = b"" if issued_by == instance else issued_by
            session.input_queue.restore(consumed, missed, trimmed)
            if more and more[0] is not None:
                session.restored_tick, session.restored_event, migrated = more[0]
                session.migrated = session.migrated or migrated
