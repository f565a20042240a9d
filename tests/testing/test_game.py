"""The games that authors test with: time, links, networks, outside work, and what the end of a game checks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver import Entity, Float, Inputs, Int, JoinRefused, Room, Text, shared
from gameserver.client.errors import JoinFailed
from gameserver.protocol.constants import Role
from gameserver.testing import Network, game, random_play

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver import Player
    from gameserver.testing import Game, Played


class Keys(Inputs):
    dx = Int(-1, 1)


class Dot(Entity):
    x = Float(step=1 / 16)
    name = Text(max_bytes=16)


@shared
def walk(dot: Dot, keys: Keys, dt: float) -> None:
    dot.x += keys.dx * 60 * dt


class Tag(Room[Keys]):
    predict = walk
    resume_grace_s = 5.0
    max_players = 3

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Dot, owner=player, name=player.params.get("name", ""))

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "chat":
            self.broadcast("chat", {"text": str(payload)[:20]})


def test_time_passes_only_when_the_test_says_so() -> None:
    with game(Tag) as g:
        ada = g.join(name="Ada")
        assert ada.entity.name == "Ada"
        tick = g.room.tick
        ada.controls(dx=1)
        assert g.room.tick == tick
        g.ticks(40)
        assert g.room.tick == tick + 40
        assert ada.entity.x > 100
        (dot,) = ada.view.entities("Dot")
        assert dot.x == ada.entity.x  # messages arrive at once
        assert ada.corrections == 0


def test_players_see_each_other_and_hear_each_other() -> None:
    with game(Tag, network=Network(delay_ms=80, jitter_ms=20)) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        assert [dot.name for dot in bob.view.entities("Dot")] == ["Ada", "Bob"]
        ada.send("chat", "hello")
        g.until(lambda: bool(bob.events))
        assert bob.events == [("chat", {"text": "hello"})]


def test_a_predicted_avatar_moves_before_the_server_says_so() -> None:
    with game(Tag, network=Network(delay_ms=200)) as g:
        ada = g.join(name="Ada")
        g.seconds(1)
        ada.controls(dx=1)
        g.ticks(3)
        assert ada.avatar.x > 0
        assert ada.view.entities("Dot")[0].x == 0
        g.seconds(2)
        assert ada.corrections == 0


def test_a_lost_link_keeps_its_seat_for_the_grace_time() -> None:
    with game(Tag) as g:
        ada = g.join(name="Ada")
        player = ada.player
        ada.lose_link()
        g.seconds(4)
        assert not player.connected
        ada.come_back()
        assert ada.player is player
        assert player.connected
        ada.lose_link()
        g.seconds(6)
        ada.come_back()
        assert ada.player is not player  # a new seat: the grace time was over


def test_who_leaves_is_gone() -> None:
    with game(Tag) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        ada.leave()
        g.ticks(2)
        assert [dot.name for dot in bob.view.entities("Dot")] == ["Bob"]
        assert not ada.joined


def test_spectators_and_refusals() -> None:
    class Strict(Tag):
        kind = "strict"

        def on_auth(self, player: Player) -> None:
            if not player.params.get("name"):
                raise JoinRefused("a name, please")

    with game(Strict) as g:
        with pytest.raises(JoinFailed, match="a name, please"):
            g.join()
        eve = g.join(role=Role.SPECTATOR, name="Eve", claims={"sub": "eve"}, network=Network(delay_ms=10))
        assert eve.entity is None
        assert eve.player.is_spectator
        assert eve.player.claims == {"sub": "eve"}


def test_several_kinds_and_rooms() -> None:
    class Duel(Tag):
        kind = "duel"
        max_players = 1

    with game(Tag, Duel) as g:
        one, two = g.join("duel", name="1"), g.join("duel", name="2")
        g.join(name="3")
        assert [type(room) for room in g.rooms] == [Duel, Duel, Tag]
        assert len(one.view.entities("Dot")) == len(two.view.entities("Dot")) == 1
        with pytest.raises(LookupError, match="3 rooms are open"):
            assert g.room


def test_outside_work_is_run_and_its_result_arrives_at_a_tick() -> None:
    async def look_up(name: str) -> str:
        return name.upper()

    class Profiles(Tag):
        def on_join(self, player: Player) -> None:
            super().on_join(player)
            self.run(look_up, "ada", then=lambda found: self.broadcast("profile", found))

    with game(Profiles) as g:
        ada = g.join(name="Ada")
        g.until(lambda: bool(ada.events), ticks=5)
        assert ada.events == [("profile", "ADA")]


def test_outcomes_arrive_in_the_order_in_which_functions_were_started() -> None:
    has_ended = {"job": trio.Event(), "effect": trio.Event()}

    async def end_last(*args: str) -> str:
        await has_ended[args[-1]].wait()
        return f"first {args[-1]}"

    async def end_first(*args: str) -> str:
        has_ended[args[-1]].set()
        return f"second {args[-1]}"

    class Profiles(Tag):
        def on_join(self, player: Player) -> None:
            super().on_join(player)
            for work in (end_last, end_first):
                self.run(work, "job", then=self.say)
                self.effect(work, "effect", then=self.say)

        def say(self, outcome: str) -> None:
            self.broadcast("outcome", outcome)

    with game(Profiles) as g:
        ada = g.join(name="Ada")
        g.until(lambda: len(ada.events) == 4, ticks=5)
        outcomes = [payload for _, payload in ada.events]
        for kind in has_ended:
            assert [of for of in outcomes if of.endswith(kind)] == [f"first {kind}", f"second {kind}"]


async def test_outside_work_is_run_in_a_test_that_is_a_trio_task() -> None:
    test_outside_work_is_run_and_its_result_arrives_at_a_tick()


def play_some(g: Game) -> list[float]:
    ada = g.join(name="Ada")
    places = []
    for tick in range(60):
        ada.controls(dx=(tick // 7) % 3 - 1)
        g.ticks()
        places.append(ada.view.entities("Dot")[0].x)
    return places


def test_the_same_seed_gives_the_same_game() -> None:
    games = []
    for seed in (3, 3, 4):
        with game(Tag, seed=seed, network=Network(delay_ms=50, jitter_ms=40)) as g:
            games.append(play_some(g))
    assert games[0] == games[1] != games[2]


def test_rules_that_are_not_deterministic_fail_the_game() -> None:
    dice = random.SystemRandom()

    class Lucky(Tag):
        def on_tick(self) -> None:
            for dot in self.all(Dot):
                dot.x += dice.random()

    g = game(Lucky)
    g.join(name="Ada")
    g.ticks(5)
    with pytest.raises(AssertionError, match="a replay differs from tick"):
        g.check()


def test_rules_that_raise_fail_the_game_with_what_they_raised() -> None:
    class Fragile(Tag):
        def on_create(self, options: Any) -> None:
            self.after(3, self.break_)

        def break_(self) -> None:
            raise KeyError("ada")

    g = game(Fragile)
    g.join(name="Ada")
    g.ticks(10)
    with pytest.raises(AssertionError, match=r"fragile: the rules raised KeyError: 'ada' \(tick 3\)") as failed:
        g.check()
    assert isinstance(failed.value.__cause__, KeyError)


def test_an_error_of_the_test_itself_is_not_hidden_by_the_checks() -> None:
    with pytest.raises(ZeroDivisionError), game(Tag):
        assert 1 / 0


def test_until_says_when_a_condition_never_held() -> None:
    with game(Tag) as g, pytest.raises(AssertionError, match="within 3 ticks"):
        g.until(lambda: False, ticks=3)


def test_the_fixture_checks_its_games(play: Callable[..., Game]) -> None:
    g = play(Tag, seed=2)
    assert g.join(name="Ada").entity.name == "Ada"


def test_a_room_is_played_at_random() -> None:
    def play() -> Played:
        return random_play(Tag, players=4, ticks=600, seed=5, messages={"chat": ["a", "b"]}, params={"name": "Ada"})

    played = play()
    assert played.ticks == 600
    assert min(played.joins, played.leaves, played.lost_links, played.messages, played.events) > 0
    assert played == random_play(
        Tag, players=4, ticks=600, seed=5, messages={"chat": ["a", "b"]}, params={"name": "Ada"}
    )


def test_rules_that_raise_are_found_by_playing_at_random() -> None:
    class Fragile(Tag):
        def on_message(self, player: Player, name: str, payload: Any) -> None:
            payload["text"]

    with pytest.raises(AssertionError, match=r"seed 1, tick \d+: fragile: the rules raised") as failed:
        random_play(Fragile, ticks=400)
    assert isinstance(failed.value.__cause__, TypeError | KeyError)  # its traceback leads to the line
