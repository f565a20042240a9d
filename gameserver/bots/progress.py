"""Shows the progress of a run of bots and its summary: on a terminal as a table that is updated in place, elsewhere as
plain lines.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TextIO

    from gameserver.bots.report import Report

PLAIN_LINE_EVERY_S = 5.0
"""Seconds of play from one line to the next, where there is no terminal."""

SHOWN_PROBLEMS = 10


def rows(report: Report) -> list[tuple[str, str]]:
    """Return the rows of the summary: label and text."""
    ack, interval = report.acks.in_ms(), report.intervals.in_ms()
    return [
        ("in the room", f"{report.joined} of {report.clients}"),
        ("snapshots", f"{report.snapshots} ({report.snapshot_hz:.1f} a second each)"),
        ("bytes", f"{report.bytes_per_client_s:.0f} a second each"),
        ("input to ack", f"p50 {ack['p50']} ms, p99 {ack['p99']} ms"),
        ("between snapshots", f"p50 {interval['p50']} ms, p99 {interval['p99']} ms"),
        ("events", str(report.events)),
        ("messages sent", str(report.messages)),
        ("corrections", str(report.corrections)),
        ("desyncs", str(report.desyncs)),
        ("disconnects", str(report.disconnects)),
        ("errors", str(report.errors)),
    ]


def _bad(label: str, text: str) -> bool:
    return label in {"desyncs", "disconnects", "errors"} and text != "0"


def table(report: Report, seconds: float) -> Table:
    """Return the table for a terminal, with a bar for the share of `seconds` that has passed."""
    shown = Table.grid(padding=(0, 2))
    shown.add_row("played", ProgressBar(total=seconds, completed=min(seconds, report.seconds), width=30))
    for label, text in rows(report):
        shown.add_row(label, f"[red]{text}[/red]" if _bad(label, text) else text)
    return shown


def line(report: Report) -> str:
    """Return the report as one line."""
    ack = report.acks.in_ms()
    return (
        f"{report.seconds:6.1f} s  {report.joined}/{report.clients} in  {report.snapshot_hz:.1f} snapshots/s  "
        f"ack p50 {ack['p50']} p99 {ack['p99']} ms  corrections {report.corrections}  desyncs {report.desyncs}  "
        f"disconnects {report.disconnects}  errors {report.errors}"
    )


def problems(report: Report) -> list[str]:
    """Return the problems as lines, the most frequent first."""
    return [f"{count} x {problem}" for problem, count in report.problems.most_common(SHOWN_PROBLEMS)]


@contextmanager
def progress(stream: TextIO, seconds: float) -> Generator[Callable[[Report], None]]:
    """Yield a function that shows a report on `stream`: in place on a terminal, else as a line now and then."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield _Lines(stream).show
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda report: live.update(table(report, seconds), refresh=True)


class _Lines:
    """Writes a line for the first report, and one after every `PLAIN_LINE_EVERY_S` of play."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next_s = 0.0

    def show(self, report: Report) -> None:
        """Write a line if it is due."""
        if report.seconds >= self._next_s:
            self._next_s = report.seconds + PLAIN_LINE_EVERY_S
            self._stream.write(line(report) + "\n")
            self._stream.flush()


def write_summary(stream: TextIO, report: Report) -> None:
    """Write the report as text, with the problems at the end."""
    width = max(len(label) for label, _ in rows(report))
    lines = [f"{label.ljust(width)}  {text}" for label, text in rows(report)]
    stream.write("\n".join([*lines, *problems(report)]) + "\n")
    stream.flush()
