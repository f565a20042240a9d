"""Bots that play while a server is attacked, in a process of their own: what they felt, phase by phase.

    python -m tests.support.attack.bystanders URL KIND COUNT [TOKEN [CA_FILE]]

It prints `ready` when all have joined, and after each line of its input one JSON object about the time since the line
before. It ends with its input.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Self

import trio

from gameserver.bots.bot import Run, script_of_brain
from gameserver.bots.brains import BRAINS
from gameserver.bots.crowd import Crowd
from gameserver.bots.report import Report
from gameserver.bots.rules import Rules
from gameserver.client.dial import opener
from gameserver.loading import load_object
from tests.support.source import ROOT

if TYPE_CHECKING:
    from types import TracebackType

RULES: Final = {"arena": "gameserver.games.arena_bots:RULES"}
SETTLE_S: Final = 2.0
"""Until the clients' clocks have found their lead."""
JOIN_WITHIN_S: Final = 30.0
RAMP_S: Final = 0.02


@dataclass(frozen=True)
class Felt:
    """What the bystanders felt in one phase."""

    seconds: float
    snapshot_hz: float
    ack_p50_ms: float
    ack_p99_ms: float
    interval_p50_ms: float
    interval_p99_ms: float
    desyncs: int
    disconnects: int
    errors: int
    problems: dict[str, int]

    @classmethod
    def of(cls, report: Report, desyncs: int) -> Self:
        """Sum up a report."""
        acks, intervals = report.acks.in_ms(), report.intervals.in_ms()
        return cls(
            round(report.seconds, 2),
            round(report.snapshot_hz, 2),
            acks["p50"],
            acks["p99"],
            intervals["p50"],
            intervals["p99"],
            desyncs,
            report.disconnects,
            report.errors,
            dict(report.problems),
        )


class Bystanders:
    """The process, for the length of a block."""

    def __init__(self, url: str, kind: str, count: int, *, token: str = "", ca_file: str = "") -> None:
        self._line = [
            *(sys.executable, "-m", "tests.support.attack.bystanders"),
            *(url, kind, str(count), token, ca_file),
        ]

    async def __aenter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it starts at once
            self._line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        with trio.move_on_after(JOIN_WITHIN_S + SETTLE_S + 10.0):
            said = await self._read_line()
            if said == "ready\n":
                return self
        self._end()
        raise AssertionError("the bystanders could not join")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._end()

    async def next_phase(self) -> Felt:
        """What they felt since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        said = json.loads(await self._read_line())
        return Felt(**{field.name: said[field.name] for field in fields(Felt)})

    async def _read_line(self) -> str:
        assert self._process.stdout is not None
        return await trio.to_thread.run_sync(self._process.stdout.readline, abandon_on_cancel=True)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


async def play(url: str, kind: str, count: int, token: str, ca_file: str) -> None:
    """Let bots join, and answer the lines on standard input."""
    tls = ssl.create_default_context(cafile=ca_file) if ca_file else None
    rules: Any = load_object(RULES[kind]) if kind in RULES else Rules()
    run = Run(
        kind=kind, open_socket=opener(url, token or None, tls), script=script_of_brain(BRAINS["wander"]), rules=rules
    )
    crowd = Crowd(run, count, seed=1)
    async with trio.open_nursery() as nursery:
        await crowd.start(nursery, RAMP_S)
        with trio.move_on_after(JOIN_WITHIN_S):
            await crowd.wait_settled()
        await trio.sleep(SETTLE_S)
        if any(bot.report.errors or not bot.report.joined for bot in crowd.bots):
            sys.stderr.write(f"{dict(crowd.report_at(0.0).problems)}\n")
            raise SystemExit(1)
        _begin(crowd)
        _print("ready")
        desyncs = 0
        while await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            report = crowd.report_at(trio.current_time())
            _print(json.dumps(asdict(Felt.of(report, report.desyncs - desyncs))))
            desyncs = report.desyncs  # clients count from their beginning
            _begin(crowd)
        nursery.cancel_scope.cancel()


def _begin(crowd: Crowd) -> None:
    for bot in crowd.bots:
        fresh = Report(1, joined=1)
        for counted in fields(Report):  # in place: the sessions count into this one
            setattr(bot.report, counted.name, getattr(fresh, counted.name))
        bot.start_counting(trio.current_time())


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Play as the command line says."""
    url, kind, count, token, ca_file, *_ = *sys.argv[1:], "", ""
    trio.run(play, url, kind, int(count), token, ca_file)


if __name__ == "__main__":
    main()
