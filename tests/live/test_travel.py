"""Players go from room to room over real sockets, with the link that they have: all three clients."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from gameserver.client import connect
from gameserver.client.session_events import Joined, Moved, SessionState
from gameserver.protocol import messages as m
from tests.support.foreign.client import Client
from tests.support.foreign.player import follow, link, next_state
from tests.support.live.process import ServerProcess

TRAVELLER = Path(__file__).with_name("node_traveller.mjs")
MOVES = 4
ROOMS = ("tests.support.live.travel_rooms:River", "tests.support.live.travel_rooms:Lake")


def travel_process(*options: str) -> ServerProcess:
    return ServerProcess(*ROOMS, "--log-level", "warning", *options)


def check_order(seen: list[Any]) -> None:
    """Each room's own events come in order and without a gap, and none after the move that ended the stay."""
    room, number = "", 0
    moved = False
    for what, *more in seen:
        if what == "moved":
            moved = True
        elif what == "joined":
            room, number, moved = "", 0, False
        else:
            assert not moved
            assert room in ("", more[0])
            assert more[1] == number + 1 or room == ""
            room, number = more[0], more[1]


def note(events: list[Any], event: object) -> None:
    match event:
        case Moved(kind, _):
            events.append(["moved", kind])
        case Joined(welcome=welcome):
            events.append(["joined", welcome.kind])
        case m.Event(_, "own", payload):
            events.append(["own", *payload])


async def test_a_room_full_of_python_clients_goes_back_and_forth() -> None:
    async with travel_process() as server, AsyncExitStack() as stack:
        seen: list[list[Any]] = []
        sessions = []

        for _ in range(12):
            events: list[Any] = []
            seen.append(events)
            opened = connect(server.url, "river", on_event=partial(note, events))
            sessions.append(await stack.enter_async_context(opened))
        for move in range(MOVES):
            kind = ("lake", "river")[move % 2]
            sessions[move].send("go")
            with trio.fail_after(10):
                while not all(session.core.seat and session.core.seat.welcome.kind == kind for session in sessions):
                    await sessions[0].updated()
            for session in sessions:
                session.set_controls(way=1)
            with trio.fail_after(10):
                while not all(session.core.counters.desyncs == 0 and _x(session) > 5 for session in sessions):
                    await sessions[-1].updated()
        assert all(session.status.state is SessionState.JOINED for session in sessions)
        for events in seen:
            check_order(events)
            assert [event for event in events if event[0] != "own"] == [
                ["joined", "river"],
                *[[what, ("lake", "river")[move % 2]] for move in range(MOVES) for what in ("moved", "joined")],
            ]
        metrics = await server.metrics()
        assert metrics["links_total"] == len(sessions)
        assert metrics["sessions"] == len(sessions)


def _x(session: Any) -> float:
    boats = {boat.id: boat.x for boat in session.view.entities("Boat")}
    return float(boats.get(session.avatar_id, 0.0))


def travel_with_the_sdk(url: str, *rooms: str) -> dict[str, Any]:
    """Go back and forth with the SDK between these rooms, or between any; return what it saw."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("this test needs Node: install nodejs")
    command = [node, str(TRAVELLER), url, str(MOVES), *rooms]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report


async def test_a_client_that_leaves_on_its_way_to_the_next_room_has_no_seat_in_either() -> None:
    async with travel_process() as server:
        moved = trio.Event()

        def note_moved(event: object) -> None:
            if isinstance(event, Moved):
                moved.set()

        async with connect(server.url, "river", on_event=note_moved) as session:
            session.send("go")
            with trio.fail_after(10):
                await moved.wait()
            await session.leave()
        with trio.fail_after(10):
            while (await server.metrics())["sessions"]:  # noqa: ASYNC110
                await trio.sleep(0.1)


def test_the_sdk_goes_back_and_forth_over_one_link() -> None:
    with travel_process() as server:
        report = travel_with_the_sdk(server.url)
    assert report["sailed"] == [True] * (MOVES + 1)
    assert report["links"] == 1
    assert (report["status"], report["desyncs"]) == ({"state": "joined"}, 0)
    assert [notice for notice in report["notices"] if notice["name"] != "skipped"] == []
    check_order(report["seen"])
    assert [kind for what, kind in (event[:2] for event in report["seen"] if event[0] == "joined")] == [
        "river",
        *[("lake", "river")[move % 2] for move in range(MOVES)],
    ]


def test_the_foreign_client_goes_over() -> None:
    with travel_process() as server, link(server.port) as websocket:
        client = Client("river", {})
        websocket.send(client.open())
        next_state(client, websocket)
        websocket.send(client.say("over", None))
        follow(client, websocket, lambda: client.welcome["kind"] == "lake")
        for _ in range(10):
            websocket.send(client.steer([1, 0]))
            next_state(client, websocket)
        follow(client, websocket, lambda: client.consumed == client.seq)
        assert client.resyncs == 0
        assert [name for _, name, _ in client.events].count("@avatar") == 2


async def test_between_workers_clients_come_over_by_themselves() -> None:
    """A lake in one worker, a river in the other: whoever goes opens a new link, and has its seat."""
    async with travel_process("--workers", "2") as server, AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(connect(server.url, kind, create=True)) for kind in ("lake", "river")
        ]
        assert first.core.seat is not None
        assert second.core.seat is not None
        lake, river = first.core.seat.welcome, second.core.seat.welcome
        assert lake.server != river.server
        session = await stack.enter_async_context(connect(server.url, "river", room=river.room))
        report = await trio.to_thread.run_sync(travel_with_the_sdk, server.url, river.room, lake.room)
        assert report["sailed"] == [True] * (MOVES + 1)
        assert (report["links"], report["desyncs"]) == (MOVES + 1, 0)
        for turn in range(MOVES):
            kind = ("lake", "river")[turn % 2]
            session.send("to", (lake, river)[turn % 2].room)
            with trio.fail_after(10):
                while session.core.seat is None or session.core.seat.welcome.kind != kind or _x(session) <= 5:
                    session.set_controls(way=1)
                    await session.updated()
            assert session.core.seat.welcome.server == (lake, river)[turn % 2].server
        assert session.core.counters.desyncs == 0
        assert session.core.counters.moves == MOVES
        session.send("to", "q22222")
        with trio.fail_after(10):
            async for event in session.events():
                if event.name == "failed":
                    assert event.payload == "ROOM_NOT_FOUND"
                    break


async def test_a_room_in_one_worker_gets_a_player_from_the_queue_in_the_other() -> None:
    rooms = ("tests.support.backfilled_rooms:Duel", "tests.support.backfilled_rooms:Duels")
    async with ServerProcess(*rooms, "--log-level", "warning", "--workers", "2") as server, AsyncExitStack() as stack:
        duels = [
            await stack.enter_async_context(connect(server.url, "duel", create=True, params={"team": 0}))
            for _ in range(2)
        ]
        # Only now: a queue is a room too, and its players count where the director puts the next duel.
        waiting = [
            await stack.enter_async_context(connect(server.url, "duels", params={"name": name})) for name in "ab"
        ]
        with trio.fail_after(15):
            for session in waiting:
                while session.core.seat is None or session.core.seat.welcome.kind != "duel":
                    await session.updated()
        seats = [session.core.seat for session in (*duels, *waiting)]
        in_duels, came = [[seat.welcome.room for seat in some if seat] for some in (seats[:2], seats[2:])]
        assert sorted(in_duels) == sorted(came)
        assert len({seat.welcome.server for seat in seats if seat}) == 2
