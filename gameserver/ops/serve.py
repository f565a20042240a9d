"""`gameserver run`: from options to a running process, and from a signal to its end."""

from __future__ import annotations

import secrets
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TextIO

import trio

from gameserver.loading import load_room
from gameserver.net.auth import JwtAuthenticator, JwtSettings
from gameserver.net.server import Server, serve
from gameserver.net.settings import NetLimits, NetSettings, Transport
from gameserver.ops.logging import LogFormat, LogLevel, configure_logging
from gameserver.ops.metrics import metrics_page
from gameserver.ops.recordings import Recordings
from gameserver.room.hub import Hub
from gameserver.room.room import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.protocol.constants import Limits

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
    transport: Transport
    auth: Path | None
    log_level: LogLevel
    log_format: LogFormat
    limits: Limits
    net_limits: NetLimits
    web: Path | None
    trusted_proxies: tuple[str, ...]
    record: Path | None


def serve_forever(options: ServeOptions) -> None:
    """Serve until a signal says to stop. Raises LoadError, DeclarationError or OSError for what cannot be served."""
    kinds = [load_room(spec) for spec in options.rooms]
    seed = secrets.randbits(SEED_BITS) if options.seed is None else options.seed
    hub = Hub(kinds, token_bytes=secrets.token_bytes, seed=seed, limits=options.limits)
    settings = NetSettings(
        host=options.host,
        port=options.port,
        cert=options.cert,
        key=options.key,
        transport=options.transport,
        origins=options.origins,
        authenticator=None if options.auth is None else JwtAuthenticator(JwtSettings.from_toml(options.auth)),
        web_root=options.web,
        limits=options.net_limits,
        trusted_proxies=options.trusted_proxies,
    )
    configure_logging(options.log_level, options.log_format)
    recordings = None
    if options.record is not None:
        recordings = Recordings(options.record, lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f"))
        hub.open_recording = recordings.open_recording
    trio.run(partial(run_hub, hub, settings, bots=options.bots, kind=kind_of(kinds[0]), recordings=recordings))


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
        what = words or f"serving {', '.join(hub.kinds)}"
        _say(sys.stdout, f"{what} on {_address(settings, server.port, 'http')}{query}")
        nursery.start_soon(_obey_signals, server, nursery)
        if bots:
            nursery.start_soon(_play, _address(settings, server.port, "ws") + "ws", kind, bots)


async def _serve_until_stopped(
    hub: Hub, settings: NetSettings, nursery: trio.Nursery, *, task_status: trio.TaskStatus[Server]
) -> None:
    await serve(hub, settings, pages={"/metrics": metrics_page}, task_status=task_status)
    nursery.cancel_scope.cancel()


def _address(settings: NetSettings, port: int, scheme: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    secure = "s" if settings.cert is not None else ""
    return f"{scheme}{secure}://{host if ':' not in host or host.startswith('[') else f'[{host}]'}:{port}/"


async def _obey_signals(server: Server, nursery: trio.Nursery) -> None:
    """SIGTERM and Ctrl-C stop the server in good order, a second one at once; SIGHUP reads the certificate again."""
    watched = [signal.SIGTERM, signal.SIGINT]
    if hasattr(signal, "SIGHUP"):
        watched.append(signal.SIGHUP)
    with trio.open_signal_receiver(*watched) as signals:
        async for number in signals:
            if hasattr(signal, "SIGHUP") and number == signal.SIGHUP:
                server.certificates.reload()
            elif server.draining:
                nursery.cancel_scope.cancel()
            else:
                _say(sys.stderr, "stopping")
                nursery.start_soon(server.stop)


def _say(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()


async def _play(url: str, kind: str, count: int) -> None:
    from gameserver.client.bot import keep_playing

    await keep_playing(url, kind, count)
