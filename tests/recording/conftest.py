"""One recorded game, shared by all tests of recordings."""

import pytest

from gameserver.games.arena import Arena
from gameserver.room.kind import Kind, make_kind
from tests.support.recorded_game import recorded_game


@pytest.fixture(scope="session")
def arena_kind() -> Kind:
    return make_kind(Arena)


@pytest.fixture(scope="session")
def recorded() -> bytes:
    return recorded_game()
