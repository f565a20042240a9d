"""What an attack did to ten honest players: the comparison with the calm time before, and the table."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tests.support.attack.bystanders import Felt

if TYPE_CHECKING:
    from collections.abc import Sequence

MORE: Final = 1.5
NOISE_MS: Final = 50.0
"""An attack is felt when a p99 is more than half as high again as in the calm time, and one snapshot more. The machine
that runs this has other processes, the attacker's among them."""
ENOUGH_SNAPSHOTS: Final = 0.9


@dataclass(frozen=True)
class Outcome:
    """What an attack did."""

    attack: str
    server: str
    """How the server ran."""
    calm: Felt
    during: Felt
    skipped_ticks: int
    problems: tuple[str, ...]
    """What did not hold: the attack's own assertions, then what the bystanders felt."""
    checked: str = ""
    """What the attack's assertions saw to hold."""

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what an attack's own process printed."""
        said = json.loads(line)
        phases = {name: Felt(**said[name]) for name in ("calm", "during")}
        return cls(**{**said, **phases, "problems": tuple(said["problems"])})

    @property
    def held(self) -> bool:
        """Whether nobody else's game suffered, and all was as it was promised to be."""
        return not self.problems


def felt_problems(calm: Felt, during: Felt) -> list[str]:
    """What bystanders felt of an attack."""
    problems = []
    for name in ("desyncs", "disconnects", "errors"):
        count = getattr(during, name)
        if count:
            problems.append(f"{count} {name} of bystanders: {during.problems}")
    if not calm.snapshot_hz or during.snapshot_hz < calm.snapshot_hz * ENOUGH_SNAPSHOTS:
        problems.append(f"snapshots/s {calm.snapshot_hz:g} → {during.snapshot_hz:g}")
    for name in ("ack_p99_ms", "interval_p99_ms"):
        before, after = getattr(calm, name), getattr(during, name)
        if after > before * MORE + NOISE_MS:
            problems.append(f"{name} {before:g} → {after:g}")
    return problems


HEADINGS: Final = (
    *("attack", "server", "ack p99", "interval p99", "snapshots/s"),
    *("ticks skipped", "desyncs", "disconnects", "held"),
)


def row(outcome: Outcome) -> tuple[str, ...]:
    """An outcome's row in the table. An error of a bystander ended its game: it counts as a disconnect."""
    calm, during = outcome.calm, outcome.during
    return (
        outcome.attack,
        outcome.server,
        f"{calm.ack_p99_ms:.0f} → {during.ack_p99_ms:.0f} ms",
        f"{calm.interval_p99_ms:.0f} → {during.interval_p99_ms:.0f} ms",
        f"{calm.snapshot_hz:.1f} → {during.snapshot_hz:.1f}",
        str(outcome.skipped_ticks),
        str(during.desyncs),
        str(during.disconnects + during.errors),
        "yes" if outcome.held else "NO",
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """What the bystanders felt, in Markdown."""
    rows = [HEADINGS, *map(row, outcomes)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |" for cells in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def write(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def report(outcome: Outcome) -> None:
    """Print what one attack did."""
    write(": ".join(filter(None, (outcome.attack, "held" if outcome.held else "BROKEN", outcome.checked))))
    for problem in outcome.problems:
        write(f"  {problem}")
