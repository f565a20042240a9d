"""What a client knows of the room it is in: the state at the newest tick, its own avatar ahead of that, the others a
little behind.

Pure; times in seconds. A STATE that does not fit raises DeltaError and changes nothing. `client_demo/sdk/replica.js` is
the twin. A shared step that raises ends prediction there, because the step came from the server; here the caller
brought it, so the error goes to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.client.clock import InterpolationClock
from gameserver.client.contact import Others
from gameserver.client.drawn import Drawn
from gameserver.client.interpolation import Interpolator
from gameserver.client.predicted_world import PredictedWorld
from gameserver.client.prediction import Outcome, Predictor
from gameserver.client.spawns import PredictedSpawns

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.inputs import InputFrames
    from gameserver.client.session_events import PredictedContact, PredictedTick
    from gameserver.client.state_reader import StateReader
    from gameserver.protocol.messages import State, Welcome
    from gameserver.state.entity import Entity
    from gameserver.state.inputs import Inputs
    from gameserver.state.table import Table
    from gameserver.state.touch import Touch
    from gameserver.sync.decode.view_state import ViewState

NOT_DRAWN_AFTER_S = 0.5
"""A client that has drawn nothing for this long shows nothing to its player."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a client brings to the room.

    Args:
        entities: Own entity classes, in place of made-up ones of the same names.
        inputs: An own input class, in place of a made-up one.
        predict: The room's shared step, if the own avatar is to be predicted.
        predict_contact: The room's shared function for avatars that touch, if that is to be predicted too.
        predict_world: The room's declaration of the bodies near the avatar, if they are to be predicted too.
        snap_distance: An error of the prediction beyond it is not eased out, in the avatar's own units; None: by the
            present speed.
        on_predicted: Called after each predicted tick, to show at once what it spawns.
        on_contact: Called after each predicted tick with each contact of `predict_world` that has changed a body in it,
            to show at once what comes of it.
        interpolate: Whether snapshots are kept for drawing between them; a client that never draws needs none.
        events_at_once: Report events when they arrive, not when what is drawn has reached them.
    """

    entities: tuple[type[Entity], ...] = ()
    inputs: type[Inputs] | None = None
    predict: Callable[[Any, Any, float], object] | None = None
    predict_contact: Callable[[Any, Any, float], object] | None = None
    predict_world: Touch | None = None
    snap_distance: float | None = None
    on_predicted: Callable[[PredictedTick], object] | None = None
    on_contact: Callable[[PredictedContact], object] | None = None
    interpolate: bool = True
    events_at_once: bool = False


class Replica:
    """One room, followed.

    Args:
        welcome: Where the client is: the room's schema and pace.
        options: What the client brings to the room.
        reader: Decodes STATE messages.

    Raises:
        ProtocolError: The WELCOME's schema makes no sense.
    """

    def __init__(self, welcome: Welcome, options: Options, reader: StateReader) -> None:
        self._options = options
        self._reader = reader
        self._decoder = reader.decoder(welcome, options.entities, options.inputs)
        self._tick_hz = welcome.tick_hz
        self.schema = self._decoder.schema
        self.tick_s = 1.0 / welcome.tick_hz
        self.clock = InterpolationClock(self.tick_s, welcome.snapshot_every)
        self._interpolator = Interpolator(self.schema, welcome.tick_hz)
        self.spawns = PredictedSpawns(self.schema, self.tick_s)
        self.view: ViewState = self._decoder.empty()
        """The newest state."""
        self.predictor: Predictor | None = None
        self._others: Others | None = None
        self.world: PredictedWorld | None = None
        """The bodies near the avatar, where the room predicts them."""
        self.avatar_id: int | None = None
        """The entity that the player steers, as the server last said."""
        self.corrections = 0
        """States that moved the avatar from where it was predicted to be."""

    def set_avatar(self, entity_id: int | None) -> None:
        """The player steers this entity from now on."""
        if entity_id != self.avatar_id:
            self.avatar_id = entity_id
            self._drop_predictor()

    def forget_pending(self) -> None:
        """Frames and spawns from before a lost link must not act on the state that comes after."""
        if self.predictor is not None:
            self.predictor.forget_pending()
        if self.world is not None:
            self.world.clear()
        self.spawns.clear()

    # -- what the server says ----------------------------------------------------------------------------------------

    def apply(self, state: State, now_s: float, frames: InputFrames) -> None:
        """Take a STATE.

        Raises:
            DeltaError: It does not fit; nothing has changed.
        """
        view = self.view = self._reader.apply(self._decoder, self.view, state)
        self.clock.arrived(view.tick, now_s)
        if self._options.interpolate:
            self._interpolator.add(view)
        if len(self.spawns):
            sent_at_s = frames.round_trip.sent_at_s(state.seq)
            at_s = None if sent_at_s is None else sent_at_s + self.tick_s
            self.spawns.reconcile(view, state.seq, at_s, self.world)
        self._reconcile(state, now_s, frames)

    def _reconcile(self, state: State, now_s: float, frames: InputFrames) -> None:
        found = None if self.avatar_id is None or self._options.predict is None else self._find(self.avatar_id)
        if found is None:
            self._drop_predictor()
            return
        index, row = found
        table = self.view.tables[index]
        codes = table.codes[:, row].tolist()
        objects = [column[row] for column in table.objects]
        if self.predictor is None:
            self._begin(index, state.seq, codes, objects, frames, now_s)
            return
        self._see_others(table, state.seq)
        if self.world is not None:
            self.world.take(state.seq, self.view, self.predictor.avatar, now_s)
        outcome = self.predictor.received(self.view.tick, state.seq, codes, objects, now_s)
        self.corrections += outcome is not Outcome.MATCHED
        if self.world is not None:
            self.world.settle(now_s)

    def _begin(
        self, index: int, seq: int, codes: list[int], objects: list[object], frames: InputFrames, now_s: float
    ) -> None:
        """Predict the avatar from this state on, with the frames that the server has not consumed yet."""
        assert self._options.predict is not None
        assert self.avatar_id is not None
        if self._options.predict_contact is not None:
            self._others = Others(self.schema.entities[index], self._options.predict_contact, self._tick_hz)
            self._see_others(self.view.tables[index], seq)
        touch, snap_distance = self._options.predict_world, self._options.snap_distance
        if touch is not None:
            self.world = PredictedWorld(self.schema, touch, self._options.predict, self._tick_hz)
            snap_distance = touch.snap_distance if snap_distance is None else snap_distance
        self.predictor = Predictor(
            self.schema.entities[index],
            self.schema.inputs,
            self._options.predict,
            self._tick_hz,
            snap_distance=snap_distance,
            others=self._others if self.world is None else self.world,
        )
        self.predictor.begin(self.view.tick, seq, codes, objects, self.avatar_id)
        if self.world is not None:
            self.world.take(seq, self.view, self.predictor.avatar, now_s)
        for frame in frames.recent:
            if frame.seq > seq:
                self.predict(frame.seq, frame.codes, frames.pacer.ticked_at_s, self.tick_s)

    def _see_others(self, table: Table, seq: int) -> None:
        if self._others is not None and self.avatar_id is not None:
            self._others.see(seq, table, self.avatar_id)

    def _drop_predictor(self) -> None:
        self._others = None
        self.world = None
        self.predictor = None

    def _find(self, entity_id: int) -> tuple[int, int] | None:
        """Return the index of an entity's type and its row; None if it is not in the view."""
        for index, table in enumerate(self.view.tables):
            row = table.row(entity_id)
            if row is not None:
                return index, row
        return None

    # -- the own avatar ----------------------------------------------------------------------------------------------

    def predict(self, seq: int, codes: tuple[int, ...], ticked_at_s: float, length_s: float) -> None:
        """Run a tick of the client's for the own avatar.

        Args:
            seq: Number of the tick's input frame.
            codes: Codes of the inputs.
            ticked_at_s: When the tick was due.
            length_s: How long it lasts.
        """
        if self.predictor is not None:
            self.predictor.predict(seq, codes, ticked_at_s, length_s)
            if self.world is not None:
                self.world.ticked(ticked_at_s, length_s)

    def drop(self, seq: int) -> None:
        """Input frame `seq` was never sent: the server will not consume it."""
        if self.predictor is not None:
            self.predictor.drop(seq)
        if self.world is not None:
            self.world.drop(seq)

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def seen(self, now_s: float) -> float | None:
        """Return the tick of the others that is on the screen; None when nothing is drawn."""
        if self.clock.drawn_s is None or now_s - self.clock.drawn_at_s > NOT_DRAWN_AFTER_S:
            return None
        return max(0.0, self.clock.drawn_s / self.tick_s)

    def draw(self, now_s: float) -> Drawn | None:
        """Return everyone as to be drawn now, a little in the past; None before the first STATE."""
        drawn = self._interpolator.draw(self.clock.draw(now_s))
        if drawn is None:
            return None
        if self.world is not None:
            drawn = self.world.draw(drawn, now_s)
        tick = max(0.0, drawn.tick)
        spawns, hidden = self.spawns.draw(tick, now_s, self.world)
        if not hidden and tick == drawn.tick:
            return drawn
        return Drawn(tick, tuple([table.without(hidden) for table in drawn.tables]), tuple(spawns))

    def draw_avatar(self, now_s: float) -> Any:
        """Return the own avatar as to be drawn now, predicted; None without one, or without a step to predict it."""
        return None if self.predictor is None else self.predictor.pose(now_s)
