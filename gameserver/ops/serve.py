"""`gameserver run`: from options to a running process, and from a signal to its end."""

from __future__ import annotations

import secrets
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

import trio

from gameserver.hub.hub import Hub
from gameserver.loading import load_room
from gameserver.net.http.auth import JwtAuthenticator, JwtSettings
from gameserver.net.server import Server, serve
from gameserver.net.settings import NetLimits, NetSettings, TransportMode
from gameserver.ops.logs import LogFormat, LogLevel, configure_logging
from gameserver.ops.metrics import metrics_page
from gameserver.ops.recording_files import Recordings
from gameserver.room.kind import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.network_simulator import NetworkConditions
    from gameserver.protocol.constants import Limits
    from gameserver.room.room import Room

SEED_BITS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What `gameserver run` was asked for, checked as far as that goes without opening anything."""

    rooms: tuple[str, ...]
    host: str
    port: int
    bots: int
    seed: int | None
    cert: Path | None
    key: Path | None
    origins: tuple[str, ...]
    transport: TransportMode
    auth: Path | None
    log_level: LogLevel
    log_format: LogFormat
    limits: Limits
    net_limits: NetLimits
    web: Path | None
    trusted_proxies: tuple[str, ...]
    record: Path | None
    network_conditions: NetworkConditions | None = None
    workers: int = 1


def serve_forever(options: ServeOptions) -> None:
    """Serve until a signal says to stop. Raises LoadError, DeclarationError or OSError for what cannot be served."""
    if options.workers > 1:
        from gameserver.workers.director import direct_forever  # which starts processes that serve as below

        direct_forever(options)
        return
    kinds = [load_room(spec) for spec in options.rooms]
    hub = make_hub(options, kinds, options.seed)
    settings = make_settings(options)
    configure_logging(options.log_level, options.log_format)
    recordings = record_hub(hub, options.record)
    trio.run(partial(run_hub, hub, settings, bots=options.bots, kind=kind_of(kinds[0]), recordings=recordings))


def make_hub(options: ServeOptions, kinds: list[type[Room[Any]]], seed: int | None, room_id_prefix: str = "") -> Hub:
    """The rooms of one process. `seed` None: other random numbers on each run."""
    return Hub(
        kinds,
        token_bytes=secrets.token_bytes,
        seed=secrets.randbits(SEED_BITS) if seed is None else seed,
        limits=options.limits,
        room_id_prefix=room_id_prefix,
    )


def make_settings(options: ServeOptions) -> NetSettings:
    """What the net layer is told. Raises OSError or AuthConfigError for a file that cannot be used."""
    return NetSettings(
        host=options.host,
        port=options.port,
        cert=options.cert,
        key=options.key,
        transport=options.transport,
        pace_garbage=True,
        origins=options.origins,
        authenticator=None if options.auth is None else JwtAuthenticator(JwtSettings.from_toml(options.auth)),
        web_root=options.web,
        limits=options.net_limits,
        trusted_proxies=options.trusted_proxies,
        network_conditions=options.network_conditions,
    )


def record_hub(hub: Hub, folder: Path | None) -> Recordings | None:
    """Have new rooms recorded in `folder`; None: nothing is."""
    if folder is None:
        return None
    recordings = Recordings(folder, lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f"))
    hub.open_recording = recordings.open_recording
    return recordings


async def run_hub(
    hub: Hub,
    settings: NetSettings,
    *,
    bots: int = 0,
    kind: str = "",
    recordings: Recordings | None = None,
    words: str = "",
    query: str = "",
) -> None:
    """Serve a hub until a signal says to stop. `words` say what is served, `query` goes behind the address that is
    printed."""
    async with trio.open_nursery() as nursery:
        if recordings is not None:
            nursery.start_soon(recordings.run)
        server = await nursery.start(partial(_serve_until_stopped, hub, settings, nursery))
        await nursery.start(_obey_signals, server, nursery)  # before anybody can know that there is one to stop
        what = words or f"serving {', '.join(hub.kinds)}"
        say(sys.stdout, f"{what} on {address_of(settings, server.port, 'http')}{query}")
        if settings.network_conditions is not None:
            say(sys.stdout, f"every link is slowed down: {settings.network_conditions}")
        if bots:
            nursery.start_soon(play_bots, address_of(settings, server.port, "ws") + "ws", kind, bots)


async def _serve_until_stopped(
    hub: Hub, settings: NetSettings, nursery: trio.Nursery, *, task_status: trio.TaskStatus[Server]
) -> None:
    await serve(hub, settings, pages={"/metrics": metrics_page}, task_status=task_status)
    nursery.cancel_scope.cancel()


def address_of(settings: NetSettings, port: int, scheme: str) -> str:
    """Where a client on this machine finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    secure = "s" if settings.cert is not None else ""
    return f"{scheme}{secure}://{host if ':' not in host or host.startswith('[') else f'[{host}]'}:{port}/"


async def _obey_signals(server: Server, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
    """SIGTERM and Ctrl-C stop the server in good order, a second one at once; SIGHUP reads the certificate again."""
    watched = [signal.SIGTERM, signal.SIGINT]
    if hasattr(signal, "SIGHUP"):
        watched.append(signal.SIGHUP)
    with trio.open_signal_receiver(*watched) as signals:
        task_status.started()
        async for number in signals:
            if hasattr(signal, "SIGHUP") and number == signal.SIGHUP:
                server.certificates.reload()
            elif server.draining:
                nursery.cancel_scope.cancel()
            else:
                say(sys.stderr, "stopping")
                nursery.start_soon(server.stop)


def say(stream: TextIO, line: str) -> None:
    """Write a line that has to be read now."""
    stream.write(line + "\n")
    stream.flush()


async def play_bots(url: str, kind: str, count: int) -> None:
    """Fill rooms with bots, over WebSockets of their own."""
    from gameserver.bots.crowd import keep_playing

    await keep_playing(url, kind, count)
