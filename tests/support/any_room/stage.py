"""A server in memory with one room of any kind at a time: its clock, the truth of each tick, and lost links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgpack

from gameserver.protocol.constants import Limits
from gameserver.protocol.messages import State
from gameserver.recording.format import Recorder, Recording
from gameserver.sync.decode.decoder import DeltaDecoder
from tests.support.any_room.browser import Tape
from tests.support.any_room.rules import AnyRoom, build_room
from tests.support.any_room.truth import Found, Truth
from tests.support.foreign import view as foreign
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session

KEPT_TRUTHS = 400
"""Ticks: longer than any history, and than any link is slow."""


class Stage:
    """What viewers and liars need to know of the server.

    Args:
        game: What `games.random_game` makes.
    """

    def __init__(self, game: dict[str, Any]) -> None:
        self.game = game
        self.server = MemoryServer(build_room(game), limits=Limits(**game["limits"]), seed=game["seed"])
        self.hub = self.server.hub
        self.tape = Tape()
        self.ticks = 0
        """How many ticks were made, in all rooms that there were."""
        self.engines: dict[str, RoomEngine] = {}
        self._lost: list[tuple[int, Peer, int | None]] = []
        self._recorded = bytearray()
        self._open()
        self.schema = self.engine.kind.schema
        self.tick_hz = self.engine.tick_hz
        self.foreign_types = foreign.read_schema(self.schema.to_wire())

    @property
    def now_s(self) -> float:
        """The server's clock."""
        return self.server.now_s

    @property
    def room(self) -> AnyRoom[Any]:
        """The rules of the room that runs."""
        return self.room_of(self.engine)

    def room_of(self, engine: RoomEngine) -> AnyRoom[Any]:
        """The rules of a room."""
        return cast("AnyRoom[Any]", engine.room)

    def _open(self) -> None:
        self.engine = self.hub.open_room("any")
        self.engines[self.engine.id] = self.engine
        self._recorded = bytearray()
        if self.game["records"]:
            self.engine.record(Recorder(self.engine, self._recorded.extend))

    # -- the truth -----------------------------------------------------------------------------------------------------

    def truth(self, engine: RoomEngine) -> Truth:
        """The state of a room after its newest tick."""
        truths = self.room_of(engine).truths
        newest = engine.history.newest
        assert newest is not None
        if newest.tick not in truths:
            truths[newest.tick] = Truth.of(engine)
            truths.pop(newest.tick - KEPT_TRUTHS, None)
        return truths[newest.tick]

    def has_budget(self, session: Session) -> bool:
        """Whether what is in a session's view may be incomplete."""
        near = self.game["interest"]
        if near is None or not session.is_player:
            return False
        own = session.player.bytes_per_s
        rate = near["bytes_per_s"] if own is None else own
        return rate is not None and rate < float("inf")

    def is_exact(self, session: Session) -> bool:
        """Whether everything in a session's view is as it is in the room."""
        near = self.game["interest"]
        return near is None or not session.is_player or not (near["tiers"] or self.has_budget(session))

    # -- time and links ------------------------------------------------------------------------------------------------

    def make_tick(self) -> None:
        """Make a tick of the server, and check that its room goes on, or has ended for a reason of its own."""
        self.server.tick()
        if self.engine.failure is not None:
            raise Found("room failed", self.engine.failure)
        self.truth(self.engine)

    def reopen(self) -> None:
        """Open a room in the place of one that has ended."""
        if self.engine.closed:
            self.check_recording()
            self._open()

    def lose(self, peer: Peer, code: int | None, after_ticks: int) -> None:
        """The link of a peer is gone; its server learns of it after some ticks."""
        self._lost.append((self.ticks + after_ticks, peer, code))
        self.report_lost()

    def report_lost(self) -> None:
        """Let the server learn of the links that are gone."""
        due = [one for one in self._lost if one[0] <= self.ticks]
        self._lost = [one for one in self._lost if one[0] > self.ticks]
        for _, peer, code in due:
            peer.lost(self.now_s, code)

    # -- recordings ----------------------------------------------------------------------------------------------------

    def check_recording(self) -> None:
        """Check that the recording of the room holds the states that there were."""
        if not self._recorded:
            return
        recording = Recording(bytes(self._recorded))
        decoder = DeltaDecoder(self.schema, self.tick_hz)
        view = decoder.empty()
        for tick in recording.ticks():
            if tick.body is None or tick.span is None:
                continue
            view = decoder.apply(view, State(tick.tick, tick.span, 0, None, *msgpack.unpackb(b"\x94" + tick.body)))
            truth = self.room.truths.get(tick.tick)
            if truth is not None and not all(a.same(b) for a, b in zip(view.tables, truth.tables, strict=True)):
                raise Found("recording", f"tick {tick.tick} is recorded otherwise than it was")
        if recording.damaged_at is not None:
            raise Found("recording", f"damaged at byte {recording.damaged_at}")
