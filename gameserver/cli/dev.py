"""`gameserver dev`: serves a game while it is written, with each change at once."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import Literal

from gameserver.bots.crowd import keep_playing
from gameserver.cli.errors import check_port, fail, plain_errors
from gameserver.cli.options import DEFAULT_PORT
from gameserver.cli.run import check_files, check_options, read_network_conditions
from gameserver.net.addresses import LOOPBACK_ORIGINS
from gameserver.net.http.policy import DEVELOPMENT
from gameserver.net.settings import NetLimits
from gameserver.ops.dev_server import serve_and_reload
from gameserver.ops.options import ServeOptions
from gameserver.protocol.constants import Limits


def dev(
    *rooms: str,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    web: Path | None = None,
    watch: tuple[Path, ...] = (),
    data: Path | None = None,
    publish_key: Path | None = None,
    bots: int = 0,
    seed: int | None = None,
    lag: float = 0.0,
    jitter: float = 0.0,
    stall: str | None = None,
    origin: tuple[str, ...] = (),
    host_name: tuple[str, ...] = (),
    log_level: Literal["debug", "info", "warning", "error"] = "warning",
) -> None:
    """Serve rooms while you write them: a change of their code restarts them, and players keep their seats.

    Options that are in [run] of gameserver.toml and not in [dev] count here too.

    Args:
        rooms: Room classes as MODULE:CLASS.
        host: Address or name to listen on. Others can reach what you have not finished with any but a loopback one.
        port: TCP port for HTTP and WebSocket; 0 picks a free one.
        web: Folder with your page, served at /, which loads itself again when a file in it changes. Without it, and
            at /dev/ in any case, there is a page that draws any room.
        watch: Folder or file besides the loaded modules; a change in it restarts the rooms. Can be repeated.
        data: Folder of what outlives the process; without it, what the rooms keep is gone at the end.
        publish_key: File with a secret of at least 32 bytes; whoever has it may send commands to rooms over HTTP.
        bots: Number of bots that join rooms of the first class.
        seed: Seed of the rooms' random numbers.
        lag: Milliseconds of latency added to every link, in each direction.
        jitter: Milliseconds by which the added latency varies, up and down.
        stall: MS/EVERY_S; 500/10 holds all data back for 500 ms every 10 s.
        origin: Origin of a page that may connect, besides those of this machine. Can be repeated.
        host_name: Name by which browsers know the server. Can be repeated.
        log_level: Lowest level that is logged.
    """
    if not rooms:
        fail("gameserver dev needs a room: write gameserver dev mygame:Tag, or rooms in gameserver.toml")
    check_port(port)
    check_options(origin, host_name, bots)
    check_files(web=web, publish_key=publish_key)
    options = ServeOptions(
        rooms=rooms,
        host=host,
        port=port,
        bots=bots,
        seed=seed,
        cert=None,
        key=None,
        origins=(LOOPBACK_ORIGINS, *origin),
        host_names=host_name,
        transport="polled",
        auth=None,
        publish_key=publish_key,
        log_level=log_level,
        log_format="text",
        limits=Limits(),
        net_limits=NetLimits(),
        web=web,
        page_policy=DEVELOPMENT,
        trusted_proxies=(),
        record=None,
        data=data,
        network_conditions=read_network_conditions(lag, jitter, stall),
        play_bots=keep_playing,
        development=True,
    )
    with plain_errors(f"{host} port {port}"):
        serve_and_reload(options, watch)
