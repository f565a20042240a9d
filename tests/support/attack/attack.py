"""One attack with its bystanders: a calm time, the attack, and what ten honest players felt in both.

A module of `tests/attacks` declares an `Attack` and calls `main` with it; `tests.attacks` runs all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import signal
import tempfile
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import trio

from tests.support.attack.bystanders import Bystanders
from tests.support.attack.outcome import Outcome, felt_problems, report, table, write
from tests.support.attack.target import PROXY, UNCOUNTED, Refused, Target, sign
from tests.support.live.certificates import Authority
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

AttackFunction: TypeAlias = "Callable[[Target], Awaitable[str]]"

BYSTANDERS: Final = 10
CALM_S: Final = 5.0
WITHIN_S: Final = 90.0
AFTERWARDS_S: Final = 1.0
"""Counted as part of the attack: what it left behind is felt then."""
ROOMS: Final = (
    "gameserver.games.arena:Arena",
    *(f"tests.support.attack.rooms:{name}" for name in ("Square", "Own", "Few", "Fragile")),
)
POLITE: Final = 10
"""The attacker's niceness: on a small machine, it must not take from the bystanders by itself."""


@dataclass(frozen=True)
class Attack:
    """What someone does to hurt the others, and what must hold."""

    name: str
    """The module's."""
    what: str
    """In one line."""
    run: AttackFunction
    """Attacks for some seconds, and returns what it has checked. Raises AssertionError if a promise is broken."""
    workers: bool | None = None
    """True: only with workers; False: only without."""
    tls: bool | None = None
    """True: only with TLS; False: only without."""
    auth: bool = False
    """Whether the server asks for tokens."""
    record: bool = False
    """Whether the server records its rooms."""
    max_files: int = 0
    """The limit on file descriptors of each process; 0: the usual one."""
    within_s: float = WITHIN_S
    """An attack that has not ended by then could not make its checks, and counts as broken."""


@dataclass(frozen=True)
class Setup:
    """How the server under attack runs."""

    transport: str = "polled"
    tls: bool = False
    workers: int = 1

    def __str__(self) -> str:
        words = [self.transport] + ["TLS"] * self.tls + [f"{self.workers} workers"] * (self.workers > 1)
        return ", ".join(words)

    def arguments(self) -> list[str]:
        """The options that say the same on the command line of an attack."""
        return ["--transport", self.transport, "--workers", str(self.workers), *["--tls"] * self.tls]

    def fitted_to(self, attack: Attack) -> Setup:
        """The setup nearest to this one on which the attack can be made. TLS does not go with workers."""
        workers = {None: self.workers, True: max(2, self.workers), False: 1}[attack.workers]
        tls = (self.tls if attack.tls is None else attack.tls) and workers == 1
        return Setup(self.transport, tls, workers)


# -- running ---------------------------------------------------------------------------------------------------------


async def perform(
    attack: Attack, setup: Setup, url: str | None = None, token: str = "", calm_s: float = CALM_S
) -> Outcome:
    """Run an attack.

    Args:
        attack: What to do.
        setup: How to start the server.
        url: The server to attack instead; it must serve the arena.
        token: Lets in at that server.
        calm_s: How long the bystanders play before it.
    """
    async with AsyncExitStack() as stack:
        if url is None:
            target, bystanders_token, ca_file = await _start(attack, setup, stack)
        else:
            target, bystanders_token, ca_file = Target(url, token=token), token, ""
        await stack.enter_async_context(target)
        bystanders = await stack.enter_async_context(
            Bystanders(target.url, "arena", BYSTANDERS, token=bystanders_token, ca_file=ca_file)
        )
        os.nice(POLITE)  # not the server and the bystanders, which run already
        await bystanders.next_phase()
        await trio.sleep(calm_s)
        calm = await bystanders.next_phase()
        skipped = (await target.metrics()).get("ticks_skipped_total", 0.0)
        await bystanders.next_phase()
        problems, checked = await _attack(attack, target)
        await trio.sleep(AFTERWARDS_S)
        during = await bystanders.next_phase()
        metrics = await _metrics_or_problem(target)
        if not metrics:
            problems.append("the server does not answer any more")
        skipped = metrics.get("ticks_skipped_total", skipped) - skipped
        problems += felt_problems(calm, during)
        where = str(setup) if url is None else url
        return Outcome(attack.name, where, calm, during, int(skipped), tuple(problems), checked)


async def _metrics_or_problem(target: Target) -> dict[str, float]:
    with trio.move_on_after(5.0):
        try:
            return await target.metrics()
        except (OSError, trio.BrokenResourceError):
            pass
    return {}


async def _attack(attack: Attack, target: Target) -> tuple[list[str], str]:
    """Attack for a bounded time. Return what was broken, and what was checked."""
    failures: list[str] = []
    try:
        with trio.move_on_after(attack.within_s):
            return failures, await attack.run(target)
        failures.append(f"the attack has not ended after {attack.within_s:g} s")
    except* (AssertionError, Refused) as group:
        failures += [str(error) or type(error).__name__ for error in _leaves(group)]
    except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as group:
        failures += [f"the attack broke off: {error!r}" for error in _leaves(group)]
    return failures, ""


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


async def _start(attack: Attack, setup: Setup, stack: AsyncExitStack) -> tuple[Target, str, str]:
    """Start the server. Return the target, the bystanders' token, and whom they trust."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    options = [*ROOMS, "--transport", setup.transport, "--log-level", "info"]
    options += ["--uncounted-address", UNCOUNTED, "--trusted-proxy", PROXY]
    ca_file, token, key = None, "", b""
    if setup.tls:
        authority = Authority(folder)
        ca_file = folder / "ca.pem"
        authority.ca.cert_pem.write_to_path(str(ca_file))
        options += ["--cert", str(authority.cert), "--key", str(authority.key)]
    if setup.workers > 1:
        options += ["--workers", str(setup.workers)]
    if attack.auth:
        key = secrets.token_hex(32).encode()
        (folder / "secret.key").write_bytes(key)
        (folder / "auth.toml").write_text('algorithm = "HS256"\nkey_file = "secret.key"\n')
        options += ["--auth", str(folder / "auth.toml")]
        token = sign(key, {"name": "bystander"})
    if attack.record:
        options += ["--record", str(folder / "recordings")]
    server = await stack.enter_async_context(ServerProcess(*options, max_files=attack.max_files))
    url = server.url.replace("ws:", "wss:") if setup.tls else server.url
    target = Target(url, ca_file=ca_file, token=token, key=key, server=server, folder=folder / "recordings")
    return target, token, "" if ca_file is None else str(ca_file)


# -- the command line ------------------------------------------------------------------------------------------------


def add_setup_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the options that say how the server runs."""
    parser.add_argument("--transport", choices=("polled", "ordinary"), default="polled")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--calm-s", type=float, default=CALM_S, help="how long the bystanders play before the attack")


def setup_of(arguments: argparse.Namespace) -> Setup:
    """How the server runs, as the command line says."""
    return Setup(arguments.transport, arguments.tls, arguments.workers)


def main(attack: Attack) -> None:
    """Run one attack from the command line. The exit status is 1 if it was felt.

    Raises:
        SystemExit: Always.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.attacks.{attack.name}", description=attack.what)
    parser.add_argument("--url", help="a server on loopback; without it, one is started")
    parser.add_argument("--token", default="", help="lets in at that server")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    add_setup_arguments(parser)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it cleans up, as after Ctrl-C
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    setup = setup_of(arguments).fitted_to(attack)
    outcome = trio.run(perform, attack, setup, arguments.url, arguments.token, arguments.calm_s)
    if arguments.json:
        write(json.dumps(asdict(outcome)))
    else:
        report(outcome)
        write(table([outcome]))
    raise SystemExit(0 if outcome.held else 1)
