"""Rooms watched over HTTP where something lies between: another worker process, or a proxy that buffers."""

from __future__ import annotations

import json
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
import trio

from tests.support.live.nginx import nginx_before
from tests.support.live.process import workers_process
from tests.support.live.server import get
from tests.support.live.watched_room import EventStream, poll, watched
from tests.support.live.worker_players import players

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)

BUFFERING = """
location / {{
    proxy_pass http://127.0.0.1:{port};
    proxy_buffering on;
    proxy_buffers 8 64k;
    {more}
}}
"""


async def test_a_room_of_another_worker_is_watched_through_whichever_takes_the_connection() -> None:
    async with workers_process() as server, players(server.port, 1) as (player,):
        port, room = server.port, player.room
        for _ in range(6):
            stream = await EventStream.open(port, f"/api/rooms/{room}/stream")
            assert (await stream.next("room")).data["room"] == room
            assert (await stream.next("state")).data["entities"]["Dot"]
            await stream.next("change")
            await stream.stream.aclose()
            again = await EventStream.open(port, f"/api/rooms/{room}/stream", f"Last-Event-ID: {stream.last_id}")
            assert (await again.next("room")).data["resumed"] is True
            await again.stream.aclose()
            _, first, _ = await poll(port, f"/api/rooms/{room}/state")
            _, second, _ = await poll(port, f"/api/rooms/{room}/state?since={first['next']}")
            assert (first["full"], second["full"]) == (True, False)
            assert (await get(port, "/api/rooms/zzzzzz/stream"))[0] == 404
            assert (await get(port, "/api/rooms/zzzzzz/state"))[0] == 404
        said = json.loads((await get(port, "/api/rooms"))[2])
        assert said["handovers"] > 2, "half of the connections are at the other worker first"


async def test_a_connection_that_is_kept_goes_from_room_to_room() -> None:
    async with workers_process() as server, players(server.port, 2) as _, trio.open_nursery() as nursery:
        port = server.port
        rooms = [room["id"] for room in json.loads((await get(port, "/api/rooms"))[2])["rooms"]]
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        async with stream:
            for room in [*rooms, *rooms]:
                request = f"GET /api/rooms/{room}/state HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
                await stream.send_all(request.encode())
                data = b""
                with trio.fail_after(5):
                    while not data.endswith(b"}\n"):
                        data += bytes(await stream.receive_some(65_536))
                assert json.loads(data.partition(b"\r\n\r\n")[2])["room"]["room"] == room
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("obeys", [True, False])
async def test_a_buffering_proxy_passes_a_stream_on_if_it_obeys_the_header_and_polls_in_any_case(
    tmp_path: Path, obeys: bool
) -> None:
    async with watched() as wall:
        more = "" if obeys else "proxy_ignore_headers X-Accel-Buffering;"
        with nginx_before(tmp_path, BUFFERING.format(port=wall.port, more=more)) as origin:
            port = int(origin.rpartition(":")[2])
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            tcp = await trio.open_tcp_stream("127.0.0.1", port)
            tls = trio.SSLStream(tcp, context, server_hostname="localhost", https_compatible=True)
            got: list[str] = []
            with trio.move_on_after(1.5):
                stream = await EventStream.open(wall.port, wall.path("stream"), stream=tls)
                for number in range(3):
                    wall.command("move", number + 1)
                    got.append((await stream.next("state", "change")).name)
            assert len(got) == (3 if obeys else 0)
            url = f"{origin}{wall.path('state')}"
            answer = await trio.run_process(["curl", "-sk", url], capture_stdout=True, stdin=subprocess.DEVNULL)
            assert json.loads(answer.stdout)["full"] is True


async def test_curl_reads_a_stream() -> None:
    async with watched() as wall:
        url = f"http://127.0.0.1:{wall.port}{wall.path('stream')}"
        process = await trio.lowlevel.open_process(["curl", "-sN", "--max-time", "2", url], stdout=subprocess.PIPE)
        assert process.stdout is not None
        data = b""
        with trio.fail_after(5):
            while b"event: change" not in data:
                wall.command("move", len(data) % 7)
                data += bytes(await process.stdout.receive_some())
        process.kill()
        await process.wait()
        assert data.startswith(b"retry: 1000\n\nevent: room\ndata: {")
        await process.stdout.aclose()
