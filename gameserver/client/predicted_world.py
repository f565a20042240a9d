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
- There is a bound on bodies times ticks. What is farthest is given up first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.client.drawn import Drawn, DrawnTable
from gameserver.client.grid import compile_snap
from gameserver.client.pose import Pose
from gameserver.state.fields import Angle, Float
from gameserver.state.touch import MAX_BODIES, run_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gameserver.client.grid import Snap
    from gameserver.state.entity import EntityType
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.state.touch import Touch
    from gameserver.sync.decode.view_state import ViewState

    Codes = tuple[int, ...]

MAX_BODY_TICKS = 1024
"""Bodies times ticks that a state may have run again: 32 bodies at half a second and 60 ticks a second."""
LEAVE_FACTOR = 1.1
"""A body within reach stays until it is farther than the reach by this factor."""
BLEND_S = 0.25
"""How long a body is drawn on its way between the past that is interpolated and the present that is predicted."""


@dataclass(slots=True)
class BodyStats:
    """How well the bodies of one type are predicted."""

    bodies: int = 0
    """How many are predicted now."""
    corrections: int = 0
    """How often a state moved one of them from where it was predicted to be."""
    units: float = 0.0
    """How far the newest of these corrections moved what is drawn."""
    late: int = 0
    """Corrections with a state before which the server repeated or dropped an input frame of this client."""
    others: int = 0
    """Corrections with a state in which something that others steer was elsewhere than predicted too."""
    rules: int = 0
    """All other corrections: rules outside of the predicted world, bodies that were out of reach, rules that differ."""


class _Kind:
    """The bodies of one type."""

    def __init__(self, index: int, entity_type: EntityType, touch: Touch) -> None:
        names = list(entity_type.numeric)
        self.index = index
        self.entity_type = entity_type
        self.steered = entity_type.name in {cls.__name__ for cls in touch.steered}
        self.place = [(names.index(name), float(entity_type.numeric[name].step)) for name in touch.place]
        self.snap: Snap = compile_snap(entity_type)
        fields = list(entity_type.numeric.values())
        self.moving = [i for i, field in enumerate(fields) if isinstance(field, Float | Angle)]
        self.stats = BodyStats()

    def distances(self, table: Table, x: float, y: float) -> list[float]:
        """Return how far each row of a table is from a place."""
        (column_x, step_x), (column_y, step_y) = self.place
        rows = zip(table.codes[column_x].tolist(), table.codes[column_y].tolist(), strict=True)
        return [_distance(at_x * step_x - x, at_y * step_y - y) for at_x, at_y in rows]


class _Body:
    """One predicted body."""

    __slots__ = ("before", "codes", "entity", "held", "kind", "leaving", "pose", "share", "was")

    def __init__(self, kind: _Kind, entity_id: int, tick_s: float, snap_distance: float) -> None:
        self.kind = kind
        self.entity: Any = object.__new__(kind.entity_type.cls)
        self.entity.id = entity_id
        self.pose = Pose(kind.entity_type, tick_s, snap_distance)
        self.held: Any = None
        """The controls that its fields hold, if it is steered."""
        self.codes: Codes = ()
        """Its codes after the newest predicted tick."""
        self.before: Codes | None = None
        """The same before the state that is being taken; None: it was not predicted before."""
        self.was: list[float] = []
        """Where it was drawn then."""
        self.share = 0.0
        """How much of the way from the past to the present it has come."""
        self.leaving = False

    def load(self, table: Table, row: int) -> None:
        """Set it to what a state has of it."""
        entity_type = self.kind.entity_type
        codes = table.codes[:, row]
        self.codes = tuple(codes.tolist())
        entity_type.load([self.entity], codes.reshape(-1, 1), {})
        for (name, field), column in zip(entity_type.objects.items(), table.objects, strict=True):
            setattr(self.entity, name, field.thaw(column[row]))
        self.pose.place(self.entity)


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
        self._kinds = [_Kind(index, schema.entities[index], touch) for index in indexes]
        self._bodies: list[_Body] = []
        """In the order of the types, ids ascending in each."""
        self._lists: dict[str, list[Any]] = {}
        """The entities of each type, the own avatar among them."""
        self._own_shows: tuple[str, ...] = ()
        self._tick = self._seq = self._newest_seq = 0
        self._on_time = True
        self._ticked_at_s, self._tick_length_s = -math.inf, self._dt
        self._drawn_at_s = -math.inf
        self._gone: dict[int, int] = {}
        """Bodies that are gone from the newest state, with its tick: the past that is drawn may still hold them."""

    def __len__(self) -> int:
        return len(self._bodies)

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
        self._lists.clear()
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
            body.before = body.codes
            body.was = body.pose.at(body.entity, now_s)
        known = {body.entity.id: body for body in self._bodies}
        self._bodies = []
        near = self._choose(view, avatar, known)
        for kind in self._kinds:
            table = view.tables[kind.index]
            for row, entity_id in enumerate(table.ids.tolist()):
                if entity_id in near:
                    body = known[entity_id] if entity_id in known else self._enter(kind, entity_id)
                    body.load(table, row)
                    body.held = self._shown(body.entity) if kind.steered else None
                    self._bodies.append(body)
        for body in known.values():
            if body.entity.id not in near and not self._is_in(view, body):
                self._gone[body.entity.id] = view.tick
        self._make_lists(avatar)

    def _choose(self, view: ViewState, avatar: Any, known: dict[int, _Body]) -> set[int]:
        """Return the ids of the bodies to predict: the nearest ones, and those that are still on their way back."""
        x, y = (float(getattr(avatar, name)) for name in self._touch.place)
        reach = self._touch.reach
        limit = min(MAX_BODIES, MAX_BODY_TICKS // max(1, self._newest_seq - self._seq))
        near: list[tuple[float, int]] = []
        leaving: list[tuple[float, int]] = []
        for kind in self._kinds:
            table = view.tables[kind.index]
            for entity_id, distance in zip(table.ids.tolist(), kind.distances(table, x, y), strict=True):
                if entity_id == avatar.id:
                    continue
                body = known.get(entity_id)
                stays = body is not None and not body.leaving
                if distance < (reach * LEAVE_FACTOR if stays else reach):
                    near.append((distance, entity_id))
                elif body is not None and body.share > 0.0:
                    leaving.append((distance, entity_id))
        near.sort()
        leaving = sorted(leaving + [one for one in near[limit:] if one[1] in known and known[one[1]].share > 0.0])
        chosen = {entity_id for _, entity_id in near[:limit]}
        for entity_id, body in known.items():
            body.leaving = entity_id not in chosen
        return chosen | {entity_id for _, entity_id in leaving[:limit]}

    def _enter(self, kind: _Kind, entity_id: int) -> _Body:
        body = _Body(kind, entity_id, self._dt, self._touch.snap_distance)
        body.pose.tick(self._ticked_at_s, self._tick_length_s)
        return body

    def _is_in(self, view: ViewState, body: _Body) -> bool:
        return view.tables[body.kind.index].row(body.entity.id) is not None

    def _make_lists(self, avatar: Any) -> None:
        name = type(avatar).entity_type.name
        self._lists = {kind.entity_type.name: [] for kind in self._kinds}
        for body in self._bodies:
            self._lists[body.kind.entity_type.name].append(body.entity)
        self._own_shows = ()
        if name in self._lists:
            own = self._lists[name]
            own.append(avatar)
            own.sort(key=lambda entity: entity.id)
            steered = any(kind.steered for kind in self._kinds if kind.entity_type.name == name)
            self._own_shows = tuple(self._touch.shows) if steered else ()

    def settle(self, now_s: float) -> None:
        """The pending frames were stepped again: count what is elsewhere now, and ease it out."""
        moved = [body for body in self._bodies if body.before is not None and self._has_moved(body)]
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

    def _has_moved(self, body: _Body) -> bool:
        assert body.before is not None
        counter = body.kind.entity_type.jumps
        if counter is not None and body.before[counter] != body.codes[counter]:
            body.pose.settle()
            body.share = 0.0 if body.leaving else 1.0
            return False
        return any(body.before[i] != body.codes[i] for i in body.kind.moving)

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
        if self._lists:
            run_world(self._touch, self._lists, self._dt)
        for body in self._bodies:
            body.codes = body.kind.snap(body.entity, body.codes)
            body.pose.step(body.entity)

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
        if any(body.leaving and body.share == 0.0 for body in self._bodies):
            self._drop(lambda body: body.leaving and body.share == 0.0)
        return Drawn(drawn.tick, tuple(tables), drawn.spawns)

    def _draw_kind(
        self, kind: _Kind, table: DrawnTable, bodies: Iterable[_Body], elapsed_s: float, now_s: float
    ) -> DrawnTable:
        ids = table.ids.tolist()
        columns = dict(zip(ids, table.values.T.copy(), strict=True))
        objects = dict(zip(ids, zip(*table.objects, strict=True) if table.objects else [()] * len(ids), strict=True))
        for body in bodies:
            entity_id = body.entity.id
            past = columns.get(entity_id)
            move_share(body, elapsed_s, drawn_before=past is not None)
            columns[entity_id] = _blend(body, past, now_s)
            if body.share >= 0.5 or past is None:
                objects[entity_id] = tuple(
                    [field.freeze(getattr(body.entity, name)) for name, field in kind.entity_type.objects.items()]
                )
        order = sorted(columns)
        values = np.array([columns[one] for one in order]).reshape(len(order), -1).T
        kept = tuple(zip(*[objects[one] for one in order], strict=True))
        return DrawnTable(kind.entity_type, np.array(order, np.int64), values, kept)

    def _drop(self, unwanted: Callable[[_Body], bool]) -> None:
        dropped = {body.entity.id for body in self._bodies if unwanted(body)}
        self._bodies = [body for body in self._bodies if body.entity.id not in dropped]
        for name, entities in self._lists.items():
            self._lists[name] = [entity for entity in entities if entity.id not in dropped]


def move_share(body: _Body, elapsed_s: float, *, drawn_before: bool) -> None:
    """Move a body on its way between the past and the present."""
    step = elapsed_s / BLEND_S
    if not drawn_before:
        body.share = 1.0
    elif body.leaving:
        body.share = max(0.0, body.share - step)
    else:
        body.share = min(1.0, body.share + step)


def _blend(body: _Body, past: Any, now_s: float) -> Any:
    """Return the values of a body as it is drawn: between the interpolated ones and the predicted ones."""
    entity_type = body.kind.entity_type
    present = np.array(body.codes, np.float64) * entity_type.step[:, 0]
    body.pose.write_columns(present, body.entity, now_s)
    if past is None or body.share == 1.0:
        return present
    weight = body.share * body.share * (3.0 - 2.0 * body.share)
    values = present if body.share >= 0.5 else past.copy()
    body.pose.mix(values, past, present, weight)
    return values


def _distance(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)
