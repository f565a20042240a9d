"""What the player's own actions spawn, shown before the server knows of them: a shot leaves the gun when the key is
pressed.

Pure; times in seconds. A spawn belongs to an input frame. The first STATE that has consumed the frame decides: either
the server's entity is in it and is adopted (the same object goes on, under the server's id, its error eased out), or
there is none and the spawn is withdrawn. An adopted one goes on being drawn in the player's own time, ahead of the
others, until the server's is gone. One that the rules take through the past that its player saw (`Room.rewind`) is
drawn in the time of the others, whom it then meets where they are drawn. One of a type that takes part in the predicted
world (`predicted_world.py`) is drawn where that has it, as long as it takes part: it meets the bodies there in the
player's own present.

`client_demo/sdk/spawns.js` is the twin, and a test compares the two. Fields that are not given have the defaults of the
client's own classes here; a page knows no defaults, so there they are 0, false or empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gameserver.client.pose import EASE_S
from gameserver.state.declare import unknown_field
from gameserver.state.fields import TURN, Angle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.client.predicted_world import PredictedWorld
    from gameserver.state.entity import Entity
    from gameserver.state.schema import Schema
    from gameserver.sync.decode.view_state import ViewState

    Match = Callable[[Any], bool]

MAX_WAIT_S = 2.0
"""A spawn is withdrawn when no STATE has decided on it for this long: the link is as good as dead."""


@dataclass(frozen=True, slots=True)
class _Course:
    """A field that moves by its rate."""

    name: str
    rate: str
    """The name of its rate field."""
    turns: bool
    """Whether it is an angle."""
    lo: float
    hi: float


@dataclass(slots=True)
class _Spawn:
    entity: Any
    index: int
    seq: int
    match: Match
    after_id: int
    """The server's own has a higher id, since it did not exist yet."""
    rewound: bool
    base: dict[str, Any]
    """Its values at `at_s`."""
    at_s: float
    drawn_at_s: float
    """Both in the player's own time; in that of the others once it is adopted and `rewound`."""
    in_world: bool = False
    """Whether it is drawn where the predicted world has it."""
    adopted: bool = False
    ends_at: int | None = None
    """The tick at which the server's own was gone."""
    offsets: dict[str, float] = field(default_factory=dict)
    """What is drawn beside the base's motion."""

    @property
    def among_others(self) -> bool:
        return self.adopted and self.rewound


class PredictedSpawns:
    """The spawns of one session.

    Args:
        schema: The room's schema.
        tick_s: The room's tick in seconds.
    """

    def __init__(self, schema: Schema, tick_s: float) -> None:
        self._schema = schema
        self._tick_s = tick_s
        self._others_s = 0.0
        """The moment at which the others were drawn last."""
        self._courses = [_courses(schema, index) for index in range(len(schema.entities))]
        self._spawns: list[_Spawn] = []
        self._gone: dict[int, int] = {}
        """Adopted and gone from the newest view, at this tick; the past that is drawn may still hold them."""
        self._last_id = 0
        self.withdrawn: list[Entity] = []
        """Those that did not happen, until they are taken."""

    def __len__(self) -> int:
        return len(self._spawns)

    def add(
        self,
        type_name: str,
        values: Mapping[str, Any],
        *,
        seq: int,
        at_s: float,
        match: Match,
        view: ViewState,
        rewound: bool = False,
        world: PredictedWorld | None = None,
    ) -> Entity:
        """Show an entity that an input frame spawned.

        Args:
            type_name: Name of the entity type.
            values: Its fields, as after the tick that spawned it.
            seq: Number of the frame.
            at_s: When the state after that frame is drawn.
            match: Whether an entity of the server's may be this one.
            view: The newest view.
            rewound: Whether the rules take it through the past that this player saw.
            world: The bodies near the avatar, if they are predicted.

        Returns:
            What is drawn, with a negative id until it is adopted.

        Raises:
            KeyError: The room has no type of that name.
            TypeError: The type has no field of that name.
            ValueError: It takes part in the world, and a value is NaN, or one that its field cannot hold.
            OverflowError: It takes part in the world, and a value is infinite.
        """
        index = self._schema.named(type_name)
        entity_type = self._schema.entities[index]
        if not values.keys() <= entity_type.fields.keys():
            raise unknown_field(entity_type.cls, dict(values), entity_type.fields)
        entity = entity_type.cls(**values)
        self._last_id -= 1
        entity.id, entity.alive = self._last_id, True
        after_id = max([int(table.ids[-1]) for table in view.tables if len(table)], default=0)
        base = {name: getattr(entity, name) for name in entity_type.fields}
        spawn = _Spawn(entity, index, seq, match, after_id, rewound, base, at_s, at_s)
        if world is not None and world.holds(index) and not rewound:
            world.spawn(index, entity, seq)
            spawn.in_world = True
        self._spawns.append(spawn)
        return entity

    def reconcile(self, view: ViewState, seq: int, at_s: float | None, world: PredictedWorld | None = None) -> None:
        """Take a STATE: adopt, withdraw, and follow those that were adopted.

        Args:
            view: The view that it made.
            seq: Newest input frame consumed in it.
            at_s: When the state after that frame is drawn in the player's own time; None: not known.
            world: The bodies near the avatar, before they take the STATE.
        """
        kept = []
        for spawn in self._spawns:
            if spawn.adopted:
                stays = self._follow(spawn, view, at_s)
            else:
                stays = spawn.seq > seq or self._adopt(spawn, view, at_s, world)
            if stays:
                kept.append(spawn)
        self._spawns = kept

    def clear(self) -> None:
        """Withdraw what was not adopted; the others are the server's alone again."""
        self.withdrawn += [spawn.entity for spawn in self._spawns if not spawn.adopted]
        self._spawns = []
        self._gone = {}

    def draw(self, tick: float, now_s: float, world: PredictedWorld | None = None) -> tuple[list[Entity], set[int]]:
        """Return the spawns as to be drawn now, and the ids of the server's own, in whose place they are drawn.

        Args:
            tick: The tick at which the others are drawn.
            now_s: The time now.
            world: The bodies near the avatar.
        """
        self._gone = {entity_id: at for entity_id, at in self._gone.items() if at > tick}
        overdue = [spawn for spawn in self._spawns if not spawn.adopted and now_s - spawn.at_s >= MAX_WAIT_S]
        self.withdrawn += [spawn.entity for spawn in overdue]
        over = [spawn for spawn in self._spawns if spawn.ends_at is not None and spawn.ends_at <= tick]
        self._spawns = [spawn for spawn in self._spawns if spawn not in overdue and spawn not in over]
        self._others_s = tick * self._tick_s
        for spawn in self._spawns:
            self._put(spawn, now_s, world)
        drawn = [spawn.entity for spawn in self._spawns]
        return drawn, {*self._gone, *[entity.id for entity in drawn]}

    def _put(self, spawn: _Spawn, now_s: float, world: PredictedWorld | None) -> None:
        """Set a spawn to where it is drawn now."""
        if spawn.in_world and not (world is not None and world.draw_spawn(spawn.entity, now_s)):
            self._leave_world(spawn)
        if spawn.in_world:
            spawn.drawn_at_s = now_s
        else:
            self._move(spawn, self._others_s if spawn.among_others else now_s)

    def _leave_world(self, spawn: _Spawn) -> None:
        """The world has it no more: draw it on by its rates, from where it was drawn."""
        spawn.in_world = False
        self._rebase(spawn, spawn.base, spawn.at_s)

    def _adopt(self, spawn: _Spawn, view: ViewState, at_s: float | None, world: PredictedWorld | None) -> bool:
        """Give the spawn to the server's entity, or withdraw it; return whether it goes on."""
        taken = {other.entity.id for other in self._spawns}
        for found in view.entities(self._schema.entities[spawn.index].name):
            if found.id > spawn.after_id and found.id not in taken and spawn.match(found):
                spawn.adopted = True
                if spawn.in_world and world is not None:
                    world.adopt(spawn.entity.id, found.id)
                spawn.entity.id = found.id
                known_s = self._known_at_s(spawn, view, at_s)
                self._rebase(spawn, self._values(found), spawn.at_s if known_s is None else known_s)
                return True
        self.withdrawn.append(spawn.entity)
        return False

    def _follow(self, spawn: _Spawn, view: ViewState, at_s: float | None) -> bool:
        """Take what the view has of an adopted spawn; return whether it goes on."""
        found = view.get(spawn.entity.id) if view.tables[spawn.index].row(spawn.entity.id) is not None else None
        if found is None and spawn.rewound:
            spawn.ends_at = spawn.ends_at or view.tick
        elif found is None:
            self._gone[spawn.entity.id] = view.tick
            return False
        else:
            known_s = self._known_at_s(spawn, view, at_s)
            if known_s is not None:
                self._rebase(spawn, self._values(found), known_s)
        return True

    def _values(self, found: Entity) -> dict[str, Any]:
        return {name: getattr(found, name) for name in type(found).entity_type.fields}

    def _known_at_s(self, spawn: _Spawn, view: ViewState, at_s: float | None) -> float | None:
        """Return the moment, in the time in which the spawn is drawn, at which it is where the newest view has it."""
        return view.tick * self._tick_s if spawn.rewound else at_s

    def _rebase(self, spawn: _Spawn, base: dict[str, Any], at_s: float) -> None:
        """Let the spawn have these values at that moment, and draw it on from where it is drawn."""
        spawn.base = base
        spawn.at_s = at_s
        if spawn.rewound:
            spawn.drawn_at_s = self._others_s
        drawn = vars(spawn.entity)
        for course in self._courses[spawn.index]:
            off = drawn[course.name] - _place(course, spawn, spawn.drawn_at_s)
            spawn.offsets[course.name] = (off + TURN / 2) % TURN - TURN / 2 if course.turns else off
        drawn.update({name: value for name, value in spawn.base.items() if name not in spawn.offsets})

    def _move(self, spawn: _Spawn, now_s: float) -> None:
        share = math.exp(-max(0.0, now_s - spawn.drawn_at_s) / EASE_S)
        spawn.drawn_at_s = now_s
        for course in self._courses[spawn.index]:
            offset = spawn.offsets[course.name] = spawn.offsets.get(course.name, 0.0) * share
            place = _place(course, spawn, now_s) + offset
            setattr(spawn.entity, course.name, place % TURN if course.turns else place)


def _courses(schema: Schema, index: int) -> list[_Course]:
    fields = list(schema.entities[index].numeric.items())
    courses = []
    for target, rate in schema.entities[index].rates:
        name, moved = fields[target]
        turns = isinstance(moved, Angle)
        lo, hi = (-math.inf, math.inf) if turns else (moved.lo * moved.step, moved.hi * moved.step)
        courses.append(_Course(name, fields[rate][0], turns, lo, hi))
    return courses


def _place(course: _Course, spawn: _Spawn, now_s: float) -> float:
    """Return where a field is at a moment, its rate going on; the others' time is behind the newest state."""
    since_s = now_s - spawn.at_s if spawn.among_others else max(0.0, now_s - spawn.at_s)
    place = spawn.base[course.name] + spawn.base[course.rate] * since_s
    return float(min(course.hi, max(course.lo, place)))
