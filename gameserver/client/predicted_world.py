"""The bodies near the own avatar, ahead of the server like the avatar itself: what it touches answers at once.

Pure; times in seconds. docs/guide/touch.md states the algorithm; `client_demo/sdk/predicted_world.js` is the twin, and
a test compares the two.

Rules kept here:
- Bodies within reach of the avatar are taken from the newest state and run forward to the avatar's present, one tick
  for each input frame that the server has not consumed, by the same functions in the same order as on the server.
- What other players steer goes on with the controls that they showed last, for a stated time; then it drifts.
- An error of a body is eased out where it is drawn; a large one snaps; a counted jump is there at once.
- A body that comes within reach is drawn on its way from the past to the present, and back when it leaves; there is no
  jump, because both are known all that time.
- What the own actions spawn ahead of the server takes part from the tick of its input frame on, as the newest of its
  type.
- There is a bound on bodies times ticks. What is farthest is given up first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gameserver.client.body import Body, BodyKind
from gameserver.client.body_choice import choose_bodies
from gameserver.client.contact_watch import ContactWatch
from gameserver.client.drawn import Drawn, DrawnTable
from gameserver.state.touch import run_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.client.body import BodyStats
    from gameserver.client.contact_watch import SeenContact
    from gameserver.state.schema import Schema
    from gameserver.state.touch import Touch
    from gameserver.sync.decode.view_state import ViewState


class _Spawned(NamedTuple):
    """What the own actions spawned, and no state has decided on."""

    body: Body
    seq: int
    """The input frame that spawned it."""
    values: dict[str, Any]
    """Its fields as after that frame."""


class PredictedWorld:
    """The bodies near one avatar.

    Args:
        schema: The room's schema.
        touch: The room's `predict_world`.
        predict: The room's step, which moves what is steered.
        tick_hz: The room's ticks a second.
    """

    def __init__(
        self, schema: Schema, touch: Touch, predict: Callable[[Any, Any, float], object], tick_hz: int
    ) -> None:
        self._touch = touch
        self._predict = predict
        self._inputs = schema.inputs
        self._neutral = schema.inputs.cls()
        self._dt = 1.0 / tick_hz
        self._shows_ticks = int(touch.shows_s * tick_hz)
        indexes = [schema.named(cls.__name__) for cls in touch.types]
        self._kinds = [BodyKind(index, schema.entities[index], touch) for index in indexes]
        self._bodies: list[Body] = []
        """In the order of the types, ids ascending in each."""
        self._spawned: list[_Spawned] = []
        self._lists = self._no_entities()
        """The entities of each type, the own avatar among them."""
        self._own_shows: tuple[str, ...] = ()
        self._tick = self._seq = self._newest_seq = 0
        self._on_time = True
        self._ticked_at_s, self._tick_length_s = -math.inf, self._dt
        self._drawn_at_s = -math.inf
        self._gone: dict[int, int] = {}
        """Bodies that are gone from the newest state, with its tick: the past that is drawn may still hold them."""
        self._watch: ContactWatch | None = None
        """Of the tick that is being run; None: nobody looks."""

    def __len__(self) -> int:
        return len(self._bodies) + len(self._spawned)

    @property
    def stats(self) -> dict[str, BodyStats]:
        """How well each type is predicted, by its name."""
        for kind in self._kinds:
            kind.stats.bodies = sum(body.kind is kind for body in self._bodies)
        return {kind.entity_type.name: kind.stats for kind in self._kinds}

    @property
    def bodies(self) -> list[Any]:
        """The bodies after the newest predicted tick, exactly as the server will have them. Read only."""
        return [body.entity for body in self._bodies]

    def clear(self) -> None:
        """Forget all bodies; they are drawn in the past again at once."""
        self._bodies.clear()
        self._spawned.clear()
        self._lists = self._no_entities()
        self._gone.clear()

    # -- a STATE -----------------------------------------------------------------------------------------------------

    def take(self, seq: int, view: ViewState, avatar: Any, now_s: float) -> None:
        """Set every body to the newest state, before the pending frames are stepped again.

        Args:
            seq: Newest input frame consumed in it.
            view: The newest state.
            avatar: The own avatar as it is predicted now.
            now_s: The time now.
        """
        self._on_time = view.tick - self._tick == seq - self._seq
        self._tick, self._seq = view.tick, seq
        for body in self._bodies:
            body.remember(now_s)
        for spawned in self._spawned:
            spawned.body.remember(now_s)
        self._spawned = [spawned for spawned in self._spawned if spawned.seq > seq]
        known = {body.entity.id: body for body in self._bodies}
        self._bodies = []
        x, y = (float(getattr(avatar, name)) for name in self._touch.place)
        ticks = self._newest_seq - seq
        chosen = choose_bodies(self._kinds, view, avatar.id, (x, y), self._touch.reach, known, ticks)
        for kind in self._kinds:
            table = view.tables[kind.index]
            for row, entity_id in enumerate(table.ids.tolist()):
                if entity_id in chosen:
                    body = known[entity_id] if entity_id in known else self._enter(kind, entity_id)
                    body.load(table, row)
                    body.held = self._shown(body.entity) if kind.steered else None
                    self._bodies.append(body)
        for body in known.values():
            if not self._is_in(view, body):
                self._gone[body.entity.id] = view.tick
        self._make_lists(avatar)

    def _enter(self, kind: BodyKind, entity_id: int) -> Body:
        body = Body(kind, entity_id, self._dt, self._touch.snap_distance)
        body.pose.tick(self._ticked_at_s, self._tick_length_s)
        return body

    def _is_in(self, view: ViewState, body: Body) -> bool:
        return view.tables[body.kind.index].row(body.entity.id) is not None

    def _make_lists(self, avatar: Any) -> None:
        name = type(avatar).entity_type.name
        self._lists = self._no_entities()
        for body in self._bodies:
            self._lists[body.kind.entity_type.name].append(body.entity)
        self._own_shows = ()
        if name in self._lists:
            own = self._lists[name]
            own.append(avatar)
            own.sort(key=lambda entity: entity.id)
            steered = any(kind.steered for kind in self._kinds if kind.entity_type.name == name)
            self._own_shows = tuple(self._touch.shows) if steered else ()

    def _no_entities(self) -> dict[str, list[Any]]:
        return {kind.entity_type.name: [] for kind in self._kinds}

    def settle(self, now_s: float) -> None:
        """The pending frames were stepped again: count what is elsewhere now, and ease it out."""
        for body in self._bodies:
            body.compare()
        for body, _, _ in self._spawned:
            body.compare()
            if body.moved:
                body.pose.ease(body.entity, body.was, now_s)
        moved = [body for body in self._bodies if body.moved]
        others = any(body.kind.steered for body in moved)
        for body in moved:
            body.pose.ease(body.entity, body.was, now_s)
            stats = body.kind.stats
            stats.corrections += 1
            stats.units = body.pose.error_units
            if not self._on_time:
                stats.late += 1
            elif others:
                stats.others += 1
            else:
                stats.rules += 1

    # -- a tick ------------------------------------------------------------------------------------------------------

    def touch(self, me: Any, controls: Any, seq: int) -> None:
        """Run the tick of frame `seq` for all bodies, after the step of the own avatar.

        Args:
            me: The own avatar; contacts may change it.
            controls: What its step ran with.
            seq: The number of the frame.
        """
        self._newest_seq = seq
        for name in self._own_shows:
            setattr(me, name, getattr(controls, name))
        believed = seq - self._seq <= self._shows_ticks
        for body in self._bodies:
            if body.kind.steered:
                self._predict(body.entity, body.held if believed else self._neutral, self._dt)
        run_world(self._touch, self._lists, self._dt, None if self._watch is None else self._watch.watched)
        for body in self._bodies:
            body.step()
        for spawned in self._spawned:
            if spawned.seq < seq:
                spawned.body.step()
            elif spawned.seq == seq:
                self._begin(spawned)

    def watch(self) -> None:
        """From now on note the contacts of ticks, until they are taken out."""
        self._watch = ContactWatch()

    def take_contacts(self) -> list[SeenContact]:
        """Take out the contacts since `watch` that have changed a body."""
        seen = [] if self._watch is None else self._watch.seen
        self._watch = None
        return seen

    def _shown(self, entity: Any) -> Any:
        return self._inputs.cls(**{name: getattr(entity, name) for name in self._touch.shows})

    def ticked(self, at_s: float, length_s: float) -> None:
        """The newest step belongs to this tick of the client.

        Args:
            at_s: When the tick was due.
            length_s: How long it lasts.
        """
        self._ticked_at_s, self._tick_length_s = at_s, length_s
        for body in self._bodies:
            body.pose.tick(at_s, length_s)
        for spawned in self._spawned:
            spawned.body.pose.tick(at_s, length_s)

    # -- what the own actions spawn ----------------------------------------------------------------------------------

    def holds(self, index: int) -> bool:
        """Return whether entities of a type, by its place in the schema, take part."""
        return any(kind.index == index for kind in self._kinds)

    def spawn(self, index: int, entity: Any, seq: int) -> None:
        """An entity that the newest predicted frame spawned takes part from now on.

        Args:
            index: The place of its type in the schema, one that takes part.
            entity: The entity as after the frame.
            seq: The number of the frame.

        Raises:
            ValueError: A value is NaN, or one that its field cannot hold; nothing has changed.
            OverflowError: A value is infinite; nothing has changed.
        """
        kind = next(kind for kind in self._kinds if kind.index == index)
        body = self._enter(kind, entity.id)
        vars(body.entity).update({name: getattr(entity, name) for name in kind.entity_type.fields})
        body.codes = kind.snap(body.entity, [0] * len(kind.entity_type.numeric))
        body.share = 1.0
        spawned = _Spawned(body, seq, {name: getattr(body.entity, name) for name in kind.entity_type.fields})
        self._spawned.append(spawned)
        self._begin(spawned)

    def _begin(self, spawned: _Spawned) -> None:
        """Its frame has run."""
        body = spawned.body
        vars(body.entity).update(spawned.values)
        body.codes = body.kind.snap(body.entity, body.codes)
        body.pose.place(body.entity)
        self._lists[body.kind.entity_type.name].append(body.entity)

    def drop(self, seq: int) -> None:
        """Frame `seq` was never sent: what it spawned takes part no more."""
        dropped = {spawned.body.entity.id for spawned in self._spawned if spawned.seq == seq}
        self._spawned = [spawned for spawned in self._spawned if spawned.seq != seq]
        self._unlist(dropped)

    def adopt(self, spawn_id: int, entity_id: int) -> None:
        """The server's own of a spawn is known: call it before the state that has it is taken.

        Args:
            spawn_id: The id that the spawn has had.
            entity_id: The server's.
        """
        for spawned in self._spawned:
            if spawned.body.entity.id == spawn_id:
                spawned.body.entity.id = entity_id
                # A state before may have had it already, when it was nobody's yet.
                self._bodies = [body for body in self._bodies if body.entity.id != entity_id]
                self._bodies.append(spawned.body)
        self._spawned = [spawned for spawned in self._spawned if spawned.body.entity.id != entity_id]

    def draw_spawn(self, entity: Any, now_s: float) -> bool:
        """Set the fields of a spawn, adopted or not, to where it is drawn now; its references stay.

        Args:
            entity: What is drawn of the spawn.
            now_s: The time now.

        Returns:
            Whether it takes part, and is not on its way back into the past.
        """
        for body in (*[spawned.body for spawned in self._spawned], *self._bodies):
            if body.entity.id == entity.id and not body.leaving:
                vars(entity).update({name: getattr(body.entity, name) for name in body.kind.stepped})
                body.pose.write(vars(entity), body.entity, now_s)
                return True
        return False

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def draw(self, drawn: Drawn, now_s: float) -> Drawn:
        """Return what is to be drawn, the bodies in the present where they are predicted."""
        self._gone = {entity_id: tick for entity_id, tick in self._gone.items() if tick > drawn.tick}
        elapsed_s, self._drawn_at_s = now_s - self._drawn_at_s, now_s
        tables = list(drawn.tables)
        for kind in self._kinds:
            table = tables[kind.index]
            hidden = self._gone.keys() & set(table.ids.tolist())
            table = table.without(hidden) if hidden else table
            bodies = [body for body in self._bodies if body.kind is kind]
            tables[kind.index] = self._draw_kind(kind, table, bodies, elapsed_s, now_s) if bodies else table
        self._drop_returned()
        return Drawn(drawn.tick, tuple(tables), drawn.spawns)

    def _draw_kind(
        self, kind: BodyKind, table: DrawnTable, bodies: Iterable[Body], elapsed_s: float, now_s: float
    ) -> DrawnTable:
        ids = table.ids.tolist()
        columns = dict(zip(ids, table.values.T.copy(), strict=True))
        objects = dict(zip(ids, zip(*table.objects, strict=True) if table.objects else [()] * len(ids), strict=True))
        for body in bodies:
            entity_id = body.entity.id
            past = columns.get(entity_id)
            body.move_share(elapsed_s, past)
            columns[entity_id] = body.values(past, now_s)
            if body.share >= 0.5 or past is None:
                objects[entity_id] = tuple(
                    [field.freeze(getattr(body.entity, name)) for name, field in kind.entity_type.objects.items()]
                )
        order = sorted(columns)
        values = np.array([columns[one] for one in order]).reshape(len(order), -1).T
        kept = tuple(zip(*[objects[one] for one in order], strict=True))
        return DrawnTable(kind.entity_type, np.array(order, np.int64), values, kept)

    def _drop_returned(self) -> None:
        returned = {body.entity.id for body in self._bodies if body.leaving and body.share == 0.0}
        if returned:
            self._bodies = [body for body in self._bodies if body.entity.id not in returned]
            self._unlist(returned)

    def _unlist(self, dropped: set[int]) -> None:
        for name, entities in self._lists.items():
            self._lists[name] = [entity for entity in entities if entity.id not in dropped]
