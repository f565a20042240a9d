"""Test a game without sockets and without waiting: real rooms, real clients, and a network in memory with a fake clock.

    from gameserver.testing import game

    def test_a_dot_moves():
        with game(Tag) as g:
            ada = g.join(name="Ada")
            ada.controls(dx=1)
            g.ticks(20)
            assert ada.entity.x > 0

At the end of the block everything that the clients received is checked, and the recorded game is run again: rules that
are not deterministic fail the test. `random_play` plays a whole room at random.
"""

from gameserver.testing.client import Client
from gameserver.testing.game import Game, game
from gameserver.testing.network import Network
from gameserver.testing.random_play import Played, random_play

__all__ = ["Client", "Game", "Network", "Played", "game", "random_play"]
