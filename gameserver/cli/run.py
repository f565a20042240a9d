"""`gameserver run`: serves rooms and the page that plays them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations

from gameserver.bots.crowd import keep_playing
from gameserver.cli.config import ORIGINS
from gameserver.cli.errors import fail, plain_errors
from gameserver.cli.options import (
    SHIPPED_ROOMS,
    AccessOptions,
    ListenOptions,
    NetworkOptions,
    PageOptions,
    check_least,
)
from gameserver.loading import LoadError, load_room
from gameserver.net.settings import NetLimits
from gameserver.ops.logs import LogFormat, LogLevel  # noqa: TC001 - as Path
from gameserver.ops.options import ServeOptions
from gameserver.ops.serve import serve_forever
from gameserver.ops.serve_workers import serve_with_workers
from gameserver.protocol.constants import Limits

# The groups and limits are frozen: one default is for all calls.
# ruff: noqa: B008


def run(
    *rooms: str,
    bots: int = 0,
    seed: int | None = None,
    listen: ListenOptions = ListenOptions(),
    access: AccessOptions = AccessOptions(),
    page: PageOptions = PageOptions(),
    record: Path | None = None,
    data: Path | None = None,
    network: NetworkOptions = NetworkOptions(),
    log_level: LogLevel = "info",
    log_format: LogFormat = "text",
    workers: int = 1,
    limits: Limits = Limits(),
    net_limits: NetLimits = NetLimits(),
) -> None:
    """Serve rooms, and the page that plays them, until SIGTERM or Ctrl-C.

    Args:
        rooms: Room classes as MODULE:CLASS; if none is given the arena, and the others that have a page in the gallery.
        bots: Number of bots that join rooms of the first class, each over its own WebSocket.
        seed: Seed of the rooms' random numbers, to get the same ones on each run.
        listen: Where it listens.
        access: Who may connect.
        page: Your own page.
        record: Folder for recordings, one file a room; see `gameserver replay`.
        data: Folder of what outlives the process: rooms that last, and what they store; see docs/guide/lasting.md.
            Without it nothing is written.
        network: What links are slowed down by.
        log_level: Lowest level that is logged.
        log_format: Text for people, or one JSON object a line.
        workers: Number of processes that share the rooms and the port; see docs/guide/workers.md.
        limits: Limits on what a client can make the server do; see protocol.md §11.
        net_limits: Limits on sockets, HTTP and WebSocket frames.
    """
    listen.check()
    access.check()
    check_least("bots", bots, 0)
    check_least("workers", workers, 1)
    page_policy = page.policy()
    _check_record(record)
    _check_rooms(rooms)
    options = ServeOptions(
        rooms=rooms or SHIPPED_ROOMS,
        host=listen.host,
        port=listen.port,
        bots=bots,
        seed=seed,
        cert=listen.cert,
        key=listen.key,
        origins=access.origin,
        host_names=access.host_name,
        transport=listen.transport,
        auth=access.auth,
        publish_key=access.publish_key,
        log_level=log_level,
        log_format=log_format,
        limits=limits,
        net_limits=net_limits,
        web=page.web,
        page_policy=page_policy,
        trusted_proxies=access.trusted_proxy,
        uncounted_addresses=access.uncounted_address,
        record=record,
        data=data,
        network_conditions=network.conditions(),
        workers=workers,
        play_bots=keep_playing,
    )
    with plain_errors(f"{listen.host} port {listen.port}"):
        serve_forever(options) if workers == 1 else serve_with_workers(options)


def _check_record(record: Path | None) -> None:
    if record is not None and record.exists() and not record.is_dir():
        fail(f"{ORIGINS.place('record', record)}: is no folder")


def _check_rooms(specs: tuple[str, ...]) -> None:
    for spec in specs:
        try:
            load_room(spec)
        except LoadError as error:
            fail(ORIGINS.describe("rooms", error), error.detail)
