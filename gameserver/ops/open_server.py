"""`open_server`: the server as a library, with the settings of `gameserver run`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameserver.loading import load_room
from gameserver.net.http.policy import AUTHOR, PagePolicy
from gameserver.net.network_simulator import read_conditions
from gameserver.net.settings import UNCOUNTED_ADDRESSES, NetLimits
from gameserver.ops.game_server import open_hub
from gameserver.ops.options import MAX_PORT, ServeOptions, make_hub, make_lasting, make_recordings, make_settings
from gameserver.protocol.constants import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gameserver.net.http.auth import Authenticator
    from gameserver.net.http.policy import Coep, Coop
    from gameserver.net.settings import TransportMode
    from gameserver.ops.game_server import GameServer
    from gameserver.room.room import Room


@asynccontextmanager
async def open_server(
    *rooms: type[Room[Any]] | str,
    host: str = "127.0.0.1",
    port: int = 8000,
    seed: int | None = None,
    cert: Path | str | None = None,
    key: Path | str | None = None,
    origin: str | Sequence[str] = (),
    host_name: str | Sequence[str] = (),
    transport: TransportMode = "polled",
    auth: Path | str | Authenticator | None = None,
    publish_key: Path | str | None = None,
    record: Path | str | None = None,
    data: Path | str | None = None,
    lag: float = 0.0,
    jitter: float = 0.0,
    stall: str | None = None,
    web: Path | str | None = None,
    csp: str | None = None,
    coop: Coop | None = None,
    coep: Coep | None = None,
    trusted_proxy: str | Sequence[str] = (),
    uncounted_address: str | Sequence[str] = UNCOUNTED_ADDRESSES,
    limits: Limits | None = None,
    net_limits: NetLimits | None = None,
) -> AsyncIterator[GameServer]:
    """Serve rooms during an `async with` block of a trio program. The settings are those of `gameserver run`.

    When the block ends, the server stops as for SIGTERM; when it raises or is cancelled, at once.

    Args:
        rooms: Room classes, or their names as MODULE:CLASS.
        host: Address or name to listen on; 0.0.0.0 for all IPv4 addresses, :: for all of IPv6 and IPv4.
        port: TCP port; 0 picks a free one.
        seed: Seed of the rooms' random numbers; None: other ones on each run.
        cert: PEM file with the TLS certificate chain.
        key: PEM file with the certificate's private key.
        origin: Origins of pages that may connect, besides the server's own; * for all.
        host_name: Names by which browsers know the server; * for any.
        transport: How links are read: by their room once a tick, or by a task each, which is slower.
        auth: TOML file with the token settings, or an async function that checks tokens; None: everyone may connect.
        publish_key: File with a secret; whoever has it may send commands to rooms over HTTP.
        record: Folder for recordings.
        data: Folder of what outlives the process; None: nothing is written.
        lag: For development: milliseconds of latency added to every link, in each direction.
        jitter: For development: milliseconds by which the added latency varies.
        stall: For development: MS/EVERY_S, for example 500/10.
        web: Folder with your own page.
        csp: With `web`: the page's Content-Security-Policy, or none.
        coop: With `web`: the page's Cross-Origin-Opener-Policy.
        coep: With `web`: the page's Cross-Origin-Embedder-Policy.
        trusted_proxy: Addresses or networks of proxies whose X-Forwarded-For is believed.
        uncounted_address: Addresses or networks without the limits for each address.
        limits: Limits on what a client can make the server do; None: the defaults.
        net_limits: Limits on sockets, HTTP and WebSocket frames; None: the defaults.

    Yields:
        The server, which accepts connections.

    Raises:
        TypeError: No room class is given.
        DeclarationError: A room class cannot be used.
        LoadError: There is no room class of this name.
        ValueError: A setting has a value that cannot be.
        AuthConfigError: The token settings cannot be used.
        OSError: A file cannot be used, or the server cannot listen.
        StoreError: The folder for data cannot be used.
    """
    if not rooms:
        raise TypeError("open_server() needs a room class: open_server(Arena)")
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"port is {port}; write a number from 0 to {MAX_PORT}")
    kinds = [load_room(room) if isinstance(room, str) else room for room in rooms]
    auth_file, authenticator = (Path(auth), None) if isinstance(auth, Path | str) else (None, auth)
    options = ServeOptions(
        rooms=(),
        host=host,
        port=port,
        seed=seed,
        cert=_path(cert),
        key=_path(key),
        origins=_texts(origin),
        host_names=_texts(host_name),
        transport=transport,
        auth=auth_file,
        publish_key=_path(publish_key),
        limits=limits or Limits(),
        net_limits=net_limits or NetLimits(),
        web=_path(web),
        page_policy=_page_policy(web, csp, coop, coep),
        trusted_proxies=_texts(trusted_proxy),
        uncounted_addresses=_texts(uncounted_address),
        record=_path(record),
        data=_path(data),
        network_conditions=read_conditions(lag, jitter, stall),
    )
    hub, settings = make_hub(options, kinds, seed), make_settings(options)
    if authenticator is not None:
        settings = replace(settings, authenticator=authenticator)
    recordings, lasting = make_recordings(hub, options.record), make_lasting(hub, options.data)
    async with open_hub(hub, settings, recordings, lasting) as server:
        yield server


def _page_policy(web: Path | str | None, csp: str | None, coop: Coop | None, coep: Coep | None) -> PagePolicy:
    """Return what the pages of `web` may do.

    Raises:
        ValueError: There is no `web` for a policy, or it cannot be sent.
        NotADirectoryError: `web` is no folder.
    """
    given = {"csp": csp, "coop": coop, "coep": coep}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if changes and web is None:
        raise ValueError(f"{next(iter(changes))} is for the page of web")
    if web is not None and not Path(web).is_dir():
        raise NotADirectoryError(f"web is {web}: no such folder")
    return replace(AUTHOR, **changes)


def _path(path: Any) -> Path | None:
    return None if path is None else Path(path)


def _texts(texts: str | Sequence[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)
