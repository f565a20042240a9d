"""`gameserver run`: serves rooms and the page that plays them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from gameserver.bots.crowd import keep_playing
from gameserver.cli.config import ORIGINS
from gameserver.cli.errors import check_port, fail, plain_errors
from gameserver.cli.options import DEFAULT_PORT, SHIPPED_ROOMS
from gameserver.loading import LoadError, load_room
from gameserver.net.addresses import AddressError, read_host_name, read_network, read_origin
from gameserver.net.http.policy import AUTHOR, Coep, Coop, PagePolicy, PolicyError
from gameserver.net.network_simulator import read_conditions
from gameserver.net.settings import UNCOUNTED_ADDRESSES, NetLimits
from gameserver.ops.options import ServeOptions
from gameserver.ops.serve import serve_forever
from gameserver.ops.serve_workers import serve_with_workers
from gameserver.protocol.constants import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.net.network_simulator import NetworkConditions


def run(
    *rooms: str,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    bots: int = 0,
    seed: int | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    origin: tuple[str, ...] = (),
    host_name: tuple[str, ...] = (),
    transport: Literal["polled", "ordinary"] = "polled",
    auth: Annotated[
        Path | None, Parameter(help="TOML file with the token settings; see docs/guide/operate.md.")
    ] = None,
    publish_key: Path | None = None,
    record: Path | None = None,
    data: Path | None = None,
    lag: float = 0.0,
    jitter: float = 0.0,
    stall: str | None = None,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
    log_format: Literal["text", "json"] = "text",
    web: Path | None = None,
    csp: str | None = None,
    coop: Coop | None = None,
    coep: Coep | None = None,
    trusted_proxy: tuple[str, ...] = (),
    uncounted_address: tuple[str, ...] = UNCOUNTED_ADDRESSES,
    workers: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    net_limits: NetLimits = NetLimits(),  # noqa: B008 - frozen
) -> None:
    """Serve rooms, and the page that plays them, until SIGTERM or Ctrl-C.

    Args:
        rooms: Room classes as MODULE:CLASS; if none is given the arena, and the others that have a page in the gallery.
        host: Address or name to listen on; 0.0.0.0 for all IPv4 addresses, :: for all of IPv6 and IPv4.
        port: TCP port for HTTP and WebSocket; 0 picks a free one.
        bots: Number of bots that join rooms of the first class, each over its own WebSocket.
        seed: Seed of the rooms' random numbers, to get the same ones on each run.
        cert: PEM file with the TLS certificate chain, to serve https and wss. SIGHUP reads it again.
        key: PEM file with the certificate's private key.
        origin: Origin of a page that may connect, besides the server's own, such as https://play.example.org; * for
            all. Can be repeated.
        host_name: Name by which browsers know the server, such as play.example.org; * for any. Without it, this
            machine's own name. Addresses, localhost and the hosts of --origin are known in any case. Can be repeated.
        transport: How links are read: by their room once a tick, or by a task each, which is slower.
        publish_key: File with a secret of at least 32 bytes; whoever has it may send commands to rooms over HTTP, as
            `gameserver publish` does.
        record: Folder for recordings, one file a room; see `gameserver replay`.
        data: Folder of what outlives the process: rooms that last, and what they store; see docs/guide/lasting.md.
            Without it nothing is written.
        lag: For development: milliseconds of latency added to every link, in each direction.
        jitter: For development: milliseconds by which the added latency varies, up and down.
        stall: For development: MS/EVERY_S; 500/10 holds all data back for 500 ms every 10 s.
        log_level: Lowest level that is logged.
        log_format: Text for people, or one JSON object a line.
        web: Folder with your own page, served at /; the SDK stays at /sdk/.
        csp: With --web: the page's Content-Security-Policy, or none; see docs/guide/operate.md.
        coop: With --web: the page's Cross-Origin-Opener-Policy.
        coep: With --web: the page's Cross-Origin-Embedder-Policy; require-corp, with --coop same-origin, for threads in
            WebAssembly.
        trusted_proxy: Address of a proxy whose X-Forwarded-For is believed, or a network such as 10.0.0.0/8. Can be
            repeated.
        uncounted_address: Address or network without the limits for each address; loopback if none is given. Can be
            repeated.
        workers: Number of processes that share the rooms and the port; see docs/guide/workers.md.
        limits: Limits on what a client can make the server do; see protocol.md §11.
        net_limits: Limits on sockets, HTTP and WebSocket frames.
    """
    check_port(port)
    _check_addresses("origin", read_origin, origin)
    _check_addresses("host_name", read_host_name, host_name)
    _check_addresses("trusted_proxy", read_network, trusted_proxy)
    _check_addresses("uncounted_address", read_network, uncounted_address)
    _check_counts(bots, workers)
    check_files(cert, key, auth, web, record, publish_key)
    _check_rooms(rooms)
    options = ServeOptions(
        rooms=rooms or SHIPPED_ROOMS,
        host=host,
        port=port,
        bots=bots,
        seed=seed,
        cert=cert,
        key=key,
        origins=origin,
        host_names=host_name,
        transport=transport,
        auth=auth,
        publish_key=publish_key,
        log_level=log_level,
        log_format=log_format,
        limits=limits,
        net_limits=net_limits,
        web=web,
        page_policy=_read_policy(web, csp, coop, coep),
        trusted_proxies=trusted_proxy,
        uncounted_addresses=uncounted_address,
        record=record,
        data=data,
        network_conditions=read_network_conditions(lag, jitter, stall),
        workers=workers,
        play_bots=keep_playing,
    )
    with plain_errors(f"{host} port {port}"):
        serve_forever(options) if workers == 1 else serve_with_workers(options)


def _check_addresses(option: str, read: Callable[[str], object], texts: tuple[str, ...]) -> None:
    for text in texts:
        try:
            read(text)
        except AddressError as error:
            fail(ORIGINS.describe(option, error, flag=True))


def _check_counts(bots: int, workers: int) -> None:
    if bots < 0:
        fail(f"{ORIGINS.place('bots', bots)}: write a number from 0 up")
    if workers < 1:
        fail(f"{ORIGINS.place('workers', workers)}: write a number from 1 up")


def check_options(origin: tuple[str, ...], host_name: tuple[str, ...], bots: int) -> None:
    """Check the options that `run` and `dev` share.

    Raises:
        SystemExit: One has a value that cannot be.
    """
    _check_addresses("origin", read_origin, origin)
    _check_addresses("host_name", read_host_name, host_name)
    _check_counts(bots, 1)


def check_files(
    cert: Path | None = None,
    key: Path | None = None,
    auth: Path | None = None,
    web: Path | None = None,
    record: Path | None = None,
    publish_key: Path | None = None,
) -> None:
    """Check that the files and folders of the options are there.

    Raises:
        SystemExit: One is not.
    """
    if (cert is None) != (key is None):
        fail("--cert and --key come together: give both, or neither")
    if web is not None and not web.is_dir():
        fail(f"{ORIGINS.place('web', web)}: no such folder")
    if record is not None and record.exists() and not record.is_dir():
        fail(f"{ORIGINS.place('record', record)}: is no folder")
    for option, path in (("cert", cert), ("key", key), ("auth", auth), ("publish_key", publish_key)):
        if path is not None and not path.is_file():
            fail(f"{ORIGINS.place(option, path)}: no such file")


def _check_rooms(specs: tuple[str, ...]) -> None:
    for spec in specs:
        try:
            load_room(spec)
        except LoadError as error:
            fail(ORIGINS.describe("rooms", error), error.detail)


def _read_policy(web: Path | None, csp: str | None, coop: Coop | None, coep: Coep | None) -> PagePolicy:
    given = {"csp": csp, "coop": coop, "coep": coep}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if changes and web is None:
        fail(f"--{next(iter(changes))} is for the page of --web")
    try:
        return replace(AUTHOR, **changes)
    except PolicyError as error:
        fail(f"--csp {error}")


def read_network_conditions(lag_ms: float, jitter_ms: float, stall: str | None) -> NetworkConditions | None:
    """Return what links are slowed down by; None: they are not.

    Raises:
        SystemExit: An option has a value that cannot be.
    """
    try:
        return read_conditions(lag_ms, jitter_ms, stall)
    except ValueError as error:
        fail(ORIGINS.describe(next(filter(ORIGINS.has, ("lag", "jitter", "stall")), "lag"), error))
