"""A player that checks every number that a ledger room sends, across all of its links."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from gameserver.bots.brains import Perception, Wander
from gameserver.bots.checks import SpeedLimit
from gameserver.bots.report import Histogram
from gameserver.bots.rules import Rules
from gameserver.client.dial import opener
from gameserver.client.errors import JoinFailed
from gameserver.client.replica import Options
from gameserver.client.session import Session
from gameserver.client.session_core import SessionCore
from gameserver.client.session_events import Desynced, Joined, SessionState, Updated
from gameserver.protocol import messages as m
from gameserver.protocol.constants import CloseCode, Role
from tests.support.live.ledger import SPEED

if TYPE_CHECKING:
    import random

    from gameserver.client.session_events import SessionEvent, Status
    from gameserver.client.state_reader import StateReader

RULES = Rules([SpeedLimit("Walker", per_s=SPEED, fields=("x",))], Options(interpolate=False))

COUNTS = ("beats", "own", "lost", "doubled", "desyncs", "joins", "resumes", "lost_links", "ghosts", "states")
"""The fields of a `Tally` that are numbers."""


@dataclass
class Tally:
    """What one witness, or many, saw."""

    beats: int = 0
    own: int = 0
    lost: int = 0
    doubled: int = 0
    desyncs: int = 0
    joins: int = 0
    resumes: int = 0
    lost_links: int = 0
    ghosts: int = 0
    """States with more walkers than there are players."""
    states: int = 0
    acks: Histogram = field(default_factory=Histogram)
    recovery: Histogram = field(default_factory=Histogram)
    """From the loss of a link to the first STATE of the next."""
    ends: Counter[str] = field(default_factory=Counter)
    """How often links ended in which way, and what else went wrong."""

    def add(self, other: Tally) -> None:
        """Add what another witness saw."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.acks.merge(other.acks)
        self.recovery.merge(other.recovery)
        self.ends.update(other.ends)


class Witness:
    """One player. A test that knows how many players there are sets `most_walkers`."""

    def __init__(
        self,
        url: str,
        kind: str,
        number: int,
        rng: random.Random,
        reader: StateReader,
        *,
        dead_after_s: float | None = None,
    ) -> None:
        join = m.Join(kind, None, Role.PLAYER, {"name": f"W{number}"})
        self.core = SessionCore(join, RULES.options, reader=reader, dead_after_s=dead_after_s)
        self.session = Session(self.core, opener(url), rng=rng, on_event=self._see, on_status=self._hear)
        self.tally = Tally()
        self.settled = trio.Event()
        self.most_walkers = 1_000_000
        self.walkers = 0
        self.counts: dict[str, int] | None = None
        self._brain = Wander(rng)
        self._last: dict[str, int | None] = {}
        self._lost_at_s: float | None = None

    async def play(self) -> None:
        """Join and play until it is over."""
        try:
            await self.session.run(task_status=trio.TASK_STATUS_IGNORED)
        except JoinFailed as failed:
            self.tally.ends[f"could not join: {failed}"] += 1
        finally:
            self.settled.set()

    @property
    def tick(self) -> int:
        """The tick of the newest state."""
        return self.session.view.tick

    def has_reached(self, tick: int) -> bool:
        """Whether it has seen that tick."""
        return self.tick >= tick

    @property
    def online(self) -> bool:
        """Whether it is in the room, over a link that has brought a state."""
        return self.session.status.state is SessionState.JOINED and self._lost_at_s is None

    def _see(self, event: SessionEvent) -> None:
        match event:
            case Joined(resumed):
                self._enter(resumed)
            case Updated():
                self._look(event)
            case Desynced(reason):
                self.tally.desyncs += 1
                self.tally.ends[f"desync: {reason}"] += 1
            case m.Event(_, "beat", number):
                self.tally.beats += 1
                self._check("beat", number)
            case m.Event(_, "own", (_, number)):
                self.tally.own += 1
                self._check("own", number)
            case m.Event(_, "counts", counts):
                self.counts = counts

    def _enter(self, resumed: bool) -> None:
        self.settled.set()
        if resumed:
            self.tally.resumes += 1
        else:
            self.tally.joins += 1
            self._last = {"beat": None, "own": 0}  # earlier beats were sent before it joined; its own events begin at 1

    def _check(self, series: str, number: int) -> None:
        last = self._last[series]
        if last is not None and number <= last:
            self.tally.doubled += 1
        elif last is not None and number > last + 1:
            self.tally.lost += number - last - 1
        self._last[series] = max(number, last or 0)

    def _look(self, event: Updated) -> None:
        self.tally.states += 1
        if self._lost_at_s is not None:
            self.tally.recovery.add(trio.current_time() - self._lost_at_s)
            self._lost_at_s = None
        if event.acked_after_s is not None:
            self.tally.acks.add(event.acked_after_s)
        self.walkers = len(event.view.tables[0])
        self.tally.ghosts += self.walkers > self.most_walkers
        replica = self.core.replica
        assert replica is not None
        if event.span:
            wrong = RULES.checker(replica.schema, replica.tick_s).check(event.before, event.view).violations
            self.tally.desyncs += len(wrong)
            self.tally.ends.update(wrong)
        self.core.set_controls(self._brain.decide(Perception(event.view, replica.avatar_id, replica.schema.inputs)))

    def _hear(self, change: Status) -> None:
        if change.state is SessionState.WAITING:
            self.tally.lost_links += 1
            self.tally.ends[f"{change.code} {change.reason}"] += 1
            if self._lost_at_s is None:
                self._lost_at_s = trio.current_time()
        elif change.state is SessionState.CLOSED and change.code != CloseCode.NORMAL:
            self.tally.ends[f"over: {change.code} {change.reason}"] += 1
