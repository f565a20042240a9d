"""One bot: a client without a screen that a script plays. It checks all that it receives, and counts."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.bots.bot_session import BotSession, RoomEnded
from gameserver.bots.report import Report
from gameserver.bots.rules import Rules
from gameserver.client.errors import JoinFailed
from gameserver.client.session import joined
from gameserver.client.state_reader import SharedStateReader
from gameserver.protocol import messages as m
from gameserver.protocol.constants import CloseCode, Role

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from gameserver.bots.brains import Brain
    from gameserver.client.dial import Opener
    from gameserver.client.replica import Options

    Script = Callable[["Bot"], Awaitable[object]]
    """What a bot does, from its first join to its end."""
    MakeBrain = Callable[[random.Random], Brain]

log = logging.getLogger("gameserver.bot")

NAMES: Final = (
    "Ada",
    "Bo",
    "Cleo",
    "Dot",
    "Edda",
    "Finn",
    "Gus",
    "Hal",
    "Ida",
    "Joss",
    "Kit",
    "Lou",
    "Moe",
    "Nell",
    "Otto",
    "Pip",
)


class Readers:
    """What decodes states for the bots of one process. Bots with the same options share it, and so their views."""

    def __init__(self) -> None:
        self._by_options: dict[Options, SharedStateReader] = {}

    def of(self, options: Options) -> SharedStateReader:
        """Return the reader of clients with these options."""
        return self._by_options.setdefault(options, SharedStateReader())


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the bots of a run have in common."""

    kind: str
    """The kind of room to join, where the script names none."""
    open_socket: Opener
    script: Script
    room: str | None = None
    """The id of a room of that kind; None: any with a free seat."""
    params: Mapping[str, object] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    readers: Readers = field(default_factory=Readers)


class Bot:
    """One bot. Its script gets it as the only argument: an async function that joins rooms and plays there.

    Args:
        number: The number of the bot in its run, from 0.
        rng: Source of the bot's random numbers.
        run: What all bots have in common.
    """

    def __init__(self, number: int, rng: random.Random, run: Run) -> None:
        self.number = number
        """The number of the bot in its run, from 0."""
        self.name = f"{NAMES[number % len(NAMES)]} {number // len(NAMES) + 1}"
        """A name to play under, which no other bot of the run has."""
        self.random = rng
        """The bot's own random numbers, the same ones on each run with the same seed."""
        self.report = Report(1)
        """What the bot has seen."""
        self.settled = trio.Event()
        """Set once the bot has joined, or has failed to."""
        self._run = run
        self._params = {"name": self.name, "bot": True, **run.params}
        self._sessions: list[BotSession] = []
        self._past = (0, 0, 0)
        """What sessions that have ended counted."""
        self._counting_from_s: float | None = None
        self._scope = trio.CancelScope()
        self._stopping = False

    @asynccontextmanager
    async def join(
        self,
        kind: str | None = None,
        *,
        room: str | None = None,
        role: Role = Role.PLAYER,
        params: Mapping[str, object] | None = None,
        rules: Rules | None = None,
    ) -> AsyncGenerator[BotSession]:
        """Join a room, and leave it at the end of the block.

        Args:
            kind: The kind of room; None: the one that the run was started for.
            room: The id of a room; None: any with a free seat.
            role: Player or spectator.
            params: The game's own, in addition to `name`, `bot` and those that the run was started with.
            rules: What the states are checked against; None: those of the run, if the kind is the run's.

        Returns:
            The bot in the room, once it has joined.

        Raises:
            JoinFailed: The room cannot be joined.
            ValueError: `kind`, `room` or `params` are longer, or nested deeper, than a server takes.
        """
        async with self._enter(kind, room, role, params, rules) as session:
            yield session

    @asynccontextmanager
    async def _enter(
        self,
        kind: str | None = None,
        room: str | None = None,
        role: Role = Role.PLAYER,
        params: Mapping[str, object] | None = None,
        rules: Rules | None = None,
        brain: Brain | None = None,
    ) -> AsyncGenerator[BotSession]:
        if self._stopping:
            await trio.sleep_forever()  # until the script is cancelled
        run = self._run
        if kind is None or kind == run.kind:
            kind, room, rules = run.kind, room or run.room, rules or run.rules
        rules = rules or Rules()
        session = BotSession(
            m.Join(kind, room, role, {**self._params, **(params or {})}),
            run.open_socket,
            self.random,
            rules=rules,
            reader=run.readers.of(rules.options),
            report=self.report,
            on_joined=self._on_joined,
            brain=brain,
        )
        if self._counting_from_s is not None:
            session.start_counting()
        self._sessions.append(session)
        try:
            async with joined(session.session):
                yield session
        finally:
            self._sessions.remove(session)
            self._past = _added(self._past, session.counted())

    def _on_joined(self) -> None:
        self.report.joined = 1
        self.settled.set()

    async def play(self) -> None:
        """Run the script until it ends, or `stop` is called. Errors go into the report."""
        try:
            with self._scope:
                await self._run.script(self)
        except JoinFailed as failed:
            self.report.add_error(f"could not join: {failed}")
        except RoomEnded as ended:
            if ended.code != CloseCode.NORMAL:
                self.report.add_error(f"was closed: {ended}")
        except Exception as error:
            log.exception("the script of a bot failed")
            self.report.add_error(f"the script failed: {type(error).__name__}: {error}")
        finally:
            self.settled.set()

    async def stop(self) -> None:
        """Leave the rooms that the bot is in, and end its script."""
        self._stopping = True
        for session in list(self._sessions):
            await session.session.leave()
        self._scope.cancel()

    def start_counting(self, now_s: float) -> None:
        """Count snapshots, bytes and times from now on. Called once all bots have joined.

        Args:
            now_s: The present time in seconds.
        """
        self._counting_from_s = now_s
        for session in self._sessions:
            session.start_counting()

    def report_at(self, now_s: float) -> Report:
        """Return the report, with what was counted since `start_counting`.

        Args:
            now_s: The present time in seconds.

        Returns:
            The bot's report.
        """
        report, totals = self.report, self._past
        for session in self._sessions:
            totals = _added(totals, session.counted())
        report.bytes_received, report.corrections, report.desyncs = totals
        if self._counting_from_s is not None:
            report.seconds = report.client_seconds = now_s - self._counting_from_s
        return report


def _added(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def script_of_brain(make_brain: MakeBrain) -> Script:
    """Return the script of bots that stay in one room and let a brain decide.

    Args:
        make_brain: Makes the brain of each bot from its random source.
    """
    return partial(_play_with_brain, make_brain)


async def _play_with_brain(make_brain: MakeBrain, bot: Bot) -> None:
    brain = make_brain(bot.random)
    choose: Any = getattr(brain, "params", None)
    async with bot._enter(params=choose() if callable(choose) else choose, brain=brain) as session:
        await session.until_ended()
