"""One attack with its bystanders: a calm time, the attack, and what ten honest players felt in both.

A module of `tests/attacks` declares an `Attack` and calls `main` with it; `tests.attacks` runs all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import trio

from gameserver.net.http.auth import JwtSettings, mint_token
from tests.support.attack.bystanders import Bystanders, Felt
from tests.support.attack.target import PROXY, UNCOUNTED, Refused, Target
from tests.support.live.certificates import Authority
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

AttackFunction: TypeAlias = "Callable[[Target], Awaitable[object]]"

BYSTANDERS: Final = 10
CALM_S: Final = 5.0
ATTACK_S: Final = 8.0
AFTERWARDS_S: Final = 1.0
"""Counted as part of the attack: what it left behind is felt then."""
MORE: Final = 1.5
NOISE_MS: Final = 50.0
"""An attack is felt when a p99 is more than half as high again as in the calm time, and one snapshot more. The machine
that runs this has other processes, the attacker's among them."""
ENOUGH_SNAPSHOTS: Final = 0.9
ROOMS: Final = (
    "gameserver.games.arena:Arena",
    *(f"tests.support.attack.rooms:{name}" for name in ("Square", "Own", "Fragile")),
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
    """Attacks until it is cancelled, or until it has nothing left to try. Raises AssertionError if a promise to the
    attacker's own victims is broken, and may return what is worth a note."""
    options: tuple[str, ...] = ()
    """More options of `gameserver run`."""
    workers: bool | None = None
    """True: only with workers; False: only without."""
    tls: bool | None = None
    """True: only with TLS; False: only without."""
    auth: bool = False
    """Whether the server asks for tokens."""
    record: bool = False
    max_files: int = 0
    """The limit on file descriptors of each process; 0: the usual one."""
    seconds: float = ATTACK_S


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

    def fits(self, attack: Attack) -> bool:
        """Whether the attack can be made on a server that runs in this way."""
        return attack.workers in (None, self.workers > 1) and attack.tls in (None, self.tls)


@dataclass(frozen=True)
class Outcome:
    """What an attack did."""

    attack: str
    calm: Felt
    during: Felt
    skipped_ticks: int
    problems: tuple[str, ...]
    note: str = ""

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what an attack's own process printed."""
        said = json.loads(line)
        phases = {name: Felt(**said[name]) for name in ("calm", "during")}
        return cls(**{**said, **phases, "problems": tuple(said["problems"])})

    @property
    def held(self) -> bool:
        """Whether nobody else's game suffered."""
        return not self.problems


def judge(attack: Attack, calm: Felt, during: Felt, skipped_ticks: int, failed: str, note: object) -> Outcome:
    """Compare the two times."""
    problems = [failed] if failed else []
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
    return Outcome(attack.name, calm, during, skipped_ticks, tuple(problems), "" if note is None else str(note))


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
        failed, note = await _attack(attack, target)
        await trio.sleep(AFTERWARDS_S)
        during = await bystanders.next_phase()
        metrics = await _metrics_or_problem(target)
        if not metrics:
            failed = failed or "the server does not answer any more"
        skipped = metrics.get("ticks_skipped_total", skipped) - skipped
        return judge(attack, calm, during, int(skipped), failed, note)


async def _metrics_or_problem(target: Target) -> dict[str, float]:
    with trio.move_on_after(5.0):
        try:
            return await target.metrics()
        except (OSError, trio.BrokenResourceError):
            pass
    return {}


async def _attack(attack: Attack, target: Target) -> tuple[str, object]:
    """Attack for a bounded time. Return what was broken, and a note."""
    note: object = None
    failures: list[str] = []
    try:
        with trio.move_on_after(attack.seconds):
            note = await attack.run(target)
    except* (AssertionError, Refused) as group:
        failures += [str(error) or type(error).__name__ for error in _leaves(group)]
    except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as group:
        failures += [f"the attack broke off: {error!r}" for error in _leaves(group)]
    return "; ".join(failures), note


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
    ca_file, token, secret = None, "", None
    if setup.tls:
        authority = Authority(folder)
        ca_file = folder / "ca.pem"
        authority.ca.cert_pem.write_to_path(str(ca_file))
        options += ["--cert", str(authority.cert), "--key", str(authority.key)]
    if setup.workers > 1:
        options += ["--workers", str(setup.workers)]
    if attack.auth:
        secret = folder / "auth.toml"
        (folder / "secret.key").write_text(secrets.token_hex(32))
        secret.write_text('algorithm = "HS256"\nkey_file = "secret.key"\n')
        options += ["--auth", str(secret)]
        token = sign(secret, {"name": "bystander"})
    if attack.record:
        options += ["--record", str(folder / "recordings")]
    server = await stack.enter_async_context(ServerProcess(*options, *attack.options, max_files=attack.max_files))
    url = server.url.replace("ws:", "wss:") if setup.tls else server.url
    target = Target(url, ca_file=ca_file, token=token, secret=secret, server=server, folder=folder / "recordings")
    return target, token, "" if ca_file is None else str(ca_file)


def sign(settings: Path, claims: dict[str, Any]) -> str:
    """A token of someone who has an account."""
    return mint_token(JwtSettings.from_toml(settings), claims, now_s=time.time(), lifetime_s=3600)


# -- printing --------------------------------------------------------------------------------------------------------

HEADINGS: Final = ("attack", "ack p99", "interval p99", "snapshots/s", "ticks skipped", "lost", "held")


def row(outcome: Outcome) -> tuple[str, ...]:
    """An outcome's row in the table."""
    calm, during = outcome.calm, outcome.during
    lost = during.desyncs + during.disconnects + during.errors
    return (
        outcome.attack,
        f"{calm.ack_p99_ms:.0f} → {during.ack_p99_ms:.0f} ms",
        f"{calm.interval_p99_ms:.0f} → {during.interval_p99_ms:.0f} ms",
        f"{calm.snapshot_hz:.1f} → {during.snapshot_hz:.1f}",
        str(outcome.skipped_ticks),
        str(lost),
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
    write(f"{outcome.attack}: {'held' if outcome.held else 'BROKEN'} {outcome.note}".rstrip())
    for problem in outcome.problems:
        write(f"  {problem}")


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
    parser.add_argument("--seconds", type=float, default=attack.seconds)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    add_setup_arguments(parser)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it cleans up, as after Ctrl-C
    setup = setup_of(arguments)
    if arguments.url is None and not setup.fits(attack):
        setup = replace(setup, workers=2 if attack.workers else 1, tls=bool(attack.tls))
    attack = replace(attack, seconds=arguments.seconds)
    outcome = trio.run(perform, attack, setup, arguments.url, arguments.token, arguments.calm_s)
    if arguments.json:
        write(json.dumps(asdict(outcome)))
    else:
        report(outcome)
        write(table([outcome]))
    raise SystemExit(0 if outcome.held else 1)
