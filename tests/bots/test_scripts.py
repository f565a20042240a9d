"""Scripted bots against a real hub in memory: a lobby game with two kinds of rooms, on a clock that jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver import Entity, Int, Player, Room
from gameserver.bots import Bot, BotSession, RoomEnded, run_bots
from gameserver.protocol.constants import Role
from tests.support.channel_server import channel_server

if TYPE_CHECKING:
    from trio.testing import MockClock

    from gameserver.bots import Perception, Report
    from tests.support.channel_server import ChannelServer

pytestmark = pytest.mark.slow


class Card(Entity):
    value = Int(0, 9)


class Lobby(Room[Any]):
    """Sends players who are ready into matches, two at a time. It has no entities."""

    entities = ()
    max_players = 100

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        assert name == "ready"
        player.data = payload
        ready = [p for p in self.players if p.data is not None][:2]
        if len(ready) == 2:
            for p in ready:
                p.data = None
                self.send(p, "match", {"players": [q.number for q in ready]})


class Match(Room[Any]):
    """Ends when two players have played a card each."""

    entities = (Card,)
    max_players = 2

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Card, owner=player)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        player.avatar.value = payload
        if all(card.value for card in self.all(Card)) and len(self.players) == 2:
            self.broadcast("over", {"teams": sorted(str(p.params["team"]) for p in self.players)})
            self.close("played")


async def run(server: ChannelServer, script: Any, count: int = 1, seconds: float = 5.0, **more: Any) -> Report:
    return await run_bots(server.open, "lobby", count, seconds, brain=script, seed=1, **more)


async def test_bots_choose_params_send_messages_and_go_from_room_to_room(autojump_clock: MockClock) -> None:
    teams: list[str] = []

    async def play(bot: Bot) -> None:
        while True:
            async with bot.join() as lobby:
                lobby.send("ready", bot.number)
                await lobby.event("match")
            async with bot.join("match", params={"team": bot.random.choice(["red", "blue"])}) as match:
                match.send("card", 1 + bot.number % 9)
                teams.extend((await match.event("over")).payload["teams"])

    async with channel_server(Lobby, Match) as server:
        report = await run(server, play, 20)
        await trio.sleep(0.1)
        rooms = list(server.hub.rooms.values())
        assert not any(room.players for room in rooms), "all have left"
    assert report.clean, report.problems
    assert report.joined == 20
    assert set(teams) == {"red", "blue"}
    assert len(teams) > 200
    assert report.messages > 1000
    assert report.events > 1000


async def test_the_same_seed_chooses_the_same(autojump_clock: MockClock) -> None:
    names: list[list[Any]] = []

    async def play(bot: Bot) -> None:
        async with bot.join(params={"lucky": bot.random.random()}) as lobby:
            await lobby.until_ended()

    for _ in range(2):
        async with channel_server(Lobby) as server, trio.open_nursery() as nursery:
            nursery.start_soon(run, server, play, 3)
            await trio.sleep(1.0)
            names.append([(p.params["name"], p.params["lucky"]) for p in server.engine.players])
            nursery.cancel_scope.cancel()
    assert names[0] == names[1]
    assert [name for name, _ in names[0]] == ["Ada 1", "Bo 1", "Cleo 1"]


async def test_params_of_the_run_are_there_unless_a_script_gives_others(autojump_clock: MockClock) -> None:
    async def play(bot: Bot) -> None:
        async with bot.join(params={"team": "blue"} if bot.number else None) as lobby:
            await lobby.until_ended()

    async with channel_server(Lobby) as server, trio.open_nursery() as nursery:
        nursery.start_soon(lambda: run(server, play, 2, params={"team": "red", "size": 3}))
        await trio.sleep(1.0)
        assert [(p.params["team"], p.params["size"]) for p in server.engine.players] == [("red", 3), ("blue", 3)]
        nursery.cancel_scope.cancel()


async def test_a_room_by_id_and_as_a_spectator(autojump_clock: MockClock) -> None:
    async def play(bot: Bot) -> None:
        async with bot.join("match", params={"team": "red"}) as match:
            assert match.avatar is None or match.avatar.value == 0
            (room,) = server.hub.rooms
            async with bot.join("match", room=room, role=Role.SPECTATOR) as watched:
                while not watched.view.entities("Card"):
                    await watched.updated()
                assert watched.avatar is None
                await match.updated()
                assert match.avatar.id == watched.view.entities("Card")[0].id
                seen.append(room)

    seen: list[str] = []
    async with channel_server(Match) as server:
        report = await run(server, play)
    assert len(seen) == 1
    assert report.errors == 1, "its only problem is that nothing changed"
    assert list(report.problems) == ["no state ever changed, and no event came"]


async def test_a_script_that_fails_is_reported_and_the_others_play_on(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(bot: Bot) -> None:
        async with bot.join() as lobby:
            if bot.number == 1:
                raise ZeroDivisionError("no idea")
            lobby.send("ready", 1)
            await lobby.event("match")

    async with channel_server(Lobby) as server:
        report = await run(server, play, 3)
    assert report.problems["the script failed: ZeroDivisionError: no idea"] == 1
    assert report.errors == 1
    assert "ZeroDivisionError" in caplog.text


async def test_a_room_that_ends_is_an_exception_that_a_script_may_catch(autojump_clock: MockClock) -> None:
    async def card(match: BotSession) -> None:
        match.send("card", 5)
        await match.until_ended()

    async def careful(bot: Bot) -> None:
        async with bot.join("match", params={"team": "red"}) as match:
            try:
                await card(match)
            except RoomEnded as ended:
                reasons.append(str(ended))
                assert match.send("card", 1) is False

    async def careless(bot: Bot) -> None:
        async with bot.join("match", params={"team": "red"}) as match:
            await card(match)

    reasons: list[str] = []
    async with channel_server(Match) as server:
        assert (await run(server, careful, 2)).errors == 0
        report = await run(server, careless, 2)
    assert reasons == ["4020 played"] * 2
    assert report.problems["was closed: 4020 played"] == 2


async def test_a_room_that_cannot_be_joined_is_reported(autojump_clock: MockClock) -> None:
    async def play(bot: Bot) -> None:
        async with bot.join("chess"):
            raise AssertionError

    async with channel_server(Lobby) as server:
        report = await run(server, play)
    assert any("could not join: 4010" in problem for problem in report.problems)


async def test_a_brain_sends_messages_and_hears_events(autojump_clock: MockClock) -> None:
    class Ready:
        def __init__(self, rng: object) -> None:
            self.heard: list[str] = []

        def params(self) -> dict[str, object]:
            return {"team": "red"}

        def decide(self, perception: Perception) -> None:
            heard.extend(event.name for event in perception.events)
            if perception.view.tick % 10 == 0:
                assert perception.send("ready", 1)

    heard: list[str] = []
    async with channel_server(Lobby) as server, trio.open_nursery() as nursery:
        nursery.start_soon(run, server, Ready, 2, 3.0)
        await trio.sleep(1.0)
        assert [p.params["team"] for p in server.engine.players] == ["red", "red"]
        await trio.sleep(1.0)
        nursery.cancel_scope.cancel()
    assert set(heard) == {"match"}
    assert len(heard) > 4
