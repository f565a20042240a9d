"""Verification: runs a recorded game again, headless and as fast as it goes, and finds where it first differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gameserver import native
from gameserver.protocol.constants import Limits, Role
from gameserver.recording.format import RecordingError
from gameserver.recording.timeline import read_state
from gameserver.room import commands
from gameserver.room.backfill import OpenSeats
from gameserver.room.engine import RoomEngine
from gameserver.room.listing import ListedRoom
from gameserver.room.options import OptionsInvalid
from gameserver.room.player import Player
from gameserver.room.session import Session
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.snapshot import Snapshot, StateHash, first_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.recording.format import Recording, Tick
    from gameserver.room.commands import Command
    from gameserver.room.kind import Kind
    from gameserver.room.seats import Seats

    Codes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a replay.

    Args:
        ticks: How many ticks were run.
        differs_at: The first tick that differs from the recording; None: no tick does.
        how: What differs, in words.
    """

    ticks: int
    differs_at: int | None = None
    how: str = ""


def check_shown(recording: Recording, kind: Kind) -> None:
    """Check that the recording's states are of this kind of room.

    Raises:
        RecordingError: They are not.
    """
    header = recording.header
    if header.kind != kind.name:
        raise RecordingError(f"the recording is of a room of kind {header.kind!r}, not {kind.name!r}")
    if header.schema.get("fingerprint") != kind.schema.fingerprint:
        raise RecordingError(f"the recording was made with another schema of {kind.name!r}: entities or inputs differ")
    if header.tick_hz != kind.room_class.tick_hz:
        raise RecordingError(f"the recording has {header.tick_hz} ticks a second, the room {kind.room_class.tick_hz}")


def check_fits(recording: Recording, kind: Kind) -> None:
    """Check that the recording is of this kind of room and of the same rules, as far as the header shows that.

    Raises:
        RecordingError: It is not.
    """
    check_shown(recording, kind)
    step = None if kind.step is None else kind.step.fingerprint
    if recording.header.step != step:
        raise RecordingError(f"the recording was made with another shared step of {kind.name!r}")


def verify(recording: Recording, kind: Kind) -> Verdict:
    """Run the recorded game again and compare a hash of the state after each tick.

    Raises:
        RecordingError: The recording is of another room or of other rules.
    """
    check_fits(recording, kind)
    replay = _Replay(recording, kind)
    state_hash = StateHash()
    made = 0
    differs_at: int | None = None
    for tick in recording.ticks():
        snapshot = replay.run(tick)
        if snapshot is None:
            return Verdict(made, tick.tick, "the rules raised an error that they did not raise when it was recorded")
        made += 1
        recorded = replay.recorded(tick)
        if differs_at is None and state_hash.of(snapshot) != tick.hash:
            differs_at = tick.tick
        if differs_at is not None and recorded is not None:
            how = (
                first_difference(kind.schema, recorded, snapshot) or "the states were equal again at the next snapshot"
            )
            where = f"at the snapshot of tick {tick.tick} (recorded first, replayed second)"
            return Verdict(made, differs_at, f"{where}: {how}")
    return Verdict(made, differs_at, "no snapshot was recorded after it" if differs_at is not None else "")


class ReplaySource:
    """The source of a replayed room: the commands, inputs and lags of one recorded tick after the other."""

    def __init__(self, kind: Kind, room_id: str) -> None:
        self._kind = kind
        self._room_id = room_id
        self._sessions: dict[int, Session] = {}
        self._codes: dict[int, Codes] = {}
        self._commands: list[Command] = []
        self._lags: Iterator[int] = iter(())
        self._make_session: Callable[[Player], Session] = self._session_without_seat

    def use(self, seats: Seats) -> None:
        """Take the sessions of a room that was restored, and make new ones as that does."""
        self._sessions = dict(seats.sessions)
        self._make_session = seats.add_session

    def turn_to(self, tick: Tick) -> None:
        """Provide this tick from now on.

        Raises:
            RecordingError: It has a command that this version does not know, or one of another shape.
        """
        self._codes.update(tick.inputs)
        try:
            self._commands = [made for recorded in tick.commands if (made := self._command(*recorded)) is not None]
        except (TypeError, ValueError, LookupError) as error:  # msgspec's ValidationError is a ValueError
            raise RecordingError(f"the recorded commands of tick {tick.tick} cannot be read: {error}") from None
        self._lags = iter(tick.lags)

    def take_commands(self, now_s: float) -> list[Command]:
        """The recorded commands."""
        return self._commands

    def take_inputs(self, now_s: float, tick: int) -> list[tuple[Session, Codes]]:
        """The recorded inputs of the sessions that are seated now."""
        neutral = self._kind.inputs_type.neutral_codes
        return [(s, self._codes.get(s.number, neutral)) for s in self._sessions.values() if s.steers]

    def lag_of(self, player: Player) -> int:
        """The next recorded lag. Rules that ask more often than was recorded differ anyway and get 0."""
        return next(self._lags, 0)

    def _command(self, word: str, number: Any, *rest: Any) -> Command | None:
        """Make a recorded command; None for a session that left before its join took effect."""
        match word:
            case "join":
                *known, reservation = rest
                return commands.Join(self._new_session(number, *known), reservation)
            case "expect":
                return commands.Expect(self._new_session(number, *rest))
            case "listed" | "backfills" | "done" | "external" | "reserve" | "moved":
                return _of_the_room(word, number, *rest)
        session = self._sessions.get(number)
        return None if session is None else _of_a_session(word, session, *rest)

    def _new_session(
        self,
        number: int,
        role: int,
        params: dict[str, Any],
        claims: dict[str, Any] | None,
        came_from: str | None = None,
    ) -> Session:
        player = Player(number, Role(role), params, claims, came_from)
        session = self._sessions[number] = self._make_session(player)
        return session

    def _session_without_seat(self, player: Player) -> Session:
        tick_hz = self._kind.room_class.tick_hz
        inputs = native.make_input_queue(hold_s=0.0, tick_hz=tick_hz, neutral=self._kind.inputs_type.neutral_codes)
        return Session(player, self._room_id, inputs, native.make_window(1, tick_hz))


def _of_the_room(word: str, first: Any, *rest: Any) -> Command:
    """Make a recorded command that is about no session."""
    match word:
        case "listed":
            return commands.RoomsListed(msgspec.convert(first, list[ListedRoom]), *rest)
        case "backfills":
            return commands.BackfillsListed(msgspec.convert(first, list[OpenSeats]), *rest)
        case "done":
            return commands.WorkDone(first, *rest)
        case "moved":
            return commands.Moved(first, *rest)
        case "external":
            return commands.External(*rest)
        case _:
            key, role, subject, until_tick = rest
            return commands.Reserve(key, Role(role), subject, until_tick)


def _of_a_session(word: str, session: Session, *rest: Any) -> Command:
    """Make a recorded command about a session.

    Raises:
        RecordingError: This version does not know it.
    """
    match word:
        case "arrive":
            return commands.Arrive(session)
        case "resume":
            return commands.Resume(session, *(rest or (0, 0)))
        case "suspend":
            return commands.Suspend(session)
        case "leave":
            return commands.Leave(session)
        case "message":
            return commands.Message(session, *rest)
        case _:
            raise RecordingError(f"the recording has a command {word!r}, which this version does not know")


class _Replay:
    """A room that is driven by a recording, and the states that were recorded."""

    def __init__(self, recording: Recording, kind: Kind) -> None:
        header = recording.header
        self._decoder = DeltaDecoder(kind.schema, header.tick_hz)
        self._state = self._decoder.empty()
        self._source = ReplaySource(kind, header.room)
        try:
            self._engine = RoomEngine(
                kind,
                header.room,
                seed=header.seed,
                secret=header.secret,
                options=header.options,
                limits=Limits(),
                welcome=lambda *_: b"",
                source=self._source,
            )
        except OptionsInvalid as error:
            raise RecordingError(f"the recording's options are not those of {kind.name!r} now: {error}") from None

    def run(self, tick: Tick) -> Snapshot | None:
        """Run one tick again; None when the rules failed."""
        self._source.turn_to(tick)
        self._engine.tick(tick.tick * self._engine.tick_s)
        return None if self._engine.failure is not None else self._engine.history.newest

    def recorded(self, tick: Tick) -> Snapshot | None:
        """The state that was recorded at this tick, if one was."""
        if tick.body is None:
            return None
        self._state = read_state(self._decoder, self._state, tick)
        return Snapshot(tick.tick, self._state.tables)
