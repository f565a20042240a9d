"""Who is banned by the command line while a server with two workers runs is out, and stays out after `kill -9`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver import open_server
from gameserver.client import JoinFailed, SessionState, connect
from gameserver.net.http.auth import JwtSettings, mint_token
from gameserver.protocol.constants import CloseCode
from tests.support.live.process import GAMESERVER, ServerProcess
from tests.support.live.server import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


async def command(*arguments: str) -> str:
    """Run `gameserver`, which must succeed. Return what it prints."""
    line = [str(GAMESERVER), *arguments]
    done = await trio.to_thread.run_sync(partial(subprocess.run, line, capture_output=True, text=True, check=False))
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.fixture
def mint(tmp_path: Path) -> Callable[[str], str]:
    """What makes a token for a subject."""
    (tmp_path / "secret").write_text("s" * 64)
    (tmp_path / "auth.toml").write_text('algorithm = "HS256"\nkey_file = "secret"\n')
    settings = JwtSettings.from_toml(tmp_path / "auth.toml")
    return lambda subject: mint_token(settings, {"sub": subject}, now_s=time.time(), lifetime_s=600.0)


def join(server: ServerProcess, token: str) -> Any:
    return connect(server.url, "small", token=token)


async def refused(server: ServerProcess, token: str) -> JoinFailed:
    """Come in vain. Return why."""
    with trio.fail_after(20), pytest.raises(JoinFailed) as caught:
        async with join(server, token):
            pytest.fail("it must not join")
    return caught.value


async def test_a_ban_of_the_command_line_holds_in_all_workers_and_after_a_kill(
    tmp_path: Path, mint: Callable[[str], str]
) -> None:
    data = str(tmp_path / "data")
    options = ("--workers", "2", "--data", data, "--auth", str(tmp_path / "auth.toml"))
    start = partial(ServerProcess, "tests.support.live.worker_rooms:Small", *options)
    async with start() as server, join(server, mint("ada")) as ada, join(server, mint("bob")) as bob:
        await command("ban", data, "sub:ada", "--reason", "griefing", "--seconds", "7200")
        await until(lambda: ada.status.state is SessionState.CLOSED, within_s=20)
        assert (ada.status.code, ada.status.reason) == (CloseCode.BANNED, "banned for 2 h: griefing")
        for _ in range(6):  # whichever worker accepts the link
            assert (await refused(server, mint("ada"))).code == CloseCode.BANNED
        assert bob.status.state is SessionState.JOINED
        for process in [server.process.pid, *server.children()]:
            os.kill(process, signal.SIGKILL)
    async with start() as server:
        assert (await refused(server, mint("ada"))).reason == "banned for 2 h: griefing"
        assert "sub:ada until " in await command("bans", data)
        await command("unban", data, "sub:ada")
        await trio.sleep(2.5)
        async with join(server, mint("ada")) as ada:
            assert ada.status.state is SessionState.JOINED
        await server.end()
    audited = (await command("store", "audit", data)).splitlines()
    assert [line.partition(": ")[2] for line in audited] == ["ban sub:ada for 7200 s: griefing", "unban sub:ada"]


async def test_a_program_bans_and_lets_in_again() -> None:
    async with open_server("tests.support.live.worker_rooms:Small", port=0) as server:
        async with connect(server.websocket_url, "small") as here:
            server.ban("address:192.0.2.7", "be gone", 60)
            server.ban("sub:ada")
            server.ban("sub:bob", seconds=10**400)
            assert [(ban.who, ban.reason) for ban in server.bans()] == [
                ("address:192.0.2.7", "be gone"),
                ("sub:ada", ""),
                ("sub:bob", ""),
            ]
            assert here.status.state is SessionState.JOINED
        assert [server.unban("sub:ada"), server.unban("sub:ada")] == [True, False]
        with pytest.raises(ValueError, match="write sub:NAME"):
            server.ban("ada")
        with pytest.raises(ValueError, match="seconds is 0"):
            server.ban("sub:ada", "", 0)
