"""Sessions across links, and the end of a server: over real sockets, with the server as a process of its own."""

from __future__ import annotations

import random
import signal
from typing import Any

import msgpack
import trio

from gameserver.client.session_events import SessionState
from gameserver.client.state_reader import StateReader
from gameserver.net.settings import NetSettings
from gameserver.protocol.constants import ClientMessage, CloseCode, ServerMessage
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import ServerProcess, ledger_process
from tests.support.live.server import GoodPlayer, Wire, get, until
from tests.support.live.witness import Witness
from tests.support.websocket_frames import BINARY, CLOSE, client_frame


async def enter(server: ServerProcess, *first: object) -> tuple[Wire, dict[str, Any]]:
    """A link that has said JOIN, or what is given, and its WELCOME."""
    wire = await Wire.open(server.port)
    await wire.send(*(first or (ClientMessage.JOIN, "ledger", None, 0, {})))
    messages = [message async for message in _messages(wire, ServerMessage.WELCOME)]
    return wire, messages[-1][1]


async def _messages(wire: Wire, last: ServerMessage) -> Any:
    """The messages up to the first one of a type."""
    while frame := await wire.next_frame():
        assert frame.opcode == BINARY, frame
        message = msgpack.unpackb(frame.payload)
        yield message
        if message[0] == last:
            return
    raise AssertionError(f"the link ended before {last.name}")


def resume(welcome: dict[str, Any]) -> tuple[object, ...]:
    return ClientMessage.RESUME, welcome["token"], 0, welcome["event"]


async def test_a_resume_takes_over_from_a_link_that_is_still_up() -> None:
    async with ledger_process("Ledger") as server:
        old, welcome = await enter(server)
        new, again = await enter(server, *resume(welcome))
        assert (again["resumed"], again["session"]) == (True, welcome["session"])
        assert again["token"] != welcome["token"]
        assert await old.close_code() == CloseCode.REPLACED
        assert [m async for m in _messages(new, ServerMessage.STATE)]
        assert (await server.metrics())["sessions"] == 1


async def test_of_two_resumes_at_once_one_wins_and_the_other_is_closed() -> None:
    async with ledger_process("Ledger") as server:
        for _ in range(5):
            first, welcome = await enter(server)
            first.reset()
            rivals = [await Wire.open(server.port) for _ in range(2)]
            hello = client_frame(msgpack.packb(resume(welcome)))
            async with trio.open_nursery() as nursery:
                for rival in rivals:
                    nursery.start_soon(rival.write, hello)
            ends = [await _fate(rival) for rival in rivals]
            assert sorted(ends) == ["REPLACED", "plays"]
        metrics = await server.metrics()
        assert metrics["sessions"] == 5
        assert metrics["connection_errors_total"] == 0


async def _fate(wire: Wire) -> str:
    """Whether a link goes on to get states after exactly one WELCOME, or how it was closed."""
    welcomes = 0
    while frame := await wire.next_frame():
        if frame.opcode == CLOSE:
            return CloseCode(frame.close_code).name
        kind = msgpack.unpackb(frame.payload)[0]
        welcomes += kind == ServerMessage.WELCOME
        if kind == ServerMessage.STATE:
            assert welcomes == 1
            with trio.move_on_after(0.3):  # the other one may have come a moment later
                while frame := await wire.next_frame():
                    if frame.opcode == CLOSE:
                        return CloseCode(frame.close_code).name
            return "plays"
    return "broke"


async def test_a_used_token_is_refused_once_its_successor_has_been_used() -> None:
    async with ledger_process("Ledger") as server:
        _, welcome = await enter(server)
        new, _ = await enter(server, *resume(welcome))
        await new.send(ClientMessage.ACK, 0)  # a PING does not count: a client also sends it before its WELCOME
        await new.send(ClientMessage.PING, 1)
        assert [m async for m in _messages(new, ServerMessage.PONG)]
        thief = await Wire.open(server.port)
        await thief.send(*resume(welcome))
        assert await thief.close_code() == CloseCode.SESSION_EXPIRED


async def test_after_the_grace_time_the_client_joins_anew_by_itself() -> None:
    async with ledger_process("Ledger", "--limits.resume-grace-s", "0.5") as server, faulty(server.port) as network:
        player = Witness(f"ws://127.0.0.1:{network.port}/ws", "ledger", 0, random.Random(0), StateReader())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player.play)
            await player.settled.wait()
            network.accepting = False
            network.reset_all()
            await trio.sleep(1.5)
            network.accepting = True
            await until(lambda: player.tally.joins == 2 and player.walkers == 1, 30)
            nursery.cancel_scope.cancel()
        assert any(end.startswith("4024 ") for end in player.tally.ends)
        assert (await server.metrics())["sessions"] == 1


async def test_after_a_restart_clients_join_anew_by_themselves() -> None:
    async with ledger_process("Ledger") as server:
        port = server.port
        players = [Witness(server.url, "ledger", n, random.Random(n), StateReader()) for n in range(4)]
        async with trio.open_nursery() as nursery:
            for player in players:
                nursery.start_soon(player.play)
            for player in players:
                await player.settled.wait()
            server.process.kill()
            await trio.to_thread.run_sync(server.process.wait)
            async with ledger_process("Ledger", port=port) as successor:
                await until(lambda: all(p.tally.joins == 2 and p.online for p in players), 30)
                for player in players:
                    assert any(end.startswith("4025 ") for end in player.tally.ends), player.tally.ends
                    assert player.tally.lost == player.tally.doubled == player.tally.desyncs == 0
                await until(lambda: all(player.walkers == 4 for player in players))
                assert (await successor.metrics())["sessions"] == 4
            nursery.cancel_scope.cancel()


async def test_sigterm_sends_everyone_a_retry_time_and_ends_in_time() -> None:
    async with ledger_process("Ledger") as server, trio.open_nursery() as nursery:
        players = [GoodPlayer(await Wire.open(server.port)) for _ in range(3)]
        for player in players:
            await player.wire.send(ClientMessage.JOIN, "ledger", None, 0, {})
            nursery.start_soon(player.follow)
            await player.sees(1)
        mute = await Wire.open(server.port, buffer=4_096)
        await mute.send(ClientMessage.JOIN, "ledger", None, 0, {})
        status, errors = await server.end(signal.SIGTERM, within_s=NetSettings().drain_s + 1.0)
        assert status == 0
        assert "Traceback" not in errors
        for player in players:
            await player.over.wait()
            assert player.notices == ["draining"]
            assert player.closed_with == CloseCode.GOING_AWAY
            assert player.closed_why == "retry in 2 s"


async def test_while_it_drains_joins_are_refused() -> None:
    async with ledger_process("Ledger", "--net-limits.close-timeout-s", "3") as server, trio.open_nursery() as nursery:
        mute, _ = await enter(server)
        nursery.start_soon(server.end, signal.SIGTERM)
        while frame := await mute.next_frame():
            if frame.opcode == CLOSE:
                break  # and no answer: the server waits for it
        late = await Wire.open(server.port)
        assert late.status == 101, "a browser's page reads close codes only"
        assert await late.close_code() == CloseCode.GOING_AWAY
        assert (await get(server.port, "/readyz"))[0] == 503
        assert (await get(server.port, "/healthz"))[0] == 200


async def test_ctrl_c_is_quiet() -> None:
    async with ledger_process("Ledger") as server:
        await enter(server)
        status, errors = await server.end(signal.SIGINT)
        assert (status, errors) == (0, "stopping\n")


async def test_a_second_signal_ends_it_at_once() -> None:
    async with ledger_process("Ledger", "--net-limits.close-timeout-s", "4") as server:
        mute, _ = await enter(server)
        server.process.send_signal(signal.SIGTERM)
        while frame := await mute.next_frame():
            if frame.opcode == CLOSE:
                break
        status, errors = await server.end(signal.SIGTERM, within_s=2.0)
        assert (status, errors) == (0, "stopping\n")


async def test_clients_come_back_to_a_drained_server_at_the_time_that_it_gave() -> None:
    async with ledger_process("Ledger") as server:
        port = server.port
        player = Witness(server.url, "ledger", 0, random.Random(0), StateReader())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player.play)
            await player.settled.wait()
            nursery.start_soon(server.end)
            await until(lambda: player.session.status.state is SessionState.WAITING)
            assert player.session.status.code == CloseCode.GOING_AWAY
            assert (player.session.status.retry_in_s or 0) >= 2.0
            await until(lambda: server.process.poll() is not None, 10)
            async with ledger_process("Ledger", port=port):
                await until(lambda: player.tally.joins == 2 and player.online, 30)
            nursery.cancel_scope.cancel()
