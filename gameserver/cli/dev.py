"""`gameserver dev`: serves a game while it is written, with each change at once."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations

from gameserver.bots.crowd import keep_playing
from gameserver.cli.errors import check_port, fail, plain_errors
from gameserver.cli.options import (
    DEFAULT_PORT,
    NetworkOptions,
    check_addresses,
    check_file,
    check_least,
    check_web,
)
from gameserver.net.addresses import LOOPBACK_ORIGINS, read_host_name, read_origin
from gameserver.net.http.policy import DEVELOPMENT
from gameserver.ops.dev_server import serve_and_reload
from gameserver.ops.logs import LogLevel  # noqa: TC001 - as Path
from gameserver.ops.options import ServeOptions


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
    network: NetworkOptions = NetworkOptions(),  # noqa: B008 - frozen
    origin: tuple[str, ...] = (),
    host_name: tuple[str, ...] = (),
    log_level: LogLevel = "warning",
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
        network: What links are slowed down by.
        origin: Origin of a page that may connect, besides those of this machine. Can be repeated.
        host_name: Name by which browsers know the server. Can be repeated.
        log_level: Lowest level that is logged.
    """
    if not rooms:
        fail("gameserver dev needs a room: write gameserver dev mygame:Tag, or rooms in gameserver.toml")
    check_port(port)
    check_addresses("origin", read_origin, origin)
    check_addresses("host_name", read_host_name, host_name)
    check_least("bots", bots, 0)
    check_web(web)
    check_file("publish_key", publish_key)
    options = ServeOptions(
        rooms=rooms,
        host=host,
        port=port,
        bots=bots,
        seed=seed,
        origins=(LOOPBACK_ORIGINS, *origin),
        host_names=host_name,
        publish_key=publish_key,
        log_level=log_level,
        web=web,
        page_policy=DEVELOPMENT,
        data=data,
        network_conditions=network.conditions(),
        play_bots=keep_playing,
        development=True,
    )
    with plain_errors(f"{host} port {port}"):
        serve_and_reload(options, watch)
