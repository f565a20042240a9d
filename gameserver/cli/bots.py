"""`gameserver bots`: lets bots play on a running server, shows their progress, and prints their report."""

from __future__ import annotations

import json as json_module
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from gameserver.bots.brains import BRAINS
from gameserver.bots.crowd import is_script, run_bots
from gameserver.bots.policy import load_policy
from gameserver.bots.progress import progress, write_summary
from gameserver.cli.errors import EXIT_FOUND, fail, plain_errors
from gameserver.cli.options import DEFAULT_PORT
from gameserver.loading import LoadError, load_object
from gameserver.protocol.constants import WEBSOCKET_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gameserver.bots.report import Report


RULES = {"arena": "gameserver.games.arena_bots:RULES"}
"""The rules that bots check rooms of a kind against. A brain class of your own has them as its attribute `rules`."""
POLICY_PREFIX = "policy:"


def bots(
    *,
    url: str = f"ws://127.0.0.1:{DEFAULT_PORT}{WEBSOCKET_PATH}",
    kind: str = "arena",
    count: int = 10,
    seconds: float = 30.0,
    brain: str = "wander",
    room: str | None = None,
    params: str = "{}",
    seed: int | None = None,
    ramp: float = 0.02,
    token: str | None = None,
    json: bool = False,
) -> None:
    """Let bots play on a running server, check all that they receive, and report.

    The exit status is 1 if anything was wrong.

    Args:
        url: The server's WebSocket address.
        kind: The kind of room to join.
        count: Number of bots.
        seconds: Seconds of play once all have joined.
        brain: wander, chase, or your own as MODULE:NAME: a class that decides on controls, or an async function that
            plays; see docs/guide/bots.md. policy:FILE is a Python file with a function from an observation to an
            action; see docs/guide/learning.md.
        room: Id of a room to join; any with a free seat without it.
        params: What to join with, the game's own, as JSON, such as '{"team": "red"}'.
        seed: Seed of the bots' random numbers, to get the same decisions on each run.
        ramp: Seconds from one join to the next.
        token: A JWT, for a server that asks for one.
        json: Print one JSON object at the end instead of a table.
    """
    if count < 1 or seconds <= 0 or ramp < 0:
        fail("count must be at least 1, seconds above 0, and ramp not below 0")
    with plain_errors():
        report = _run_with_progress(
            partial(
                run_bots,
                url,
                kind,
                count,
                seconds,
                brain=_load_brain(brain),
                room=room,
                params=_read_params(params),
                rules=load_object(RULES[kind]) if kind in RULES else None,
                seed=seed,
                ramp=ramp,
                token=token,
            ),
            seconds,
        )
    if json:
        print(json_module.dumps(report.to_json()))
    else:
        write_summary(sys.stdout, report)
    raise SystemExit(0 if report.clean else EXIT_FOUND)


def _run_with_progress(run: Callable[..., Awaitable[Report]], seconds: float) -> Report:
    """Show progress on standard error while the bots play.

    Raises:
        LoadError: The address is no WebSocket address.
    """
    with progress(sys.stderr, seconds) as show:
        try:
            return trio.run(partial(run, on_progress=show))
        except ValueError as error:
            raise LoadError(str(error)) from None


def _load_brain(name: str) -> Any:
    """Return a brain's name that is known, the policy of policy:FILE, or the class or async function that
    MODULE:NAME names.

    Raises:
        LoadError: There is no such brain.
    """
    if ":" not in name:
        if name not in BRAINS:
            raise LoadError(f"no brain {name!r}: there are {', '.join(BRAINS)}, or write module:name or policy:file.py")
        return name
    if name.startswith(POLICY_PREFIX) and name.endswith(".py"):
        return load_policy(name.removeprefix(POLICY_PREFIX))
    found = load_object(name)
    if is_script(found) or (callable(found) and hasattr(found, "decide")):
        return found
    raise LoadError(
        f"{name} is no brain: write a class with __init__(self, rng) and decide(self, perception), "
        "or an async function with one argument, the bot"
    )


def _read_params(text: str) -> dict[str, object]:
    try:
        params = json_module.loads(text)
    except ValueError as error:
        fail(f"--params {text}: {error}")
    if not isinstance(params, dict):
        fail(f'--params {text}: write a JSON object, such as {{"team": "red"}}')
    return params
