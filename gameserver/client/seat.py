"""The place in a room that a session holds: everything that lasts from one link to the next, and nothing of the link.

Pure; times in seconds. `client_demo/sdk/seat.js` is the twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.client.events import EventQueue
from gameserver.client.inputs import InputFrames
from gameserver.client.replica import Replica
from gameserver.client.session_events import PredictedContact, PredictedTick, Withdrawn
from gameserver.protocol.constants import AVATAR_EVENT, CloseCode, Role
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.client.replica import Options
    from gameserver.client.state_reader import StateReader
    from gameserver.protocol.messages import Event, Events, State, Welcome
    from gameserver.state.entity import Entity
    from gameserver.state.inputs import Inputs


class Seat:
    """One seat, from the WELCOME that gave it on.

    Args:
        welcome: The WELCOME of the JOIN.
        options: What the client brings to the room.
        reader: Decodes STATE messages.

    Raises:
        ProtocolError: The WELCOME's schema makes no sense.
    """

    def __init__(self, welcome: Welcome, options: Options, reader: StateReader) -> None:
        self.options = options
        self.welcome = welcome
        """The newest one: its token resumes the session."""
        self.replica = Replica(welcome, options, reader)
        self.frames = InputFrames(
            self.replica.schema.inputs.neutral_codes, self.replica.tick_s, hold_s=welcome.limits.input_hold_s
        )
        self.frames.consumed_seq = welcome.seq
        self.events = EventQueue(welcome.event)
        self.missed = self.trimmed = 0
        """How many of this session's input frames came late, and how many the server dropped, as it last said."""

    @property
    def steers(self) -> bool:
        """Whether input frames are sent; they carry the acks then."""
        return self.welcome.role is Role.PLAYER and bool(self.replica.schema.inputs.neutral_codes)

    # -- the life of a link ------------------------------------------------------------------------------------------

    def take(self, welcome: Welcome, now_s: float) -> int:
        """A link has joined: its clock begins, and frames from before do not act.

        Returns:
            How many events may be lost, because the room no longer holds them.

        Raises:
            ProtocolError: The WELCOME is of another session than the one that this seat belongs to.
        """
        if welcome.schema.get("fingerprint") != self.replica.schema.fingerprint:
            raise ProtocolError(CloseCode.MALFORMED, "WELCOME: not the session that was resumed")
        self.welcome = welcome
        self.replica.forget_pending()
        if self.steers:
            self.frames.start(now_s, welcome.seq)
        return self.events.resume(welcome.event)

    def lose_link(self) -> None:
        """The link is gone."""
        self.frames.stop()

    # -- what the player does ----------------------------------------------------------------------------------------

    def set_controls(self, controls: Inputs | None) -> None:
        """Have these controls count from the next tick on; None for the neutral ones.

        Raises:
            StateError: A field cannot hold its value.
        """
        inputs = self.replica.schema.inputs
        self.frames.codes = inputs.neutral_codes if controls is None else inputs.to_codes(controls)

    def keep_controls(self, before: Seat) -> None:
        """Take over the controls of the seat before, if its inputs were the same."""
        if before.replica.schema.fingerprint == self.replica.schema.fingerprint:
            self.frames.codes = before.frames.codes

    def tick(self, now_s: float) -> None:
        """Run the ticks that are due."""
        frames, replica = self.frames, self.replica
        for frame in frames.run(now_s, replica.seen(now_s)):
            pacer = frames.pacer
            if self.options.on_contact is not None and replica.world is not None:
                replica.world.watch()
            replica.predict(frame.seq, frame.codes, pacer.ticked_at_s, pacer.next_at_s - pacer.ticked_at_s)
            self._report(frame.seq)

    def _report(self, seq: int) -> None:
        """Say what the newest tick was predicted to be."""
        predictor, world = self.replica.predictor, self.replica.world
        if predictor is not None and self.options.on_predicted is not None:
            self.options.on_predicted(PredictedTick(seq, predictor.before, predictor.avatar, predictor.controls))
        if world is not None and self.options.on_contact is not None:
            for contact in world.take_contacts():
                self.options.on_contact(PredictedContact(seq, *contact))

    def flush(self, now_s: float, *, busy: bool, send: Callable[[bytes], object]) -> None:
        """Send the frames that may leave now.

        Args:
            now_s: The time now.
            busy: Whether the link has not taken yet what was sent before.
            send: Called with each encoded frame.
        """
        self.frames.flush(now_s, self.replica.view.tick, busy=busy, send=send, shed=self.replica.drop)

    def spawn(
        self,
        tick: PredictedTick,
        type_name: str,
        values: Mapping[str, Any],
        match: Callable[[Any], bool],
        *,
        rewound: bool = False,
    ) -> Entity:
        """Show at once what a predicted tick spawns; see `Session.predict_spawn`."""
        sent_at_s = self.frames.round_trip.sent_at_s(tick.seq)
        at_s = (self.frames.pacer.ticked_at_s if sent_at_s is None else sent_at_s) + self.replica.tick_s
        view, world = self.replica.view, self.replica.world
        return self.replica.spawns.add(
            type_name, values, seq=tick.seq, at_s=at_s, match=match, view=view, rewound=rewound, world=world
        )

    # -- what the server says ----------------------------------------------------------------------------------------

    def apply(self, state: State, now_s: float) -> None:
        """Take a STATE.

        Raises:
            DeltaError: It does not fit the view; nothing has changed.
            ProtocolError: It is of an earlier tick or frame than the newest; nothing has changed.
        """
        frames, newest = self.frames, self.replica.view.tick
        if state.seq < frames.consumed_seq:
            raise ProtocolError(
                CloseCode.INVALID_FIELD, f"STATE: seq ran backwards, from {frames.consumed_seq} to {state.seq}"
            )
        if state.tick < newest:
            raise ProtocolError(CloseCode.INVALID_FIELD, f"STATE: tick {state.tick} comes after {newest}")
        self.replica.apply(state, now_s, frames)
        frames.consumed(state.seq, state.lead, self.replica.tick_s, now_s)

    def take_events(self, message: Events) -> None:
        """Take an EVENTS message; what is to be reported of it waits in `events`.

        Raises:
            ProtocolError: Events are missing, or the avatar is no entity's id.
        """
        self.events.add(message)
        for event in message.items:
            if event.name == AVATAR_EVENT:
                self.replica.set_avatar(_avatar_id(event.payload))

    # -- what is to be reported --------------------------------------------------------------------------------------

    @property
    def has_reports(self) -> bool:
        """Whether there may be something to report."""
        return not self.events.is_empty or bool(self.replica.spawns.withdrawn)

    def due_events(self, now_s: float) -> list[Event]:
        """Return the events that are due: those that what is drawn has reached, and all while nothing is drawn."""
        seen = None if self.options.events_at_once else self.replica.seen(now_s)
        return self.events.take(float("inf") if seen is None else seen)

    def last_events(self) -> list[Event]:
        """Return the events that are held back: nothing more of this room is drawn."""
        return self.events.take(float("inf"))

    def withdrawn(self, now_s: float) -> list[Withdrawn]:
        """Return what was shown ahead of the server and did not happen; it is no longer held."""
        spawns = self.replica.spawns
        entities, spawns.withdrawn = spawns.withdrawn, []
        overdue = self.events.take_overdue(now_s)
        return [*[Withdrawn(entity) for entity in entities], *[Withdrawn(None, e.name, e.payload) for e in overdue]]


def _avatar_id(payload: object) -> int | None:
    if payload is None or type(payload) is int:
        return payload
    raise ProtocolError(CloseCode.INVALID_FIELD, f"EVENTS: {AVATAR_EVENT} is neither an id nor nil")
