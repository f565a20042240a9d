"""The rules, tried without a socket and without waiting: a minute of play takes a moment."""

from gameserver.testing import Network, game, random_play
from mygame import Dot, Tag


def test_the_first_player_is_it() -> None:
    with game(Tag) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        assert (ada.entity.it, bob.entity.it) == (True, False)


def towards(distance: float) -> int:
    """The way to go, if what is there is so far away; 0 when it is near."""
    return 0 if abs(distance) < 8 else 1 if distance > 0 else -1


def test_who_is_caught_is_it_and_everybody_hears_of_it() -> None:
    with game(Tag) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        while ada.entity.it:
            ada.controls(dx=towards(bob.entity.x - ada.entity.x), dy=towards(bob.entity.y - ada.entity.y))
            g.ticks()
        assert bob.entity.it
        g.ticks(10)  # events take a moment
        assert ("caught", {"by": "Ada", "who": "Bob"}) in bob.events


def test_when_who_is_it_leaves_another_one_is_it() -> None:
    with game(Tag) as g:
        ada = g.join(name="Ada")
        g.join(name="Bob")
        ada.leave()
        g.seconds(1)
        assert [dot.it for dot in g.room.all(Dot)] == [True]


def test_moving_is_predicted_without_corrections() -> None:
    with game(Tag, network=Network(delay_ms=100, jitter_ms=20)) as g:
        ada = g.join(name="Ada")
        g.seconds(2)
        for tick in range(240):
            ada.controls(dx=(tick // 30) % 3 - 1)
            g.ticks()
        assert ada.corrections == 0


def test_nothing_that_players_do_ends_the_room() -> None:
    random_play(Tag, players=5, ticks=600)
