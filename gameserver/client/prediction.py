"""The player's own avatar, ahead of the server: predicted with the shared step, put right when the server says
otherwise.

Pure. docs/guide/time.md section 6 states the algorithm, and `client_demo/sdk/prediction.js` is its twin.

Rules kept here:
- The step runs on values that are on their grid and with `dt` of exactly one tick, as on the server; so without
  contact the prediction is not nearly but exactly right, and a correction means that something really differed.
- A received state that is what was predicted changes nothing (but for what it tells of `others`). Any other one is
  taken whole, and the frames that the server has not consumed yet are stepped again on top of it.
- What is drawn never jumps for a small error: the pose keeps its place at that instant, and the difference is eased
  out.
- What the author says was put elsewhere (a `Jumps` field) is there at once, and is no correction.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from gameserver.client.grid import compile_snap
from gameserver.client.interpolation import JUMP_FACTOR, JUMP_SLACK_STEPS
from gameserver.state.fields import TURN, Angle, Float, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.client.contact import Others
    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import InputsType

    Codes = tuple[int, ...]
    Pose = list[float]

MAX_PENDING = 256
"""Frames not acknowledged yet: more than a second at 240 Hz. Beyond it the link is as good as dead, and the oldest
go."""

EASE_S = 0.1
"""An error of the drawn pose shrinks by a factor e in this time: gone before it is noticed, slow enough not to be
seen."""
SNAP_AFTER_S = 0.5
"""An error of more than the way made in this time is no error but another place: the pose snaps."""
DIAGNOSED_STATES = 64
DIVERGING_STATES = 4
"""Of the last 64 states, so many that differ without a lost frame say that the rules differ; one or two may be hits."""


class Outcome(Enum):
    """What a received state said about the prediction, and `Predictor.diagnosis` about the last few seconds."""

    MATCHED = "matched"
    JITTER = "jitter"
    """The server repeated or dropped a frame."""
    DIVERGING = "diverging"
    """Every frame was consumed, and still the state differs: something else touched the avatar, or the rules differ."""


class _Frame(NamedTuple):
    seq: int
    inputs: Codes
    result: Codes


class _Eased(NamedTuple):
    """A field whose drawn value is smoothed. `rate`: the name of its rate field, if any."""

    name: str
    place: int
    is_angle: bool
    rate: str | None
    step: float


class Predictor:
    """Follows one avatar. `step(avatar, controls, dt)` is the room's shared step; `snap_distance` is in the avatar's
    own units; `others`, if the room has a `predict_contact`, are those that it may touch.
    """

    def __init__(
        self,
        entity_type: EntityType,
        inputs: InputsType,
        step: Callable[[Any, Any, float], object],
        tick_hz: int,
        *,
        snap_distance: float | None = None,
        others: Others | None = None,
    ) -> None:
        self.entity_type = entity_type
        self._inputs = inputs
        self._step = step
        self._dt = 1.0 / tick_hz
        self._snap_distance = snap_distance
        self._others = others
        self._fields = [
            (i, name, f) for i, (name, f) in enumerate(entity_type.numeric.items()) if not isinstance(f, Ref)
        ]
        self._grid = compile_snap(entity_type)
        self._unpredicted: Codes = ()
        self._motion = [i for i, _, field in self._fields if isinstance(field, Float | Angle)]
        self._eased = _eased_fields(entity_type)
        self._counter = entity_type.jumps
        self._counter_name = None if self._counter is None else list(entity_type.numeric)[self._counter]
        self._leapt = False
        """Whether the newest tick of the step itself put the avatar elsewhere."""
        self._pending: deque[_Frame] = deque(maxlen=MAX_PENDING)
        self._outcomes: deque[Outcome] = deque(maxlen=DIAGNOSED_STATES)
        self._received: Codes = ()
        self._tick = self._seq = 0
        self._offset: Pose = [0.0] * len(self._eased)
        self._previous: Pose = list(self._offset)
        self._posed_at_s = self._ticked_at_s = -math.inf
        self._tick_length_s = self._dt
        self.entity_id: int | None = None
        """The avatar that is followed; None before `begin`."""
        self.avatar: Any = entity_type.cls()
        """The avatar after the newest predicted tick, exactly as the server will have it. Read only."""
        self.before: dict[str, Any] = {}
        """Its attributes one tick before."""
        self._drawn: Any = entity_type.cls()
        self.corrections = 0
        """States that moved the avatar from where it was predicted to be."""
        self.correction_units = 0.0
        """How far off the newest of them found the drawn pose, in the avatar's own units."""

    @property
    def pending(self) -> int:
        """Frames predicted and not acknowledged yet."""
        return len(self._pending)

    @property
    def diagnosis(self) -> Outcome:
        """What the last few seconds say: `DIVERGING` only when it goes on."""
        if self._outcomes.count(Outcome.DIVERGING) >= DIVERGING_STATES:
            return Outcome.DIVERGING
        return Outcome.JITTER if Outcome.JITTER in self._outcomes else Outcome.MATCHED

    # -- the client's tick and the server's states -------------------------------------------------------------------

    def begin(self, tick: int, seq: int, codes: Sequence[int], objects: Sequence[object], entity_id: int) -> None:
        """Follow the avatar `entity_id` from a received state on. Frames that are on their way already are stepped on
        top of it.
        """
        self.entity_id = self._drawn.id = self.avatar.id = entity_id
        self._outcomes.clear()
        self._tick, self._seq, self._received = tick, seq, tuple(codes)
        self._offset = [0.0] * len(self._eased)
        while self._pending and self._pending[0].seq <= seq:
            self._pending.popleft()
        self._restep(objects)

    def forget_pending(self) -> None:
        """The link was lost: frames made before must not act on the state that comes after."""
        self._pending.clear()

    def predict(self, seq: int, inputs: Codes, ticked_at_s: float, tick_length_s: float) -> None:
        """Run the client's tick `seq`, which was due at `ticked_at_s` and lasts `tick_length_s`."""
        if self.entity_id is None:
            self._pending.append(_Frame(seq, inputs, ()))
        else:
            self.before = dict(vars(self.avatar))
            self._advance(seq, inputs)
        self._ticked_at_s = ticked_at_s
        self._tick_length_s = tick_length_s

    def received(self, tick: int, seq: int, codes: Sequence[int], objects: Sequence[object], now_s: float) -> Outcome:
        """A STATE came, with the avatar as it is at `tick`, the frame `seq` consumed."""
        expected = self._received if seq == self._seq else None
        while self._pending and self._pending[0].seq <= seq:
            frame = self._pending.popleft()
            expected = frame.result if frame.seq == seq else None
        ticks, frames = tick - self._tick, seq - self._seq
        self._tick, self._seq, self._received = tick, seq, tuple(codes)
        outcome = Outcome.MATCHED
        if expected != self._received or (self._others and self._pending):
            if self._replay(objects, now_s):
                self.corrections += 1
                outcome = Outcome.DIVERGING if ticks == frames else Outcome.JITTER
        else:
            self._set_objects(objects)
        self._outcomes.append(outcome)
        return outcome

    def _replay(self, objects: Sequence[object], now_s: float) -> bool:
        """Take the received state and step the pending frames again; return whether the avatar is elsewhere now."""
        before, drawn = self._snap(), self._pose(now_s)
        self._restep(objects)
        after = self._snap()
        if self._counter is not None and before[self._counter] != after[self._counter]:
            self._offset = [0.0] * len(self._eased)
            return False
        if all(before[i] == after[i] for i in self._motion):
            return False
        self._ease(drawn, now_s)
        return True

    def _restep(self, objects: Sequence[object]) -> None:
        """Put the avatar to the received state, and step the pending frames on top of it."""
        frames, self._pending = self._pending, deque(maxlen=MAX_PENDING)
        self._load(self._received, objects)
        self._previous = self._values()
        self._leapt = False
        for frame in frames:
            self._advance(frame.seq, frame.inputs)

    def _advance(self, seq: int, inputs: Codes) -> None:
        self._previous = self._values()
        count = self._count()
        self._step(self.avatar, self._inputs.from_codes(inputs), self._dt)
        if self._others:
            self._others.touch(self.avatar, seq)
        self._pending.append(_Frame(seq, inputs, self._snap()))
        self._leapt = count != self._count()

    def _count(self) -> int:
        """How often the avatar was put elsewhere, by its own count."""
        return 0 if self._counter_name is None else vars(self.avatar)[self._counter_name]

    # -- the avatar's values -----------------------------------------------------------------------------------------

    def _load(self, codes: Sequence[int], objects: Sequence[object]) -> None:
        self._unpredicted = tuple(codes)
        values = vars(self.avatar)
        for place, name, field in self._fields:
            values[name] = field.decode(codes[place])
        self._set_objects(objects)

    def _set_objects(self, objects: Sequence[object]) -> None:
        for (name, field), frozen in zip(self.entity_type.objects.items(), objects, strict=True):
            setattr(self.avatar, name, field.thaw(frozen))

    def _snap(self) -> Codes:
        """Put every field on its grid, as the server does after each tick; return the codes."""
        return self._grid(self.avatar, self._unpredicted)

    def _values(self) -> Pose:
        values = vars(self.avatar)
        return [values[field.name] for field in self._eased]

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def pose(self, now_s: float) -> Any:
        """Return the avatar as it is to be drawn now. The same object each time: read it, do not keep it."""
        drawn = vars(self._drawn)
        drawn.update(vars(self.avatar))
        for field, value in zip(self._eased, self._pose(now_s), strict=True):
            drawn[field.name] = value % TURN if field.is_angle else value
        return self._drawn

    def _pose(self, now_s: float) -> Pose:
        self._decay(now_s)
        return [at + off for at, off in zip(self._between_ticks(now_s), self._offset, strict=True)]

    def _between_ticks(self, now_s: float) -> Pose:
        """The way from the tick before to the newest one, as far as time has come."""
        current = self._values()
        if self._jumped(current):
            return current
        share = min(1.0, max(0.0, (now_s - self._ticked_at_s) / self._tick_length_s))
        return [
            before + share * _way(field, before, after)
            for field, before, after in zip(self._eased, self._previous, current, strict=True)
        ]

    def _jumped(self, current: Pose) -> bool:
        if self._counter is not None:
            return self._leapt
        for field, before, after in zip(self._eased, self._previous, current, strict=True):
            if field.rate is not None and not field.is_angle:
                explained = JUMP_FACTOR * self._dt * abs(getattr(self.avatar, field.rate))
                if abs(after - before) > explained + JUMP_SLACK_STEPS * field.step:
                    return True
        return False

    def _ease(self, drawn: Pose, now_s: float) -> None:
        """Draw on from `drawn`, unless it is too far from where the avatar is now."""
        now = self._between_ticks(now_s)
        self._offset = [_way(field, at, was) for field, at, was in zip(self._eased, now, drawn, strict=True)]
        moved = [off for field, off in zip(self._eased, self._offset, strict=True) if not field.is_angle]
        self.correction_units = math.hypot(*moved)
        if any(self._is_far(field, off) for field, off in zip(self._eased, self._offset, strict=True)):
            self._offset = [0.0] * len(self._eased)

    def _is_far(self, field: _Eased, off: float) -> bool:
        if field.rate is None or field.is_angle:
            return False
        limit = self._snap_distance
        if limit is None:
            limit = SNAP_AFTER_S * abs(getattr(self.avatar, field.rate)) + JUMP_SLACK_STEPS * field.step
        return abs(off) > limit

    def _decay(self, now_s: float) -> None:
        frame_s = now_s - self._posed_at_s
        self._posed_at_s = now_s
        if any(self._offset):
            share = math.exp(-max(0.0, frame_s) / EASE_S)
            self._offset = [
                off * share if abs(off * share) >= field.step / 2 else 0.0
                for field, off in zip(self._eased, self._offset, strict=True)
            ]


def _eased_fields(entity_type: EntityType) -> list[_Eased]:
    names = list(entity_type.numeric)
    rates = {target: names[rate] for target, rate in entity_type.rates}
    return [
        _Eased(name, place, isinstance(field, Angle), rates.get(place), field.step)
        for place, (name, field) in enumerate(entity_type.numeric.items())
        if isinstance(field, Angle) or place in rates
    ]


def _way(field: _Eased, start: float, end: float) -> float:
    """The way from one value to another; of an angle, the short way round."""
    if not field.is_angle:
        return end - start
    return (end - start + TURN / 2) % TURN - TURN / 2
