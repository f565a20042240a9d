"""The `gameserver` command. Each command checks what it was given, then hands over to the part that does the work.

Whatever is wrong with a command line, a configuration or a named class ends in one line on standard error and exit
status 2; a traceback is a bug. Options also come from the environment (`GAMESERVER_RUN_PORT=9000`) and from
`gameserver.toml` in the current folder (`[run]`, `port = 9000`); a flag wins over the environment, and that over the
file.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from cyclopts import App, Parameter
from cyclopts.config import Env, Toml
from rich.console import Console

from gameserver import __version__
from gameserver.compiled import COMPILED
from gameserver.net.settings import NetLimits
from gameserver.protocol.constants import LimitError, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.net.network_simulator import Lag

EXIT_WRONG = 1
"""What ran found something wrong: a bot a desync, a check a difference."""
EXIT_USAGE = 2
"""What was asked for cannot be done as asked."""

DEFAULT_ROOM = "gameserver.games.arena:Arena"
DEFAULT_PORT = 8000
MAX_PORT = 65_535
"""TCP's highest port number."""


def _one_line(error: object) -> str:
    return f"gameserver: {' '.join(str(error).split())}"


app = App(
    name="gameserver",
    help="A multiplayer game server: rules in Python, played in every browser.",
    version=f"{__version__} (compiled)" if COMPILED else __version__,
    config=[Env("GAMESERVER_"), Toml("gameserver.toml")],
    error_formatter=_one_line,
    error_console=Console(stderr=True, soft_wrap=True),
)


class UsageError(Exception):
    """Raised by a command for what it cannot do; the text is all that the user sees."""


def fail(error: object, status: int = EXIT_USAGE) -> NoReturn:
    """Say in one line what is wrong, and end."""
    print(_one_line(error), file=sys.stderr)
    raise SystemExit(status)


@contextmanager
def _plain_errors(where: str = "") -> Iterator[None]:
    """Turn what a user can cause into one line; everything else is a bug and stays loud. `where`: what an operating
    system's error without a file name is about."""
    from gameserver.loading import LoadError
    from gameserver.net.http.auth import AuthConfigError
    from gameserver.ops.check_step import CheckError
    from gameserver.recording.format import RecordingError
    from gameserver.shared_step import SharedStepError
    from gameserver.state.errors import DeclarationError

    try:
        yield
    except (
        AuthConfigError,
        CheckError,
        LoadError,
        DeclarationError,
        RecordingError,
        SharedStepError,
        UsageError,
    ) as error:
        fail(error)
    except OSError as error:
        fail(_os_error(error, where))
    except ExceptionGroup as group:  # what a task raised comes out of its nursery in a group
        leaf: BaseException = group
        while isinstance(leaf, BaseExceptionGroup) and len(leaf.exceptions) == 1:
            leaf = leaf.exceptions[0]
        if isinstance(leaf, OSError):
            fail(_os_error(leaf, where))
        raise


def _os_error(error: OSError, where: str) -> str:
    what = error.strerror or str(error)
    about = error.filename or where
    return f"{about}: {what}" if about else what


@app.command
def run(
    *rooms: str,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    bots: int = 0,
    seed: int | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    origin: tuple[str, ...] = (),
    transport: Literal["drained", "ordinary"] = "drained",
    auth: Annotated[
        Path | None, Parameter(help="TOML file with the token settings; see docs/guide/operate.md.")
    ] = None,
    record: Path | None = None,
    lag: float = 0.0,
    jitter: float = 0.0,
    stall: str | None = None,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
    log_format: Literal["text", "json"] = "text",
    web: Path | None = None,
    trusted_proxy: tuple[str, ...] = (),
    workers: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    net_limits: NetLimits = NetLimits(),  # noqa: B008 - frozen
) -> None:
    """Serve rooms, and the page that plays them, until SIGTERM or Ctrl-C.

    Parameters
    ----------
    rooms
        Room classes as MODULE:CLASS; without one, the arena.
    host
        Address to listen on; 0.0.0.0 for all of IPv4, :: for all.
    port
        TCP port for HTTP and WebSocket alike; 0 picks a free one.
    bots
        Bots that come in over a WebSocket of their own and play in the first kind.
    seed
        Makes the rooms' random numbers the same on each run.
    cert
        PEM file with the TLS certificate chain; https and wss are served then. SIGHUP reads it again.
    key
        PEM file with the certificate's key.
    origin
        A page's origin that may connect, besides the server's own. May be given again; * for all.
    transport
        How the links in a room are read; `ordinary` is the slower, plainer way.
    record
        Folder for recordings, one a room; see `gameserver replay`.
    lag
        For development: milliseconds that every link gets on top of its own, in each direction.
    jitter
        For development: by how much that varies, more and less.
    stall
        For development: MS/EVERY_S; 500/10 lets nothing through for half a second, every ten.
    log_level
        The least that is logged.
    log_format
        Lines to read, or JSON.
    web
        Folder with a page of your own to serve at /; the SDK stays at /sdk/.
    trusted_proxy
        Address of a proxy whose X-Forwarded-For and X-Forwarded-Proto are believed. May be given again.
    workers
        How many processes share the rooms, behind the one port; see docs/guide/workers.md.
    limits
        What clients may make grow; see protocol.md §11.
    net_limits
        What clients may make grow before and below the protocol.
    """
    from gameserver.ops.serve import ServeOptions, serve_forever

    _check_port(port)
    if bots < 0:
        fail(f"bots {bots}: write a number from 0 up")
    if workers < 1:
        fail(f"workers {workers}: write a number from 1 up")
    if workers > 1 and cert is not None:
        fail("--workers and --cert do not go together: let a proxy end TLS in front of the workers")
    if (cert is None) != (key is None):
        fail("--cert and --key come together: give both, or neither")
    if web is not None and not web.is_dir():
        fail(f"{web}: no such folder")
    for path in (cert, key, auth):
        if path is not None and not path.is_file():
            fail(f"{path}: no such file")
    added_lag = _read_lag(lag, jitter, stall)
    if workers > 1 and added_lag is not None:
        fail("--workers and --lag do not go together: try what is slow on one process")
    with _plain_errors(f"{host} port {port}"):
        serve_forever(
            ServeOptions(
                rooms=rooms or (DEFAULT_ROOM,),
                host=host,
                port=port,
                bots=bots,
                seed=seed,
                cert=cert,
                key=key,
                origins=origin,
                transport=transport,
                auth=auth,
                log_level=log_level,
                log_format=log_format,
                limits=limits,
                net_limits=net_limits,
                web=web,
                trusted_proxies=trusted_proxy,
                record=record,
                lag=added_lag,
                workers=workers,
            )
        )


@app.command
def bots(
    *,
    url: str = f"ws://127.0.0.1:{DEFAULT_PORT}/ws",
    kind: str = "arena",
    count: int = 10,
    seconds: float = 30.0,
    brain: str = "wander",
    seed: int | None = None,
    ramp: float = 0.02,
    token: str | None = None,
    json: bool = False,
) -> None:
    """Let bots play on a running server, check all that they are told, and report. Exit status 1 when anything was
    wrong.

    Parameters
    ----------
    url
        The server's WebSocket address.
    kind
        The kind of room to join.
    count
        How many bots.
    seconds
        How long they play once all have joined.
    brain
        wander, chase, or a class of your own as MODULE:CLASS.
    seed
        Makes the bots' decisions the same on each run.
    ramp
        Seconds from one join to the next.
    token
        A JWT, where the server asks for one.
    json
        End with one JSON object instead of a table.
    """
    from gameserver.bots.command import play

    if count < 1 or seconds <= 0 or ramp < 0:
        fail("count must be at least 1, seconds above 0, and ramp not below 0")
    with _plain_errors():
        clean = play(
            url=url,
            kind=kind,
            count=count,
            seconds=seconds,
            brain=brain,
            seed=seed,
            ramp_s=ramp,
            token=token,
            json=json,
        )
    raise SystemExit(0 if clean else EXIT_WRONG)


@app.command
def token(
    file: Path,
    *claims: str,
    subject: str = "developer",
    lifetime_s: Annotated[float, Parameter(name="--seconds")] = 3600,
) -> None:
    """Mint a token for development, signed with the secret that `run --auth FILE` checks it with.

    Parameters
    ----------
    file
        The TOML file with the token settings; its algorithm must be HS256.
    claims
        More claims as NAME=VALUE.
    subject
        Who the token is for.
    lifetime_s
        How long it is good.
    """
    from gameserver.net.http.auth import JwtSettings, mint_token

    said: dict[str, object] = {"sub": subject}
    for claim in claims:
        name, equals, value = claim.partition("=")
        if not (name and equals):
            fail(f"{claim!r}: write a claim as NAME=VALUE")
        said[name] = value
    with _plain_errors():
        print(mint_token(JwtSettings.from_toml(file), said, now_s=time.time(), lifetime_s=lifetime_s))


@app.command
def check(room: str, *, cases: int = 10_000, steps: int = 60, seed: int = 1) -> None:
    """Run a room's shared step in Python and in Node on random states and inputs, and compare every bit.

    Parameters
    ----------
    room
        The room class as MODULE:CLASS.
    cases
        How many random starts.
    steps
        How many ticks from each.
    seed
        Makes the same cases again.
    """
    from gameserver.loading import load_room
    from gameserver.ops.check_room import check_room_step

    with _plain_errors():
        clean = check_room_step(load_room(room), cases=cases, steps=steps, seed=seed)
    raise SystemExit(0 if clean else EXIT_WRONG)


@app.command
def replay(
    file: Path,
    room: str = DEFAULT_ROOM,
    *,
    verify: bool = True,
    serve: bool = False,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
) -> None:
    """Make a recorded game again, faster than it was, and compare the state after each tick: exit status 1 when it
    differs. Or show it in the demo, with pause, jumps and pace.

    Parameters
    ----------
    file
        A recording that `gameserver run --record` made.
    room
        The room class as MODULE:CLASS.
    verify
        Run the rules again; without it, the file is only read and summed up.
    serve
        Show it in the browser instead: no rules run.
    host
        Where to show it: address to listen on.
    port
        Where to show it: TCP port; 0 picks a free one.
    """
    from gameserver.loading import load_room
    from gameserver.ops.replay import replay_file, serve_file

    _check_port(port)
    if serve:
        with _plain_errors(f"{host} port {port}"):
            serve_file(file, load_room(room), host=host, port=port)
        return
    with _plain_errors():
        clean = replay_file(file, load_room(room), verify=verify)
    raise SystemExit(0 if clean else EXIT_WRONG)


def _read_lag(lag_ms: float, jitter_ms: float, stall: str | None) -> Lag | None:
    from gameserver.net.network_simulator import read_lag

    try:
        return read_lag(lag_ms, jitter_ms, stall)
    except ValueError as error:
        fail(error)


def _check_port(port: int) -> None:
    if not 0 <= port <= MAX_PORT:
        fail(f"port {port}: write a number from 0 to {MAX_PORT}")


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line."""
    try:
        return app(arguments)
    except LimitError as error:
        fail(error)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader of our output has gone; Python would complain again while it closes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
