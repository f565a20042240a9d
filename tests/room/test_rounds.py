"""Rounds: lobby, countdown, playing, results, and back; by ready checks, numbers of players, and ticks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from gameserver import Player, PlayerState, Role, Room, Roster, Rounds, RoundState
from gameserver.client import JoinFailed
from gameserver.state.errors import DeclarationError
from gameserver.testing import game

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.testing import Client, Game

pytestmark = pytest.mark.slow


class Duel(Room):
    """Notes at which ticks rounds begin and end."""

    entities = ()
    roster = Roster(PlayerState)
    state = RoundState()
    max_players = 4
    empty_close_s = 1e6
    resume_grace_s = 5

    def rounds_of(self) -> Rounds:
        return Rounds(self, countdown_s=1, play_s=3, results_s=2, start=self.start, end=self.end)

    def on_create(self, options: Mapping[str, object]) -> None:
        self.seen: list[tuple[str, int]] = []
        self.rounds = self.rounds_of()

    def start(self) -> None:
        self.seen.append(("start", self.tick))

    def end(self) -> None:
        self.seen.append(("end", self.tick))

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if not self.rounds.take(player, name, payload) and name == "win":
            self.rounds.finish()

    def on_tick(self) -> None:
        self.rounds.update()


def phase(play: Game) -> str:
    return str(play.room.state.phase)


def until(play: Game, wanted: str) -> int:
    """Let time pass until the room is in a phase, and return its tick."""
    play.until(lambda: phase(play) == wanted)
    return int(play.room.tick)


def ready(*clients: Client) -> None:
    for client in clients:
        client.send("ready")


def test_a_round_from_lobby_to_lobby() -> None:
    with game(Duel) as play:
        ada, bob = play.join(), play.join()
        play.seconds(1)
        assert (phase(play), play.room.state.ends_at_tick, ada.room.phase) == ("lobby", 0, "lobby")
        ready(ada)
        play.seconds(1)
        assert phase(play) == "lobby", "Bob is waited for"
        ready(bob)
        counting = until(play, "countdown")
        assert play.room.state.ends_at_tick == counting + 20
        playing = until(play, "playing")
        assert playing == counting + 20
        assert play.room.state.round == 1
        assert [entry.ready for entry in play.room.roster] == [False, False]
        results = until(play, "results")
        assert results == playing + 60
        assert until(play, "lobby") == results + 40
        assert play.room.seen == [("start", playing), ("end", results)]
        play.seconds(0.5)
        assert (bob.room.phase, bob.room.ends_at_tick, bob.room.round) == ("lobby", 0, 1)


def test_who_is_not_ready_any_more_stops_the_countdown() -> None:
    with game(Duel) as play:
        ada, bob = play.join(), play.join()
        ready(ada, bob)
        until(play, "countdown")
        bob.send("ready", False)
        until(play, "lobby")
        ready(bob)
        until(play, "countdown")
        bob.lose_link()
        until(play, "lobby")
        assert play.room.seen == []


def test_who_comes_during_the_countdown_does_not_stop_it() -> None:
    with game(Duel) as play:
        ada, bob = play.join(), play.join()
        ready(ada, bob)
        counting = until(play, "countdown")
        for _ in range(3):
            eve = play.join()
            play.ticks(3)
            eve.leave()
        assert until(play, "playing") == counting + 20


def test_spectators_and_players_without_a_link_are_not_waited_for() -> None:
    with game(Duel) as play:
        ada, bob, eve = play.join(), play.join(), play.join()
        watcher = play.join(role=Role.SPECTATOR)
        watcher.send("ready")
        eve.lose_link()
        ready(ada, bob)
        until(play, "playing")
        assert [entry.ready for entry in play.room.roster if entry.spectator] == [False]


def test_a_round_ends_early_when_somebody_has_won_and_when_too_few_are_left() -> None:
    with game(Duel) as play:
        ada, bob = play.join(), play.join()
        ready(ada, bob)
        until(play, "playing")
        ada.send("win")
        won = until(play, "results")
        ada.send("win")
        ready(ada, bob)
        assert until(play, "playing") > won
        assert play.room.state.round == 2, "both were ready: a rematch, without the lobby"
        bob.lose_link()
        play.seconds(2)
        assert phase(play) == "playing", "it may come back"
        bob.leave()
        until(play, "results")
        assert [name for name, _ in play.room.seen] == ["start", "end", "start", "end"]


def test_ready_means_nothing_while_a_round_is_under_way() -> None:
    with game(Duel) as play:
        ada, bob = play.join(), play.join()
        ready(ada, bob)
        until(play, "playing")
        ready(ada, bob)
        play.seconds(0.5)
        assert [entry.ready for entry in play.room.roster] == [False, False]


def test_a_room_that_needs_no_ready_begins_as_soon_as_there_are_enough_and_goes_on() -> None:
    class Rolling(Duel):
        def rounds_of(self) -> Rounds:
            return Rounds(self, min_players=1, countdown_s=0, play_s=1, results_s=1, needs_ready=False)

    with game(Rolling) as play:
        play.join()
        play.until(lambda: play.room.state.round == 3)
        assert phase(play) == "playing"
        assert play.room.tick == pytest.approx(2 * 44, abs=4), "countdown, 20 ticks, 20 ticks, lobby"


def test_a_room_that_locks_has_the_same_people_until_it_is_back_in_the_lobby() -> None:
    class Locked(Duel):
        def rounds_of(self) -> Rounds:
            return Rounds(self, countdown_s=1, play_s=None, results_s=None, locks=True)

    with game(Locked) as play:
        ada, bob = play.join(), play.join()
        ready(ada, bob)
        until(play, "countdown")
        with pytest.raises(JoinFailed):
            play.join(room=play.room.id)
        until(play, "playing")
        play.seconds(30)
        assert (phase(play), play.room.rounds.ticks_left) == ("playing", None)
        ada.send("win")
        until(play, "results")
        ready(ada, bob)
        until(play, "countdown")
        bob.leave()
        until(play, "lobby")
        assert play.join(room=play.room.id).joined


def test_whatever_players_do_the_phases_follow_each_other() -> None:
    after = {
        "lobby": {"countdown"},
        "countdown": {"lobby", "playing"},
        "playing": {"results"},
        "results": {"lobby", "countdown"},
    }
    seen = set()
    for seed in range(6):
        rng = random.Random(seed)
        with game(Duel, seed=seed) as play:
            clients = [play.join()]
            before = "lobby"
            for _ in range(400):
                client = rng.choice(clients)
                what = rng.random()
                if what < 0.03 and len(clients) < 4:
                    clients.append(play.join(room=play.room.id))
                elif what < 0.05 and len(clients) > 1:
                    client.leave()
                    clients.remove(client)
                elif what < 0.5:
                    client.send("ready", rng.random() < 0.98)
                elif what < 0.52:
                    client.send("win")
                play.ticks(1)
                now = phase(play)
                assert now == before or now in after[before], f"seed {seed}"
                assert (play.room.state.ends_at_tick > 0) is (now != "lobby")
                seen.add((before, now))
                before = now
            names = [name for name, _ in play.room.seen]
            assert names == (["start", "end"] * len(names))[: len(names)]
    assert {(one, other) for one, others in after.items() for other in others} <= seen


def test_a_declaration_that_lacks_something_says_what_to_write() -> None:
    class Bare(Room):
        entities = ()
        roster = Roster(PlayerState)

    class Alone(Room):
        entities = ()
        state = RoundState()

    for room, missing in ((Bare(), r"state = RoundState\(\)"), (Alone(), r"roster = Roster\(PlayerState\)")):
        with pytest.raises(DeclarationError, match=missing):
            Rounds(room)
    with game(Duel) as play:
        play.join()
        for wrong in ({"min_players": 0}, {"countdown_s": -1}, {"play_s": float("inf")}, {"results_s": float("nan")}):
            with pytest.raises(ValueError, match="or more"):
                Rounds(play.room, **wrong)
        with pytest.raises(ValueError, match="results_s is None: without needs_ready"):
            Rounds(play.room, needs_ready=False, results_s=None)
