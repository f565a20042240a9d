"""The options of `gameserver run`, and what a process makes from them: hub, network settings, recordings."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gameserver.hub.hub import Hub
from gameserver.match.lobby import lobby_of
from gameserver.net.addresses import AddressError, one_spelling, read_host_name
from gameserver.net.http.auth import JwtAuthenticator, JwtSettings, read_publish_key
from gameserver.net.http.policy import AUTHOR, PagePolicy
from gameserver.net.settings import UNCOUNTED_ADDRESSES, NetLimits, NetSettings
from gameserver.ops.lasting import Lasting
from gameserver.ops.recording_files import Recordings
from gameserver.protocol.constants import WEBSOCKET_PATH, Limits
from gameserver.room.author_store import MemoryEntries
from gameserver.store.sqlite import open_store, signing_key_of

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.network_simulator import NetworkConditions
    from gameserver.net.settings import TransportMode
    from gameserver.ops.logs import LogFormat, LogLevel
    from gameserver.room.room import Room

log = logging.getLogger("gameserver.lasting")

SEED_BITS: Final = 63
MAX_PORT: Final = 65_535

PlayBots: TypeAlias = Callable[[str, str, int], Awaitable[None]]
"""Plays bots until cancelled, given the server's WebSocket address, the kind of room to join, and how many bots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line asks for. Whether the files and the address can be used is not checked yet."""

    rooms: tuple[str, ...]
    """Room classes as MODULE:CLASS."""
    host: str
    port: int
    bots: int = 0
    """How many bots play in the first kind of room."""
    seed: int | None = None
    """None: other random numbers on each run."""
    cert: Path | None = None
    key: Path | None = None
    origins: tuple[str, ...] = ()
    transport: TransportMode = "polled"
    auth: Path | None = None
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"
    limits: Limits = field(default_factory=Limits)
    net_limits: NetLimits = field(default_factory=NetLimits)
    web: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    record: Path | None = None
    """Folder for recordings; None: nothing is recorded."""
    host_names: tuple[str, ...] = ()
    """Names by which clients know the server; none: those of this machine."""
    uncounted_addresses: tuple[str, ...] = UNCOUNTED_ADDRESSES
    publish_key: Path | None = None
    """File with what a service may send commands to rooms with; None: only with a token."""
    page_policy: PagePolicy = AUTHOR
    """What the pages of `web` may do."""
    network_conditions: NetworkConditions | None = None
    data: Path | None = None
    """Folder of what outlives the process; None: nothing is written."""
    workers: int = 1
    development: bool = False
    """Whether pages show what is wrong with the code, and load themselves again."""
    play_bots: PlayBots | None = None
    """Plays the bots. A function of a module, so that the options can be pickled for a worker; None: no bots play."""


def make_hub(options: ServeOptions, kinds: list[type[Room[Any]]], seed: int | None, room_id_prefix: str = "") -> Hub:
    """Return a hub without rooms.

    Args:
        options: Give its limits.
        kinds: The room classes that can be joined.
        seed: Seed of the rooms' random numbers; None takes a random one.
        room_id_prefix: What the ids of its rooms begin with.

    Raises:
        DeclarationError: A room class cannot be used.
    """
    return Hub(
        kinds,
        token_bytes=secrets.token_bytes,
        seed=secrets.randbits(SEED_BITS) if seed is None else seed,
        limits=options.limits,
        room_id_prefix=room_id_prefix,
        lobby_of=lobby_of,
        wall_clock=time.time,
    )


def make_settings(options: ServeOptions) -> NetSettings:
    """Return the settings of the network layer.

    Raises:
        OSError: The file with the token settings cannot be read.
        AuthConfigError: Its content cannot be used, or that of the file with the publish key.
    """
    tokens = None if options.auth is None else JwtSettings.from_toml(options.auth)
    return NetSettings(
        host=options.host,
        port=options.port,
        cert=options.cert,
        key=options.key,
        transport=options.transport,
        pace_garbage=True,
        origins=options.origins,
        host_names=options.host_names or machine_names(),
        authenticator=None if tokens is None else JwtAuthenticator(tokens),
        publish_key=None if options.publish_key is None else read_publish_key(options.publish_key),
        close_expired_after_s=tokens.leeway_s if tokens is not None and tokens.close_expired else None,
        web_root=options.web,
        page_policy=options.page_policy,
        development=options.development,
        limits=options.net_limits,
        trusted_proxies=options.trusted_proxies,
        uncounted_addresses=options.uncounted_addresses,
        network_conditions=options.network_conditions,
    )


def machine_names() -> tuple[str, ...]:
    """Return how others on its network call this machine: no page of a stranger can have a name of one word, or one in
    `.local`."""
    name = socket.gethostname().partition(".")[0]
    try:
        return read_host_name(name), read_host_name(f"{name}.local")
    except AddressError:
        return ()


def make_recordings(hub: Hub, folder: Path | None) -> Recordings | None:
    """Have the hub's new rooms recorded in `folder`. Returns None if that is None.

    Raises:
        OSError: The folder cannot be made.
    """
    if folder is None:
        return None
    recordings = Recordings(folder, lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f"))
    hub.open_recording = recordings.open_recording
    return recordings


def log_what_would_last(hub: Hub) -> None:
    """Log, once a server without a folder for data listens, which of its rooms would last with one."""
    kinds = sorted(kind.name for kind in hub.kinds.values() if kind.room_class.lasting)
    if kinds:
        log.info("nothing is written: %s would last with --data", ", ".join(kinds))


def make_lasting(hub: Hub, folder: Path | None, slot: int | None = None, processes: int = 1) -> Lasting | None:
    """Have the hub's rooms kept in `folder`. Returns None if that is None.

    Args:
        hub: The rooms.
        folder: The folder.
        slot: Which of several processes this is, whose parent has taken the folder; None: it is the only one.
        processes: How many there are.

    Raises:
        StoreError: The folder cannot be used.
    """
    if folder is None:
        hub.entries = MemoryEntries(threading.Lock())
        return None
    store = open_store(folder, locks=slot is None)
    return Lasting(hub, store, signing_key_of(folder), slot or 0, processes)


def address_of(settings: NetSettings, port: int, scheme: str) -> str:
    """Return the address at which a client on this machine finds the server.

    Args:
        settings: Where the server listens, and whether with TLS.
        port: The port that it really has.
        scheme: "http" or "ws"; an "s" is added with TLS.
    """
    host = one_spelling(settings.host)
    host = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
    secure = "s" if settings.cert is not None else ""
    return f"{scheme}{secure}://{f'[{host}]' if ':' in host else host}:{port}/"


def websocket_address_of(settings: NetSettings, port: int) -> str:
    """Return the address at which a client on this machine opens links."""
    return address_of(settings, port, "ws") + WEBSOCKET_PATH.removeprefix("/")
