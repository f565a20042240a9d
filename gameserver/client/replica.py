"""What a client knows of the room it is in: its state at the newest tick, its own avatar ahead of that, the others a
little behind.

Pure: messages and times come in. One replica for each session; a resumed session goes on with the one it had.
Whatever a message says, the replica is changed by it wholly or not at all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.client.clock import InterpolationClock, RoundTrip
from gameserver.client.contact import Others
from gameserver.client.expected import ExpectedEvents
from gameserver.client.interpolation import Drawn, Interpolator
from gameserver.client.pacer import TickPacer
from gameserver.client.prediction import MAX_PENDING, Predictor
from gameserver.client.session_events import PredictedTick
from gameserver.client.spawns import PredictedSpawns
from gameserver.protocol.constants import BEHIND_UNITS_PER_TICK, MAX_BEHIND, CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.client.state_reader import StateReader
    from gameserver.protocol.messages import Event, Events, State, Welcome
    from gameserver.state.entity import Entity
    from gameserver.state.inputs import Inputs
    from gameserver.state.table import Table
    from gameserver.sync.decode.view_state import ViewState

AVATAR_EVENT = "@avatar"

FORGET_FRAME_AFTER_S = 0.5
"""Who has not drawn for so long does not look: it judges by the newest state."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a client brings to the room: its own classes in place of made-up ones, and what it wants to be done with
    the state.
    """

    entities: tuple[type[Entity], ...] = ()
    inputs: type[Inputs] | None = None
    predict: Callable[[Any, Any, float], object] | None = None
    """The room's shared step, if the own avatar is to be predicted."""
    predict_contact: Callable[[Any, Any, float], object] | None = None
    """The room's shared function for avatars that touch, if that is to be predicted too."""
    snap_distance: float | None = None
    on_predicted: Callable[[PredictedTick], object] | None = None
    """Called after each predicted tick, to show at once what it spawns."""
    interpolate: bool = True
    """Whether snapshots are kept for drawing between them; a client that never draws can do without."""


class Replica:
    """See the module. Raises ProtocolError for a WELCOME that makes no sense."""

    def __init__(self, welcome: Welcome, options: Options, reader: StateReader, now_s: float) -> None:
        self.welcome = welcome
        self.options = options
        self._reader = reader
        self._decoder = reader.decoder(welcome, options)
        self.schema = self._decoder.schema
        self.tick_s = 1.0 / welcome.tick_hz
        self.pacer = TickPacer(self.tick_s)
        self.pacer.start(now_s, welcome.seq)
        self.round_trip = RoundTrip()
        self.clock = InterpolationClock(self.tick_s, welcome.snapshot_every)
        self.interpolator = Interpolator(self.schema, welcome.tick_hz)
        self.predictor: Predictor | None = None
        self._others: Others | None = None
        self.avatar_id: int | None = None
        """The entity that this player steers, as the server last said."""
        self.cursor = welcome.event
        self.seq = welcome.seq
        """Newest input frame that the server has consumed."""
        self._corrections = 0
        self._unacked: deque[tuple[int, tuple[int, ...]]] = deque(maxlen=MAX_PENDING)
        self.view: ViewState = self._decoder.empty()
        self.spawns = PredictedSpawns(self.schema, self.tick_s)
        self.expected = ExpectedEvents()

    def resumed(self, welcome: Welcome, now_s: float) -> None:
        """The session goes on over a new link: with the numbering and the cursor of the old one, and nothing pressed
        meanwhile.
        """
        if welcome.schema.get("fingerprint") != self.schema.fingerprint:
            raise ProtocolError(CloseCode.MALFORMED, "WELCOME: not the session that was resumed")
        self.welcome = welcome
        self.pacer.start(now_s, max(self.pacer.seq, welcome.seq))
        self._unacked.clear()
        self.spawns.clear()
        if self.predictor is not None:
            self.predictor.forget_pending()

    # -- what the server says ----------------------------------------------------------------------------------------

    def apply(self, state: State, now_s: float) -> None:
        """Take a STATE. Raises DeltaError when it does not fit, ProtocolError when it tells of the past; both change
        nothing.
        """
        if state.seq < self.seq:
            raise ProtocolError(CloseCode.INVALID_FIELD, f"STATE: seq ran backwards, from {self.seq} to {state.seq}")
        if state.tick < self.view.tick:
            raise ProtocolError(CloseCode.INVALID_FIELD, f"STATE: tick {state.tick} comes after {self.view.tick}")
        view = self._reader.apply(self._decoder, self.view, state)
        self.view = view
        self.seq = state.seq
        self.clock.arrived(view.tick, now_s)
        if self.options.interpolate:
            self.interpolator.add(view)
        if state.lead is not None:
            self.pacer.reported(state.seq, state.lead)
            self.round_trip.frame_acked(state.seq, state.lead, self.tick_s, now_s)
        self._reconcile(now_s)
        if len(self.spawns):
            self.spawns.reconcile(view, self.seq, self._drawn_at_s(self.seq))

    def take_events(self, events: Events) -> tuple[Event, ...]:
        """Move the cursor on, and return the events that were not told already. Raises ProtocolError when one is
        missing, which must not happen."""
        if events.since != self.cursor:
            raise ProtocolError(CloseCode.MALFORMED, f"EVENTS: since {events.since}, but the cursor is {self.cursor}")
        self.cursor = events.upto
        for event in events.items:
            if event.name == AVATAR_EVENT:
                self.avatar_id = event.payload if isinstance(event.payload, int) else None
        return tuple([event for event in events.items if not self.expected.claim(event)])

    # -- the own avatar ----------------------------------------------------------------------------------------------

    def steer(self, seq: int, inputs: tuple[int, ...], now_s: float) -> None:
        """The client's tick `seq` is run with these inputs: predict what the server will make of it."""
        self.round_trip.frame_sent(seq, now_s)
        self._unacked.append((seq, inputs))
        if self.predictor is not None:
            pacer = self.pacer
            self.predictor.predict(seq, inputs, pacer.ticked_at_s, pacer.next_at_s - pacer.ticked_at_s)
            if self.options.on_predicted is not None and self.predictor.entity_id is not None:
                self.options.on_predicted(PredictedTick(seq, self.predictor.before, self.predictor.avatar))

    def spawn(
        self,
        tick: PredictedTick,
        which: str,
        values: Mapping[str, Any],
        match: Callable[[Any], bool],
        *,
        rewound: bool = False,
    ) -> Entity:
        """Show at once what a predicted tick spawns; the server's entity takes its place when it comes."""
        at_s = self._drawn_at_s(tick.seq)
        assert at_s is not None
        return self.spawns.add(which, values, seq=tick.seq, at_s=at_s, match=match, view=self.view, rewound=rewound)

    def _drawn_at_s(self, seq: int) -> float | None:
        """When the state after frame `seq` is drawn in the player's own time."""
        sent_s = self.round_trip.sent_at_s(seq)
        return None if sent_s is None else sent_s + self.tick_s

    def _reconcile(self, now_s: float) -> None:
        while self._unacked and self._unacked[0][0] <= self.seq:
            self._unacked.popleft()
        found = None if self.avatar_id is None or self.options.predict is None else self._find(self.avatar_id)
        if found is None or self.avatar_id is None:
            self._drop_predictor()
            return
        index, row = found
        table = self.view.tables[index]
        codes = table.codes[:, row].tolist()
        objects = [column[row] for column in table.objects]
        if self.predictor is None or self.predictor.entity_id != self.avatar_id:
            self._follow(index, codes, objects)
        else:
            self._see_others(table)
            self.predictor.received(self.view.tick, self.seq, codes, objects, now_s)

    def _follow(self, index: int, codes: list[int], objects: list[object]) -> None:
        self._drop_predictor()
        step = self.options.predict
        assert step is not None
        assert self.avatar_id is not None
        self.predictor = Predictor(
            self.schema.entities[index],
            self.schema.inputs,
            step,
            self.welcome.tick_hz,
            snap_distance=self.options.snap_distance,
            others=self._meet(index),
        )
        for seq, inputs in self._unacked:
            self.predictor.predict(seq, inputs, self.pacer.ticked_at_s, self.tick_s)
        self.predictor.begin(self.view.tick, self.seq, codes, objects, self.avatar_id)

    def _meet(self, index: int) -> Others | None:
        contact = self.options.predict_contact
        if contact is None:
            return None
        self._others = Others(self.schema.entities[index], contact, self.welcome.tick_hz)
        self._see_others(self.view.tables[index])
        return self._others

    def _see_others(self, table: Table) -> None:
        if self._others is not None and self.avatar_id is not None:
            self._others.see(self.seq, table, self.avatar_id)

    def _drop_predictor(self) -> None:
        self._corrections = self.corrections
        self._others = None
        self.predictor = None

    def _find(self, entity_id: int) -> tuple[int, int] | None:
        for index, table in enumerate(self.view.tables):
            row = table.row(entity_id)
            if row is not None:
                return index, row
        return None

    @property
    def corrections(self) -> int:
        """How often a STATE moved the predicted avatar, in this session."""
        return self._corrections + (0 if self.predictor is None else self.predictor.corrections)

    def behind(self, now_s: float) -> int:
        """Return how far behind the newest state the others were drawn in the last frame, in 1/16 tick; 0 for who draws
        none.
        """
        drawn_s = self.clock.drawn_s
        if drawn_s is None or now_s - self.clock.drawn_at_s > FORGET_FRAME_AFTER_S:
            return 0
        ticks = self.view.tick - drawn_s / self.tick_s
        return min(MAX_BEHIND, max(0, round(ticks * BEHIND_UNITS_PER_TICK)))

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def draw(self, now_s: float) -> Drawn | None:
        """Return everyone as to be drawn now, a little in the past; None before the first STATE."""
        drawn = self.interpolator.draw(self.clock.draw(now_s))
        if drawn is None:
            return None
        spawns, hidden = self.spawns.draw(drawn.tick, now_s)
        if not hidden:
            return drawn
        return Drawn(drawn.tick, tuple([table.without(hidden) for table in drawn.tables]), tuple(spawns))

    def draw_avatar(self, now_s: float) -> Any:
        """Return the own avatar as to be drawn now, predicted; None when there is none, or no step to predict it
        with.
        """
        return None if self.predictor is None else self.predictor.pose(now_s)
