"""`gameserver bots`: a crowd of bots on a running server, a display of how it goes, and what they found."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Any

import trio

from gameserver.bots.brains import BRAINS
from gameserver.bots.crowd import run_bots
from gameserver.bots.progress import progress, write_summary
from gameserver.loading import LoadError, load_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.bots.report import Report

RULES = {"arena": "gameserver.games.arena_bots:RULES"}
"""What bots may hold a kind of room to. A brain of one's own brings its own, as its attribute `rules`."""


def play(
    *,
    url: str,
    kind: str,
    count: int,
    seconds: float,
    brain: str,
    seed: int | None,
    ramp_s: float,
    token: str | None,
    json: bool,
) -> bool:
    """Return whether nothing was wrong. Progress goes to standard error, the result to standard output.

    Raises LoadError for a brain or a URL that is none.
    """
    make = _brain(brain)

    async def run(on_progress: Callable[[Report], object]) -> Report:
        return await run_bots(
            url,
            kind,
            count,
            seconds,
            brain=make,
            rules=_rules(kind),
            seed=seed,
            ramp=ramp_s,
            token=token,
            on_progress=on_progress,
        )

    with progress(sys.stderr, seconds) as show:
        try:
            report = trio.run(run, show)
        except ValueError as error:
            raise LoadError(str(error)) from None
    if json:
        sys.stdout.write(json_module.dumps(report.to_json()) + "\n")
    else:
        write_summary(sys.stdout, report)
    return report.clean


def _rules(kind: str) -> Any:
    """The rules of a kind that are known here."""
    return load_object(RULES[kind]) if kind in RULES else None


def _brain(name: str) -> Any:
    """A brain's name, or a class of the user's own."""
    if ":" not in name:
        if name not in BRAINS:
            raise LoadError(f"no brain {name!r}: there are {', '.join(BRAINS)}, or write module:Class")
        return name
    made = load_object(name)
    if not callable(made) or not hasattr(made, "decide"):
        raise LoadError(f"{name} is no brain: write a class with __init__(self, rng) and decide(self, sight)")
    return made
