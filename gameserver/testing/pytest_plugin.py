"""A pytest plugin: the fixture `play`. Name it in your `conftest.py`:

    pytest_plugins = ["gameserver.testing.pytest_plugin"]

It is not loaded by itself, since pytest would then import the package before it has read where tests import it from.

    def test_two_players_meet(play):
        g = play(Tag, seed=3)
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        g.ticks(60)
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.testing.game import Game

__all__ = ["play"]


@pytest.fixture
def play() -> Iterator[Callable[..., Game]]:
    """Make games that are checked at the end of the test; the arguments are those of `gameserver.testing.game`.

    Yields:
        The function that makes one.
    """
    from gameserver.testing import game  # only where a test asks for it: other tests' start is not to cost more

    with ExitStack() as games:
        yield lambda *kinds, **options: games.enter_context(game(*kinds, **options))
