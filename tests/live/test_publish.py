"""`gameserver publish` and notifications on real sockets: delivery once through resets, also with several processes."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver.client import connect
from gameserver.protocol.messages import Event
from tests.support.live.embedded import post
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import GAMESERVER, ServerProcess
from tests.support.live.server import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.live
KEY = "k" * 40


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "publish.key"
    path.write_text(f"{KEY}\n")
    return path


async def published(*arguments: str) -> tuple[int, str]:
    """Run the command. Return its status, and what it wrote to standard error."""
    done = await trio.run_process(
        [str(GAMESERVER), "publish", *arguments], capture_stdout=True, capture_stderr=True, check=False
    )
    return done.returncode, done.stderr.decode().strip()


def note(texts: list[str], event: object) -> None:
    if isinstance(event, Event) and event.name == "notification":
        texts.append(event.payload["text"])


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "workers"])
async def test_the_command_publishes_to_a_user_and_a_topic_and_says_what_is_wrong(
    key_file: Path, workers: tuple[str, ...]
) -> None:
    room = "gameserver.games.notifications:Notifications"
    async with ServerProcess(room, "--publish-key", str(key_file), "--log-level", "warning", *workers) as server:
        url, allowed = server.address, ("--key", str(key_file))
        assert await published(url, *allowed, "--user", "Ada", "--text", "before") == (0, "")
        texts: list[str] = []
        async with connect(server.url, "notifications", params={"name": "Ada"}, on_event=partial(note, texts)) as ada:
            ada.send("follow", "news")
            for to, text in (("--user=Ada", "one"), ("--user=Bob", "not hers"), ("--topic=news", "two")):
                assert await published(url, *allowed, to, "--text", text) == (0, "")
            await until(lambda: texts == ["one", "two"])
        if workers:
            return
        for arguments, why in (
            ((url, *allowed, "--text", "x"), "give --topic or --user"),
            ((url, *allowed, "--text", "x", "--topic", "a", "--user", "b"), "give --topic or --user"),
            ((url, "--text", "x", "--user", "b"), "give --key FILE or --token"),
            ((url, "--token", "wrong", "--text", "x", "--user", "b"), "403: the key is not the one of this server"),
            (
                (url, *allowed, "--text", "x" * 281, "--user", "b"),
                "400: publish: 'text': expected str of length <= 280",
            ),
            ((url, *allowed, "--text", "x", "--topic", "No Topic"), "400: publish: 'topic'"),
            (("http://127.0.0.1:9/", *allowed, "--text", "x", "--user", "b"), "Connection refused"),
            (("ftp://x/", *allowed, "--text", "x", "--user", "b"), "write the server's address"),
        ):
            status, said = await published(*arguments)
            assert (status, why in said, said.count("\n")) == (2, True, 0), said


async def test_each_device_gets_each_notification_once_through_links_that_break(key_file: Path) -> None:
    room = "gameserver.games.notifications:Notifications"
    options = ("--publish-key", str(key_file), "--log-level", "error")
    async with (
        ServerProcess(room, *options) as server,
        faulty(server.port) as proxy,
        AsyncExitStack() as stack,
    ):
        got: list[list[str]] = [[], []]
        url = f"ws://127.0.0.1:{proxy.port}/ws"
        for texts in got:
            session = connect(url, "notifications", params={"name": "Ada"}, on_event=partial(note, texts))
            await stack.enter_async_context(session)
        for number in range(30):
            body = f'{{"text":"n{number}","user":"Ada","key":"k{number}"}}'.encode()
            for _ in range(1 + number % 2):
                path, bearer = "/api/commands/notifications/publish", f"Authorization: Bearer {KEY}"
                assert (await post(server.port, path, body, bearer))[0] == 202
            if number % 6 == 3:
                proxy.reset_all()
        expected: list[Any] = [[f"n{number}" for number in range(30)]] * 2
        await until(lambda: all(len(texts) >= 30 for texts in got), within_s=20)
        await trio.sleep(0.3)
        assert got == expected
