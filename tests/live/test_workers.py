"""Several workers behind one port, as processes: links get to their rooms, and a worker that dies ends only its own."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
import trio

from gameserver.bots.crowd import run_bots
from gameserver.client.errors import JoinFailed
from gameserver.client.session import connect
from gameserver.net.listeners import open_listeners
from gameserver.ops.options import ServeOptions, make_settings
from gameserver.ops.serve_workers import worker_settings
from gameserver.protocol.constants import ClientMessage, CloseCode, ServerMessage
from gameserver.workers import director
from gameserver.workers.placement import Placement, SeatLimits
from tests.support.live.process import GAMESERVER, ServerProcess, workers_process
from tests.support.live.server import GoodPlayer, Wire, get, until
from tests.support.live.worker_players import Player, players

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.client.session import Session
    from gameserver.protocol.messages import Welcome

pytestmark = pytest.mark.timeout(120)


async def statistics(port: int) -> dict[str, Any]:
    """Return `/api/rooms`."""
    status, _, body = await get(port, "/api/rooms")
    assert status == 200
    said: dict[str, Any] = json.loads(body)
    return said


async def with_sessions(port: int, count: int) -> dict[str, Any]:
    """Wait until `count` sessions have a seat, and return `/api/rooms`."""
    with trio.fail_after(40):
        while True:
            said = await statistics(port)
            if said["sessions"] >= count <= sum(room["players"] for room in said["rooms"]):
                return said
            await trio.sleep(0.1)


async def end(server: ServerProcess) -> None:
    """Stop the server with SIGTERM: it must exit with 0, and no worker may remain."""
    pids = [worker["pid"] for worker in (await statistics(server.port))["workers"]]
    status, errors = await server.end(signal.SIGTERM)
    assert status == 0
    assert "Traceback" not in errors
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_crowd_is_spread_over_both_processes_and_every_state_is_right() -> None:
    async with workers_process() as server:
        reports = []

        async def play() -> None:
            reports.append(await run_bots(f"ws://127.0.0.1:{server.port}/ws", "small", 60, 6.0, seed=1))
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(play)
            said = await with_sessions(server.port, 60)
        (report,) = reports
        assert report.desyncs == 0
        assert report.joined == 60
        assert report.clean
        rooms = Counter(room["worker"] for room in said["rooms"])
        assert rooms == {0: 4, 1: 4}, "60 players in rooms of 8"
        assert sorted(room["players"] for room in said["rooms"]) == [4] + [8] * 7
        assert len({room["id"] for room in said["rooms"]}) == 8
        assert said["sessions"] == 60
        await end(server)


async def test_pages_show_all_workers_whichever_answers() -> None:
    async with workers_process() as server:
        async with players(server.port, 9):
            for _ in range(10):  # the kernel chooses who answers
                said = await statistics(server.port)
                assert [worker["up"] for worker in said["workers"]] == [True, True]
                assert sorted(room["players"] for room in said["rooms"]) == [1, 8]
                assert {room["worker"] for room in said["rooms"]} == {0, 1}
            metrics = (await get(server.port, "/metrics"))[2].decode()
            for worker in (0, 1):
                assert f'gameserver_worker_up{{worker="{worker}"}} 1' in metrics
            sessions = re.findall(r'^gameserver_sessions\{worker="[01]"\} (\d+)$', metrics, re.MULTILINE)
            assert sorted(sessions) == ["1", "8"]
            assert metrics.count("# TYPE gameserver_tick_seconds histogram") == 1
            assert (await get(server.port, "/healthz"))[0] == 200
            status, _, body = await get(server.port, "/readyz")
            assert (status, body) == (200, b"ready, 2 of 2 workers\n")
        await end(server)


async def test_a_join_by_id_reaches_the_room_whichever_worker_accepts_the_link() -> None:
    async with workers_process() as server:
        async with players(server.port, 9) as (first, *_, last):
            assert first.server != last.server
            before = (await statistics(server.port))["handovers"]
            for _ in range(200):
                async with trio.open_nursery() as nursery:
                    joined = await nursery.start(
                        lambda task_status: Player().play(server.port, room=last.room, task_status=task_status)
                    )
                    assert (joined.room, joined.server) == (last.room, last.server)
                    await joined.session.leave()  # a client that is only cancelled keeps its seat for the resume grace
                    nursery.cancel_scope.cancel()
                if (await statistics(server.port))["handovers"] > before:
                    break
            else:
                pytest.fail("every link was accepted by the process that has the room")
            wire = await Wire.open(server.port)
            await wire.send(ClientMessage.JOIN, "small", "nowhere", 0, {})
            assert await wire.close_code() == CloseCode.ROOM_NOT_FOUND
        await end(server)


async def test_rooms_are_created_in_both_processes_and_joined_by_their_codes_from_any() -> None:
    async with workers_process() as server:
        url = f"ws://127.0.0.1:{server.port}/ws"
        processes = set()
        for _ in range(2):
            async with AsyncExitStack() as stack:
                owners = [await stack.enter_async_context(connect(url, "small", create=True)) for _ in range(2)]
                assert len({owner.code for owner in owners}) == 2
                processes |= {welcome_of(owner).server for owner in owners}
                for owner in owners * 3:
                    assert owner.code is not None
                    typed = f"{owner.code[:3]} {owner.code[3:].lower()}"
                    friend = await stack.enter_async_context(connect(url, "small", code=typed))
                    assert friend.code == owner.code
                    assert welcome_of(friend).server == welcome_of(owner).server
        assert len(processes) == 2
        with pytest.raises(JoinFailed) as failed:
            async with connect(url, "small", create=True, room_options={"fog": 1}):
                pass
        assert failed.value.code == CloseCode.INVALID_OPTIONS
        await end(server)


async def test_a_single_room_is_one_in_all_processes_however_many_ask_at_once_and_after_a_process_has_died() -> None:
    async with workers_process(room="Town") as server:
        url = f"ws://127.0.0.1:{server.port}/ws"

        async def stay(create: bool, sessions: list[Session]) -> None:
            async with connect(url, "town", create=create) as session:
                sessions.append(session)
                await trio.sleep_forever()

        async def join_at_once() -> set[tuple[str, str]]:
            sessions: list[Session] = []
            async with trio.open_nursery() as nursery:
                for at in range(20):
                    nursery.start_soon(stay, at % 2 == 0, sessions)
                await until(lambda: len(sessions) == 20)
                nursery.cancel_scope.cancel()
            return {(welcome_of(session).room, welcome_of(session).server) for session in sessions}

        ((_, killed),) = await join_at_once()
        assert len(await join_at_once()) == 1
        (pid,) = [each["pid"] for each in (await statistics(server.port))["workers"] if each["server"] == killed]
        os.kill(pid, signal.SIGKILL)
        await trio.sleep(0.1)
        ((_, other),) = await join_at_once()
        assert other != killed


async def test_a_join_that_is_repeated_reaches_the_same_room_and_seat_through_either_process() -> None:
    async with workers_process() as server:
        reached = set()
        for number in range(6):
            wires = [await Wire.open(server.port) for _ in range(4)]  # the kernel divides them between both processes
            seats = []
            for at, wire in enumerate(wires):
                await wire.send(ClientMessage.JOIN, "small", {"create": {}}, 0, {}, bytes([number]) * 16)
                if at % 2:
                    frame = await wire.next_frame()
                    assert frame is not None
                    number_of, welcome = msgpack.unpackb(frame.payload)
                    assert number_of == ServerMessage.WELCOME
                    seats.append((welcome["room"], welcome["session"], welcome["server"]))
                else:
                    await trio.sleep(0.1)  # it has arrived; its answer is not read
            assert len(set(seats)) == 1
            reached.add(seats[0][2])
        assert len(reached) == 2
        assert len((await statistics(server.port))["rooms"]) == 6
        await end(server)


async def test_a_private_room_is_entered_by_reservation_through_either_process() -> None:
    async with workers_process(room="Cup") as server:
        url = f"ws://127.0.0.1:{server.port}/ws"
        async with connect(url, "cup", create=True, room_options={"visibility": "private"}) as owner:
            room = welcome_of(owner).room
            events = owner.events()
            for _ in range(8):
                owner.send("invite")
                key = (await anext(events)).payload
                async with connect(url, "cup", room=room, reservation=key) as friend:
                    assert welcome_of(friend).room == room
                with pytest.raises(JoinFailed) as failed:
                    async with connect(url, "cup", room=room, reservation=key):
                        pass
                assert failed.value.code == CloseCode.INVALID_RESERVATION
                with pytest.raises(JoinFailed) as failed:
                    async with connect(url, "cup", code=owner.code):
                        pass
                assert failed.value.code == CloseCode.ROOM_NOT_FOUND
            assert await listed(server.port) == []
            assert (await statistics(server.port))["rooms"] == []
        await end(server)


async def listed(port: int, query: str = "sort=id") -> list[dict[str, Any]]:
    """Return the rows of the cups."""
    status, _, body = await get(port, f"/api/rooms?kind=cup&{query}")
    assert status == 200, body
    rows: list[dict[str, Any]] = json.loads(body)["rooms"]
    return rows


async def until_listed(port: int, wanted: list[tuple[str, int]]) -> None:
    """Wait until each process lists just these tracks and laps: 16 connections reach both."""
    with trio.fail_after(10):
        while True:
            found = [await listed(port, "sort=id") for _ in range(16)]
            values = [sorted((row["listing"]["track"], row["listing"]["laps"]) for row in rows) for rows in found]
            if values == [sorted(wanted)] * 16:
                return
            await trio.sleep(0.05)


async def test_every_process_lists_the_rooms_of_all_and_a_filter_finds_them_in_any() -> None:
    async with workers_process(room="Cup") as server, AsyncExitStack() as stack:
        url = f"ws://127.0.0.1:{server.port}/ws"

        async def join(**how: Any) -> Session:
            return await stack.enter_async_context(connect(url, "cup", **how))

        tracks = ["ice", "mud", "tar", "fog"]
        rooms = {track: await join(create=True, room_options={"track": track}) for track in tracks}
        hidden = await join(create=True, room_options={"track": "ice", "visibility": "unlisted"})
        assert len({welcome_of(owner).server for owner in rooms.values()}) == 2
        await until_listed(server.port, [(track, 0) for track in tracks])
        for track, owner in rooms.items():
            for _ in range(2):
                stranger = await join(where={"track": track})
                assert stranger.code == owner.code != hidden.code
        for laps, owner in enumerate(rooms.values()):
            owner.send("laps", laps)
        await until_listed(server.port, list(zip(tracks, range(4), strict=True)))
        assert (await join(where={"laps": {"min": 3}})).code == rooms["fog"].code
        viewers = [await stack.enter_async_context(connect(url, "lobby.cup")) for _ in range(4)]
        assert len({welcome_of(viewer).room for viewer in viewers}) == 1
        for viewer in viewers:
            view = await viewer.updated()
            seen = {row.room: json.loads(row.listing)["track"] for row in view.entities("LobbyRow")}
            assert seen == {welcome_of(owner).room: track for track, owner in rooms.items()}
        with pytest.raises(JoinFailed) as failed:
            await join(where={"laps": "many"})
        assert failed.value.code == CloseCode.INVALID_WHERE
        killed = welcome_of(rooms["ice"]).server
        (pid,) = [each["pid"] for each in (await statistics(server.port))["workers"] if each["server"] == killed]
        left = [(track, laps) for laps, track in enumerate(tracks) if welcome_of(rooms[track]).server != killed]
        await stack.aclose()
        os.kill(pid, signal.SIGKILL)
        await until_listed(server.port, left)


def welcome_of(session: Session) -> Welcome:
    assert session.core.seat is not None
    return session.core.seat.welcome


async def test_a_resume_reaches_the_process_that_has_the_session() -> None:
    async with workers_process() as server:
        async with trio.open_nursery() as nursery:
            seated = []
            for _ in range(12):  # a room of eight here, one of four there
                player = GoodPlayer(await Wire.open(server.port))
                nursery.start_soon(play_small, player)
                await player.sees(1)
                seated.append(player)
            assert len({player.welcome["server"] for player in seated}) == 2
            for player in seated:
                player.wire.reset()
                again = GoodPlayer(await Wire.open(server.port))
                events = player.welcome["event"]
                await again.wire.send(ClientMessage.RESUME, player.welcome["token"], 0, events)
                nursery.start_soon(again.follow)
                await again.sees(1)
                same = ("server", "room", "session")
                assert [again.welcome[name] for name in same] == [player.welcome[name] for name in same]
                assert again.welcome["resumed"] is True
            stranger = await Wire.open(server.port)
            await stranger.send(ClientMessage.RESUME, bytes(24), 0, 0)
            assert await stranger.close_code() == CloseCode.SERVER_RESTARTED
            nursery.cancel_scope.cancel()
        await end(server)


async def play_small(player: GoodPlayer) -> None:
    """Join a small room, and follow it until the link breaks."""
    await player.wire.send(ClientMessage.JOIN, "small", None, 0, {})
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # the test breaks the link
        await player.follow()


async def test_a_worker_that_is_killed_ends_only_its_rooms() -> None:
    async with workers_process() as server:
        async with players(server.port, 12) as seated:
            said = await statistics(server.port)
            victim = next(worker for worker in said["workers"] if worker["server"] == seated[-1].server)
            there = [player for player in seated if player.server == victim["server"]]
            here = [player for player in seated if player.server != victim["server"]]
            assert len(there) == 4
            rooms_there = {player.room for player in there}
            os.kill(victim["pid"], signal.SIGKILL)
            await until(lambda: all(len(player.joined) == 2 for player in there), 20)
            for player in there:
                assert CloseCode.SERVER_RESTARTED in player.codes
                assert player.room not in rooms_there
                assert not player.joined[-1].resumed
            for player in seated:
                await player.sees(3)
            assert all(len(player.joined) == 1 and player.session is not None for player in here)
            assert all(player.codes == [None, None] for player in here), "their links were not touched"
            await back_up(server.port)
            said = await statistics(server.port)
            assert [worker["restarts"] for worker in said["workers"] if worker["worker"] == victim["worker"]] == [1]
            assert sum(room["players"] for room in said["rooms"]) == 12
        await end(server)


async def back_up(port: int) -> None:
    """Wait until both workers serve."""
    with trio.fail_after(30):
        while (await get(port, "/readyz"))[2] != b"ready, 2 of 2 workers\n":  # noqa: ASYNC110 - there is no event for it
            await trio.sleep(0.1)


async def test_every_worker_has_bots_and_recordings(tmp_path: Path) -> None:
    async with workers_process("--bots", "12", "--record", str(tmp_path)) as server:
        said = await with_sessions(server.port, 12)
        assert {room["worker"] for room in said["rooms"]} == {0, 1}
        await end(server)
    assert recorded_by(tmp_path) == {"worker-0", "worker-1"}


def recorded_by(folder: Path) -> set[str]:
    """The workers' folders that hold a recording."""
    return {path.parent.name for path in folder.glob("*/*.gsrec") if path.stat().st_size}


async def test_workers_end_when_their_director_is_killed() -> None:
    async with workers_process() as server:
        pids = [worker["pid"] for worker in (await statistics(server.port))["workers"]]
        server.process.kill()
        with trio.fail_after(15):
            while any(map(alive, pids)):  # noqa: ASYNC110
                await trio.sleep(0.1)


def alive(pid: int) -> bool:
    """Whether a process runs. A zombie does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_worker_that_hangs_is_killed_and_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(director, "HUNG_AFTER_S", 7.0)  # a worker that runs reports every five seconds
    options = options_for("tests.support.live.worker_rooms:Small")
    settings = make_settings(options)
    listeners = await open_listeners(settings)
    placement = Placement({"small": SeatLimits(8, 64)}, random.Random(1))
    directing = director.Director(worker_settings(options, settings), placement, listeners)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(directing.run)
            port = listeners[0].getsockname()[1]
            victim = (await statistics(port))["workers"][1]
            os.kill(victim["pid"], signal.SIGSTOP)
            with trio.fail_after(30):
                while (state := (await statistics_of_any(port))["workers"][1])["restarts"] == 0:  # noqa: ASYNC110
                    await trio.sleep(0.5)
                assert state["pid"] != victim["pid"]
            await directing.stop()
    finally:
        for listener in listeners:
            listener.close()


async def statistics_of_any(port: int) -> dict[str, Any]:
    """Return `/api/rooms`. A stopped worker may have accepted the request; then it is sent again."""
    while True:
        with trio.move_on_after(2):
            return await statistics(port)


def options_for(room: str) -> ServeOptions:
    """`run ROOM --port 0 --workers 2`."""
    return ServeOptions(rooms=(room,), host="127.0.0.1", port=0, seed=1, log_level="error", workers=2)


def test_options_that_do_not_go_together_are_one_line() -> None:
    for options, words in (
        (("--workers", "0"), "from 1 up"),
        (("--workers", "2", "--cert", __file__, "--key", __file__), "let a proxy end TLS"),
        (
            (
                "--workers",
                "99",
            ),
            "at most 31",
        ),
        (("no.such:Room", "--workers", "2"), "no module named"),
    ):
        done = subprocess.run([str(GAMESERVER), "run", "--port", "0", *options], capture_output=True, text=True)
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
