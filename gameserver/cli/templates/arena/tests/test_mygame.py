"""The rules, tried without a socket and without waiting: a minute of play takes a moment."""

from gameserver.testing import Network, game, random_play
from mygame import SHOT_TICKS, Arena, Ship, Shot


class Duel(Arena):
    """The ships begin in a row, and look along it."""

    def place(self, ship: Ship) -> None:
        self.teleport(ship, x=100 * len(self.all(Ship)), y=300)


def test_a_shot_gives_a_point_and_puts_who_was_hit_elsewhere() -> None:
    with game(Duel) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        jumps = bob.entity.jumps
        ada.controls(fire=True)
        g.ticks(20)
        assert ada.entity.score == 1
        assert bob.entity.jumps == jumps + 1
        g.ticks(10)  # events take a moment
        assert ("hit", {"by": "Ada", "who": "Bob"}) in bob.events


def test_a_gun_takes_its_time_and_shots_end() -> None:
    with game(Arena) as g:
        ada = g.join(name="Ada")
        ada.controls(fire=True)
        g.ticks(10)
        assert len(g.room.all(Shot)) == 1
        ada.controls(fire=False)
        g.ticks(SHOT_TICKS + 10)
        assert len(g.room.all(Shot)) == 0


def test_a_ship_that_comes_in_at_the_other_side_counts_a_jump() -> None:
    with game(Duel) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        jumps = ada.entity.jumps
        ada.controls(thrust=True)
        while ada.entity.x >= 100:
            assert ada.entity.jumps == jumps
            g.ticks()
        g.ticks(10)  # states take a moment
        assert [ship.jumps for ship in bob.view.entities("Ship") if ship.name == "Ada"] == [jumps + 1]


def test_a_shot_ends_at_the_border() -> None:
    with game(Duel) as g:
        ada = g.join(name="Ada")
        ada.controls(turn=1)
        g.ticks(47)  # half a turn, to the border 100 away
        ada.controls(fire=True)
        g.ticks(2)
        ada.controls(fire=False)
        assert len(g.room.all(Shot)) == 1
        g.ticks(15)
        assert g.room.all(Shot) == []


def test_who_leaves_takes_the_ship_along() -> None:
    with game(Arena) as g:
        ada = g.join(name="Ada")
        g.join(name="Bob")
        ada.leave()
        g.seconds(1)
        assert [ship.name for ship in g.room.all(Ship)] == ["Bob"]


def test_flying_is_predicted_without_corrections() -> None:
    with game(Arena, network=Network(delay_ms=100, jitter_ms=20)) as g:
        ada = g.join(name="Ada")
        g.seconds(2)
        for tick in range(240):
            ada.controls(turn=(tick // 30) % 3 - 1, thrust=tick % 60 < 40)
            g.ticks()
        assert ada.corrections == 0


def test_nothing_that_players_do_ends_the_room() -> None:
    random_play(Arena, players=5, ticks=600)
