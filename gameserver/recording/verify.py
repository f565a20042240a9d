"""Makes a recorded game again, headless and as fast as it goes, and says where it first differs from the recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import Limits, Role
from gameserver.recording.format import RecordingError
from gameserver.recording.timeline import read_state
from gameserver.room.commands import Arrival, Join, Leave, Resume, Said, Suspend
from gameserver.room.engine import RoomEngine
from gameserver.room.player import Player
from gameserver.room.session import Session
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.inputs import InputQueue
from gameserver.sync.snapshot import Snapshot, first_difference
from gameserver.sync.window import Window

if TYPE_CHECKING:
    from gameserver.recording.format import Recording, Tick
    from gameserver.room.kind import Kind


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a replay went: the ticks that were made, and the first that differs (None: none does) with what is known of
    how."""

    ticks: int
    differs_at: int | None = None
    how: str = ""


class NoLink:
    """The link of a replayed session: it takes everything and tells nobody."""

    ready = False

    def offer(self, *_messages: bytes) -> bool:
        return False

    def send(self, message: bytes) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def join_room(self, room_id: str) -> None: ...
    def leave_room(self) -> None: ...


def check_shown(recording: Recording, kind: Kind) -> None:
    """Raise RecordingError when the recording's states are not of this kind of room."""
    header = recording.header
    if header.kind != kind.name:
        raise RecordingError(f"the recording is of a room of kind {header.kind!r}, not {kind.name!r}")
    if header.schema.get("fingerprint") != kind.schema.fingerprint:
        raise RecordingError(f"the recording was made with another schema of {kind.name!r}: entities or inputs differ")
    if header.tick_hz != kind.room_class.tick_hz:
        raise RecordingError(f"the recording has {header.tick_hz} ticks a second, the room {kind.room_class.tick_hz}")


def check_fits(recording: Recording, kind: Kind) -> None:
    """Raise RecordingError when the recording is of another kind of room, or of other rules as far as that can be
    told."""
    check_shown(recording, kind)
    step = None if kind.step is None else kind.step.fingerprint
    if recording.header.step != step:
        raise RecordingError(f"the recording was made with another shared step of {kind.name!r}")


def verify(recording: Recording, kind: Kind) -> Verdict:
    """Make the recorded game again and compare a hash of the state after each tick. Raises RecordingError."""
    check_fits(recording, kind)
    replay = _Replay(recording, kind)
    made = 0
    differs_at: int | None = None
    for tick in recording.ticks():
        snapshot = replay.make(tick)
        if snapshot is None:
            return Verdict(made, tick.tick, "the rules raised an error that they did not raise when it was recorded")
        made += 1
        recorded = replay.recorded(tick)
        if differs_at is None and snapshot.hash() != tick.hash:
            differs_at = tick.tick
        if differs_at is not None and recorded is not None:
            how = first_difference(kind.schema, recorded, snapshot) or "the states met again before the next snapshot"
            where = f"at the snapshot of tick {tick.tick} (recorded first, replayed second)"
            return Verdict(made, differs_at, f"{where}: {how}")
    return Verdict(made, differs_at, "no snapshot was recorded after it" if differs_at is not None else "")


class _Replay:
    """An engine that is fed from a recording, and what the recording says the state was."""

    def __init__(self, recording: Recording, kind: Kind) -> None:
        header = recording.header
        self._kind = kind
        self._limits = Limits()
        self._sessions: dict[int, Session] = {}
        self._codes: dict[int, tuple[int, ...]] = {}
        self._decoder = DeltaDecoder(kind.schema, header.tick_hz)
        self._state = self._decoder.empty()
        self._engine = RoomEngine(
            kind, header.room, seed=header.seed, options=header.options, limits=self._limits, welcome=lambda *_: b""
        )

    def make(self, tick: Tick) -> Snapshot | None:
        """Make one tick again; None when the rules failed."""
        self._codes.update(tick.inputs)
        arrivals = [made for arrival in tick.arrivals if (made := self._arrival(*arrival)) is not None]
        neutral = self._kind.inputs.neutral_codes
        lags = iter(tick.lags)
        went = self._engine.replay_tick(
            arrivals,
            lambda session: self._codes.get(session.number, neutral),
            lambda _: next(lags, 0),  # rules that ask more often than was recorded differ anyway
        )
        return self._engine.history.newest if went else None

    def recorded(self, tick: Tick) -> Snapshot | None:
        """The state that was recorded at this tick, if it was."""
        if tick.body is None:
            return None
        self._state = read_state(self._decoder, self._state, tick)
        return Snapshot(tick.tick, self._state.tables)

    def _arrival(self, word: str, number: int, *rest: Any) -> Arrival | None:
        """None: of a session that had gone before it came in."""
        if word == "join":
            return Join(self._new_session(number, *rest))
        session = self._sessions.get(number)
        if session is None:
            return None
        match word:
            case "resume":
                return Resume(session, 0, 0)
            case "suspend":
                return Suspend(session)
            case "leave":
                return Leave(session)
            case "said":
                return Said(session, *rest)
            case _:
                raise RecordingError(f"the recording has an arrival {word!r}, which this version does not know")

    def _new_session(self, number: int, role: int, params: dict[str, Any], claims: dict[str, Any] | None) -> Session:
        player = Player(number, Role(role), params, claims)
        inputs = InputQueue(hold_s=0.0, tick_hz=self._engine.tick_hz, neutral=self._kind.inputs.neutral_codes)
        session = Session(player, self._engine.id, inputs, Window(1, self._engine.tick_hz))
        session.link = NoLink()
        self._sessions[number] = session
        self._engine.replay_join(session)
        return session
