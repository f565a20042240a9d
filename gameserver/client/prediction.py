"""The player's own avatar, ahead of the server: predicted with the shared step, put right when the server says
otherwise.

Pure. docs/guide/time.md section 6 states the algorithm; `client_demo/sdk/prediction.js` is the twin, and a test
compares the two.

Rules kept here:
- The step runs on values that are on their grid and with `dt` of exactly one tick, as on the server; so without
  contact the prediction is exactly right, and a correction means that something really differed.
- A received state that is what was predicted changes nothing (but for what it says of the others that the avatar may
  touch). Any other one is taken whole, and the frames that the server has not consumed yet are stepped again on top.
- What is drawn never jumps for a small error: the pose keeps its place at that instant, and the difference is eased
  out (`pose.py`).
- What the author says was put elsewhere (a `Jumps` field) is there at once, and is no correction.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from gameserver.client.grid import compile_snap
from gameserver.client.pose import Pose
from gameserver.state.fields import Angle, Float, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.client.contact import Others
    from gameserver.client.predicted_world import PredictedWorld
    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import InputsType

    Codes = tuple[int, ...]

MAX_PENDING = 256
"""Frames not acknowledged yet: more than a second at 240 Hz. Beyond it the link is as good as dead, and the oldest
are dropped."""

DIAGNOSED_STATES = 64
DIVERGING_STATES = 4
"""Of the last 64 states, four that differ without a lost frame say that the rules differ; one or two may be hits."""


class Outcome(Enum):
    """What a received state says about the prediction, and `Predictor.diagnosis` about the last few seconds."""

    MATCHED = "matched"
    """The prediction is right."""
    JITTER = "jitter"
    """The server repeated or dropped a frame."""
    DIVERGING = "diverging"
    """Every frame was consumed, and still the state differs: something else touched the avatar, or the rules differ."""


class _Frame(NamedTuple):
    seq: int
    inputs: Codes
    result: Codes


class Predictor:
    """Follows one avatar.

    Args:
        entity_type: The avatar's.
        inputs: The room's input class.
        step: The room's shared step, called with the avatar, the controls and `dt`; it changes the avatar.
        tick_hz: The room's ticks a second.
        snap_distance: An error beyond it is not eased out, in the avatar's own units; None: by the present speed.
        others: Those that the avatar may touch, if the room predicts contact or the bodies near it.
    """

    def __init__(
        self,
        entity_type: EntityType,
        inputs: InputsType,
        step: Callable[[Any, Any, float], object],
        tick_hz: int,
        *,
        snap_distance: float | None = None,
        others: Others | PredictedWorld | None = None,
    ) -> None:
        self.entity_type = entity_type
        self._inputs = inputs
        self._step = step
        self._dt = 1.0 / tick_hz
        self._others = others
        self._pose = Pose(entity_type, self._dt, snap_distance)
        self._fields = [
            (i, name, f) for i, (name, f) in enumerate(entity_type.numeric.items()) if not isinstance(f, Ref)
        ]
        self._grid = compile_snap(entity_type)
        self._moving = [i for i, _, field in self._fields if isinstance(field, Float | Angle)]
        """The columns whose change makes a correction."""
        self._counter = entity_type.jumps
        self._pending: deque[_Frame] = deque(maxlen=MAX_PENDING)
        self._outcomes: deque[Outcome] = deque(maxlen=DIAGNOSED_STATES)
        self._received: Codes = ()
        """Codes of the avatar in the newest state; its references are the server's alone."""
        self._tick = self._seq = 0
        self.avatar: Any = entity_type.cls()
        """The avatar after the newest predicted tick, exactly as the server will have it. Read only."""
        self.before: dict[str, Any] = {}
        """Its attributes one tick before."""
        self.controls: Any = None
        """What the newest step ran with."""
        self._drawn: Any = entity_type.cls()
        self.corrections = 0
        """States that moved the avatar from where it was predicted to be."""

    @property
    def correction_units(self) -> float:
        """How far off the newest correction found the drawn pose, in the avatar's own units."""
        return self._pose.error_units

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
        """Start at a received state, forgetting everything before it.

        Args:
            tick: The state's tick.
            seq: Newest input frame consumed in it.
            codes: The avatar's codes.
            objects: The avatar's texts and lists, frozen.
            entity_id: The avatar's id.
        """
        self._drawn.id = self.avatar.id = entity_id
        self._pending.clear()
        self._outcomes.clear()
        self._tick, self._seq, self._received = tick, seq, tuple(codes)
        self._load(codes, objects)
        self._pose.begin(self.avatar)

    def forget_pending(self) -> None:
        """The link was lost: frames made before must not act on the state that comes after."""
        self._pending.clear()

    def predict(self, seq: int, inputs: Codes, ticked_at_s: float, tick_length_s: float) -> None:
        """Run the client's tick `seq`.

        Args:
            seq: Number of the tick's input frame.
            inputs: Codes of the inputs.
            ticked_at_s: When the tick was due.
            tick_length_s: How long it lasts.
        """
        self.before = dict(vars(self.avatar))
        self._advance(seq, inputs)
        self._pose.tick(ticked_at_s, tick_length_s)

    def drop(self, seq: int) -> None:
        """Frame `seq` was never sent: the server will not consume it."""
        self._pending = deque([frame for frame in self._pending if frame.seq != seq], maxlen=MAX_PENDING)

    def received(self, tick: int, seq: int, codes: Sequence[int], objects: Sequence[object], now_s: float) -> Outcome:
        """Take a STATE.

        Args:
            tick: Its tick.
            seq: Newest input frame consumed in it.
            codes: The avatar's codes.
            objects: The avatar's texts and lists, frozen.
            now_s: The time now.

        Returns:
            What the state says about the prediction.
        """
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
        before, drawn = self._snap(), self._pose.at(self.avatar, now_s)
        frames, self._pending = self._pending, deque(maxlen=MAX_PENDING)
        self._load(self._received, objects)
        self._pose.place(self.avatar)
        for frame in frames:
            self._advance(frame.seq, frame.inputs)
        after = self._snap()
        if self._counter is not None and before[self._counter] != after[self._counter]:
            self._pose.settle()
            return False
        if all(before[i] == after[i] for i in self._moving):
            return False
        self._pose.ease(self.avatar, drawn, now_s)
        return True

    def _advance(self, seq: int, inputs: Codes) -> None:
        self.controls = self._inputs.from_codes(inputs)
        self._step(self.avatar, self.controls, self._dt)
        if self._others is not None:
            self._others.touch(self.avatar, self.controls, seq)
        self._pending.append(_Frame(seq, inputs, self._snap()))
        self._pose.step(self.avatar)

    # -- the avatar's values -----------------------------------------------------------------------------------------

    def _load(self, codes: Sequence[int], objects: Sequence[object]) -> None:
        values = vars(self.avatar)
        for place, name, field in self._fields:
            values[name] = field.decode(codes[place])
        self._set_objects(objects)

    def _set_objects(self, objects: Sequence[object]) -> None:
        for (name, field), frozen in zip(self.entity_type.objects.items(), objects, strict=True):
            setattr(self.avatar, name, field.thaw(frozen))

    def _snap(self) -> Codes:
        """Put every field on its grid, as the server does after each tick; return the codes."""
        return self._grid(self.avatar, self._received)

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def pose(self, now_s: float) -> Any:
        """Return the avatar as it is to be drawn now. The same object each time: read it, do not keep it."""
        drawn = vars(self._drawn)
        drawn.update(vars(self.avatar))
        self._pose.write(drawn, self.avatar, now_s)
        return self._drawn
