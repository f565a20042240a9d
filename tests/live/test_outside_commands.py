"""`POST /api/commands/KIND/NAME` on real sockets: who may send, what is refused and why, where they arrive."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver import open_server
from gameserver.client import connect
from gameserver.protocol.messages import Event
from gameserver.server import AuthRefused, NetLimits
from tests.support.live.embedded import exchange, post, request_bytes
from tests.support.live.process import ServerProcess
from tests.support.live.server import FAST, until
from tests.support.live.wall_rooms import Wall, Writer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gameserver.net.http.head import Head

pytestmark = pytest.mark.live

KEY = "k" * 40
WRITE = "/api/commands/wall/write"
ROOMS = ("tests.support.live.wall_rooms:Wall", "tests.support.live.wall_rooms:Writer")
SCOPES = {"all": "publish", "wall": ["publish:wall"], "other": "publish:news read", "none": None}


async def check_token(token: str | None, _head: Head) -> Mapping[str, object]:
    await trio.lowlevel.checkpoint()
    if token not in SCOPES:
        raise AuthRefused("the token is not valid here", HTTPStatus.FORBIDDEN)
    return {"sub": "ada", "scope": SCOPES[token]}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "publish.key"
    path.write_text(f"{KEY}\n")
    return path


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


async def write(port: int, body: bytes | str, *lines: str, path: str = WRITE) -> tuple[int, str]:
    raw = body.encode() if isinstance(body, str) else body
    status, _, answer = await post(port, path, raw, *lines)
    return status, answer.decode().strip()


async def test_a_key_or_the_scope_of_a_token_lets_commands_in_and_nothing_else_does(key_file: Path) -> None:
    line = json.dumps({"text": "hello"})
    async with open_server(Wall, port=0, net_limits=FAST) as server:
        assert await write(server.port, line, bearer(KEY)) == (
            403,
            "this server takes no commands: see --publish-key and --auth",
        )
    async with open_server(Wall, port=0, net_limits=FAST, publish_key=key_file) as server:
        assert (await write(server.port, line))[0] == 401
        assert (await write(server.port, line, bearer("x" * 40))) == (403, "the key is not the one of this server")
        assert (await write(server.port, line, bearer(KEY[:-1])))[0] == 403
        assert (await write(server.port, line, bearer(KEY), bearer("x")))[0] == 400
        assert (await write(server.port, line, bearer(KEY), "Origin: https://evil.example"))[0] == 403
        assert server.rooms.find(Wall) == []
        assert (await write(server.port, line, bearer(KEY))) == (202, '{"accepted":true}')
    async with open_server(Wall, port=0, net_limits=FAST, auth=check_token, publish_key=key_file) as server:
        statuses = [(await write(server.port, line, bearer(token)))[0] for token in (*SCOPES, "forged", KEY)]
        assert statuses == [202, 202, 403, 403, 403, 202]


async def test_what_is_wrong_with_a_command_is_said_in_its_answer(key_file: Path) -> None:
    async with open_server(Wall, Writer, port=0, net_limits=FAST, publish_key=key_file) as server:
        port, allowed = server.port, bearer(KEY)
        for body, why in (
            (b"{", "the body is not JSON"),
            (b"", "the body is not JSON"),
            (b"\xff", "the body is not JSON"),
            (b"[" * 30_000, "the body is not JSON"),
            (b"7", "write: expected object, got int"),
            (b'{"text":7}', "write: 'text': expected str, got int"),
            (b'{"text":"x","to":1}', "write: object contains unknown field to"),
            (json.dumps({"text": "x" * 101}).encode(), "write: 'text': expected str of length <= 100"),
        ):
            assert await write(port, body, allowed) == (400, why)
        for path, why in (
            ("/api/commands/wall/erase", "no command 'erase'; there are: write"),
            ("/api/commands/wall/", "no command ''; there are: write"),
            ("/api/commands/writer/write", "no such kind of room takes commands; there are: wall"),
            ("/api/commands/%00", "no such kind of room takes commands; there are: wall"),
        ):
            assert await write(port, b"{}", allowed, path=path) == (404, why)
        assert (await write(port, b"{}", allowed, path=f"{WRITE}?room=nowhere"))[0] in (400, 503)
        assert (await write(port, b'{"text":"x"}', allowed, path=f"{WRITE}?room=nowhere")) == (503, "no such room")
        assert (await exchange(port, request_bytes(port, WRITE, b"", "Connection: close", method="GET")))[0] == 405
        limits = NetLimits()
        head = request_bytes(port, WRITE, b"", allowed).replace(
            b"Length: 0", b"Length: %d" % (limits.max_body_bytes + 1)
        )
        assert (await exchange(port, head))[0] == 413
        assert server.rooms.find(Wall) == []
        assert (await write(port, b'{"text":"x"}', allowed))[0] == 202


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "workers"])
async def test_commands_arrive_once_in_the_one_room_whichever_process_takes_them(
    key_file: Path, workers: tuple[str, ...]
) -> None:
    options = ("--publish-key", str(key_file), "--log-level", "warning", *workers)
    async with ServerProcess(*ROOMS, *options) as server, AsyncExitStack() as stack:
        assert (await write(server.port, '{"text":"0"}', bearer(KEY)))[0] == 202  # before anybody has joined
        got: list[Any] = []

        def note(event: object) -> None:
            if isinstance(event, Event):
                got.append(event.payload)

        await stack.enter_async_context(connect(server.url, "wall", on_event=note))
        for number in range(1, 9):
            assert (await write(server.port, json.dumps({"text": str(number)}), bearer(KEY)))[0] == 202
        await until(lambda: len(got) == 8)
        assert [number for number, _ in got] == list(range(2, 10))
        writers = [await stack.enter_async_context(connect(server.url, "writer")) for _ in range(4)]
        for number, writer in enumerate(writers):
            writer.send("say", f"w{number}")
        await until(lambda: len(got) == 12)
        assert sorted(text for _, text in got[8:]) == ["w0", "w1", "w2", "w3"]
