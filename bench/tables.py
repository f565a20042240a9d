"""Turns the load generator's results into one figure per case, and those into tables. Pure."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.matrix import Case, Target

Result: TypeAlias = dict[str, Any]
"""One line that the load generator printed."""

CHECKS: Final = ("mismatched", "missing", "outside", "misfits")


def figure(result: Result, key: str) -> float | None:
    """Return one number of a result, None where there is none. `a.b` is a nested key, `x/y` divides two figures."""
    if "/" in key:
        above, below = (figure(result, part) for part in key.split("/"))
        return above / below if above is not None and below else None
    found: Any = result
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return None if found is None else float(found)


def median(results: Iterable[Result], key: str) -> float | None:
    """Return the median of a figure over repeats."""
    found = [value for value in (figure(result, key) for result in results) if value is not None]
    return statistics.median(found) if found else None


def ratio(ours: Sequence[Result], theirs: Sequence[Result], key: str) -> float | None:
    """Return the median over repeats of one case's figure divided by the other's of the same repeat: other work on the
    machine at that time affects both."""
    pairs = [(figure(a, key), figure(b, key)) for a, b in zip(ours, theirs, strict=False)]
    found = [a / b for a, b in pairs if a is not None and b]
    return statistics.median(found) if found else None


def faults(result: Result) -> list[str]:
    """Return what makes a result invalid: clients that saw another state than the server's, or that were lost."""
    found = [f"{result['lost']} clients lost"] if result["lost"] else []
    verify = result["verify"]
    if verify is not None:
        found += [f"{verify[check]} {check}" for check in CHECKS if verify[check]]
        if not verify["compared"]:
            found.append("nothing was compared")
    return found


COLUMNS: Final = (
    ("µs per client and tick", "usPerClientTick", 1),
    ("user", "cpuUser", 3),
    ("system", "cpuSystem", 3),
    ("wire bytes", "wireBytesPerClientTick", 0),
    ("ack p50", "ackMs.p50", 1),
    ("p99", "ackMs.p99", 1),
    ("ticks held", "ticksHeld", 4),
    ("tick p50 ms", "tickMs.p50", 2),
    ("p99.9", "tickMs.p999", 2),
    ("KiB a client", "kibPerClient", 1),
    ("others on the core", "core.others", 2),
)


def cases_table(cases: Iterable[Case], results: Mapping[str, Sequence[Result]]) -> list[str]:
    """Return a Markdown table: one line per case, medians; CPU with its minimum and maximum."""
    lines = ["| case | clients | " + " | ".join(name for name, _, _ in COLUMNS) + " |"]
    lines.append("|---|--:|" + "--:|" * len(COLUMNS))
    for case in cases:
        found = results.get(case.name)
        if found:
            cells = [_cell(found, key, digits) for _, key, digits in COLUMNS]
            lines.append(f"| {case.what} | {found[0]['clients']} | " + " | ".join(cells) + " |")
    return lines


def _cell(results: Sequence[Result], key: str, digits: int) -> str:
    middle = median(results, key)
    if middle is None:
        return "-"
    if key != "usPerClientTick":
        return f"{middle:.{digits}f}"
    values = [value for value in (figure(result, key) for result in results) if value is not None]
    return f"**{middle:.{digits}f}** ({min(values):.{digits}f} to {max(values):.{digits}f})"


def targets_table(targets: Iterable[Target], results: Mapping[str, Sequence[Result]]) -> list[str]:
    """Return a Markdown table: one line per target whose cases were measured, and whether it was met."""
    lines = ["| target | bound | measured | |", "|---|--:|--:|---|"]
    for target in targets:
        measured = _measured(target, results)
        if measured is not None:
            met = measured >= target.bound if target.at_least else measured <= target.bound
            sign = "≥" if target.at_least else "≤"
            digits = 4 if target.at_least else 2
            lines.append(
                f"| {target.what} | {sign} {target.bound:g} | {measured:.{digits}f} | {'met' if met else 'missed'} |"
            )
    return lines


def _measured(target: Target, results: Mapping[str, Sequence[Result]]) -> float | None:
    ours = results.get(target.ours)
    if not ours:
        return None
    if target.over is None:
        return median(ours, target.figure)
    theirs = results.get(target.over)
    return ratio(ours, theirs, target.figure) if theirs else None
