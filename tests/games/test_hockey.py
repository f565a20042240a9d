"""Hockey: teams, rounds, goals, bots in empty seats, and the puck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gameserver import Player, Role
from gameserver.games.hockey import Hockey, HockeyOptions
from gameserver.games.hockey_rink import PUCK_RADIUS, RINK_HEIGHT, RINK_WIDTH, SKATER_RADIUS, Puck, Skater
from gameserver.testing import game, random_play

if TYPE_CHECKING:
    from gameserver.testing import Client, Game


class Alone(Hockey):
    """Without bots. A client may place the puck: `shoot` with [x, y, who touched it last], towards the nearer goal."""

    kind = "alone"
    options = HockeyOptions(bots=False)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        super().on_message(player, name, payload)
        if name == "shoot":
            (puck,) = self.all(Puck)
            puck.x, puck.y, toucher = payload
            puck.vx, puck.vy = 900.0 if puck.x > RINK_WIDTH / 2 else -900.0, 0.0
            self.last_touch = next((other.avatar for other in self.players if other.number == toucher), None)
        if name == "puck here":
            (puck,) = self.all(Puck)
            skater = player.avatar
            puck.x, puck.y, puck.vx, puck.vy = skater.x + SKATER_RADIUS + PUCK_RADIUS + 10, skater.y, 0.0, 0.0


class Private(Hockey):
    kind = "private"
    options = HockeyOptions(friends_only=True)


def start(play: Game, *clients: Client) -> None:
    for client in clients:
        client.send("ready")
    play.until(lambda: play.room.state.phase == "playing")


def skaters(play: Game) -> list[tuple[str, bool]]:
    return sorted((skater.team, skater.bot) for skater in play.room.all(Skater))


def goals(client: Client) -> list[Any]:
    return [payload for name, payload in client.events if name == "goal"]


def test_players_go_into_the_smaller_team_and_may_change_while_no_round_is_under_way() -> None:
    with game(Alone) as play:
        ada, bob = play.join(name="Ada"), play.join()
        watcher = play.join(role=Role.SPECTATOR, name="Eve")
        play.ticks(6)
        assert [(entry.name, entry.team) for entry in ada.roster] == [
            ("Ada", "red"),
            ("Player 2", "blue"),
            ("Eve", "none"),
        ]
        bob.send("team", "red")
        watcher.send("team", "red")
        ada.send("team", "green")
        play.ticks(6)
        assert [entry.team for entry in ada.roster] == ["red", "red", "none"]
        assert skaters(play) == [("red", False), ("red", False)]
        start(play, ada, bob)
        bob.send("team", "blue")
        play.ticks(6)
        assert [entry.team for entry in ada.roster] == ["red", "red", "none"]


def test_bots_have_the_empty_seats_of_a_round_and_give_them_to_people() -> None:
    with game(Hockey) as play:
        ada = play.join(name="Ada")
        play.seconds(1)
        assert skaters(play) == [("red", False)]
        start(play, ada)
        assert skaters(play) == [("blue", True)] * 3 + [("red", False), ("red", True), ("red", True)]
        bob = play.join()
        assert [bot for _, bot in skaters(play)] == [False, True, True] * 2
        bob.leave()
        play.ticks(6)
        assert skaters(play).count(("blue", True)) == 3
        play.until(lambda: play.room.state.phase == "results", ticks=60 * 125)
        assert skaters(play) == [("red", False)]


def test_a_goal_counts_for_the_team_and_for_who_touched_the_puck_last() -> None:
    with game(Alone) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        start(play, ada, bob)
        play.seconds(1.5)
        ada.send("shoot", [RINK_WIDTH - 200.0, RINK_HEIGHT / 2, 1])
        play.seconds(1)
        assert goals(bob) == [{"team": "red", "by": "Ada", "own": False}]
        assert (bob.room.red, bob.room.blue, bob.roster[0].goals) == (1, 0, 1)
        play.seconds(2.5)
        assert len(play.room.all(Puck)) == 1
        ada.send("shoot", [200.0, RINK_HEIGHT / 2, 1])
        play.seconds(1)
        assert goals(bob)[1:] == [{"team": "blue", "by": "Ada", "own": True}]
        assert (bob.room.red, bob.room.blue, bob.roster[0].goals) == (1, 1, 1)


def test_everybody_waits_for_the_kick_off_and_is_not_corrected() -> None:
    with game(Alone) as play:
        ada, bob = play.join(), play.join()
        ada.controls(dx=1.0, dy=0.5)
        start(play, ada, bob)
        play.ticks(20)
        place = ada.entity.x, ada.entity.y
        assert ada.entity.held
        play.ticks(20)
        assert (ada.entity.x, ada.entity.y) == place
        corrections = ada.corrections
        play.seconds(1.5)
        assert ada.entity.x > place[0]
        assert ada.corrections <= corrections + 1, "only the release, which the rules decide"


def test_goals_before_a_round_do_not_count_and_the_puck_comes_back() -> None:
    with game(Alone) as play:
        ada = play.join()
        ada.send("shoot", [RINK_WIDTH - 200.0, RINK_HEIGHT / 2, None])
        play.seconds(1)
        assert len(goals(ada)) == 1
        assert play.room.all(Puck) == []
        play.seconds(1)
        assert len(play.room.all(Puck)) == 1
        assert ada.room.red == 0


@pytest.mark.parametrize("y", [PUCK_RADIUS, 200.0, RINK_HEIGHT - 200.0])
def test_the_puck_stays_on_the_ice_but_for_the_goals(y: float) -> None:
    with game(Alone) as play:
        ada = play.join()
        for x in (100.0, RINK_WIDTH - 100.0):
            ada.send("shoot", [x, y, None])
            for _ in range(60):
                play.ticks(1)
                (puck,) = play.room.all(Puck)
                assert PUCK_RADIUS <= puck.x <= RINK_WIDTH - PUCK_RADIUS
                assert PUCK_RADIUS <= puck.y <= RINK_HEIGHT - PUCK_RADIUS


def test_a_skater_pushes_the_puck() -> None:
    with game(Alone) as play:
        ada = play.join()
        ada.send("puck here")
        ada.controls(dx=1.0)
        play.seconds(0.5)
        (puck,) = play.room.all(Puck)
        assert puck.vx > 200.0
        assert any(name == "hit" for name, _ in ada.events)


def test_a_scorer_who_has_left_is_not_looked_for() -> None:
    with game(Alone) as play:
        ada, bob = play.join(), play.join()
        bob.send("shoot", [RINK_WIDTH - 450.0, RINK_HEIGHT / 2, 1])
        play.ticks(3)
        assert play.room.last_touch is ada.entity
        ada.leave()
        play.seconds(1)
        assert goals(bob) == [{"team": "red", "by": "Bot", "own": False}]


def test_friends_only_rooms_are_unlisted_and_the_listing_says_the_phase() -> None:
    with game(Private) as play:
        ada = play.join()
        assert (play.room._context.visibility, play.room.listing.phase) == ("unlisted", "lobby")
        start(play, ada)
        play.ticks(1)
        assert play.room.listing.phase == "playing"


def test_whatever_clients_do_the_rules_do_not_fail() -> None:
    messages: dict[str, list[Any]] = {"ready": [True, False], "team": ["red", "blue", "green", 1, None]}
    played = random_play(Hockey, seed=3, ticks=1500, messages=messages, params={"name": "Ada"})
    assert played is not None
