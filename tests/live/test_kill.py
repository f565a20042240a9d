"""A server that is killed goes on where it was: `tests/scenarios/kill.py`, shorter."""

import pytest

from tests.scenarios.kill import Plan, run_kills

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


async def test_players_are_back_in_their_seats_after_each_kill() -> None:
    result = await run_kills(Plan(kills=4, players=6, graceful_every=4))
    assert result.wrong == []
    assert (result.kills, result.stops) == (3, 1)
    assert result.resumes >= 6 * 4
    assert result.desyncs == 0


async def test_with_workers_one_of_them_and_the_whole_server_are_killed() -> None:
    result = await run_kills(Plan(kills=2, players=4, seed=2, workers=2))
    assert result.wrong == []
    assert (result.kills, result.worker_kills) == (2, 1)
    assert result.resumes >= 4 * 2
    assert result.desyncs == 0


@pytest.mark.timeout(240)
async def test_players_keep_their_seats_while_the_number_of_workers_changes() -> None:
    result = await run_kills(Plan(kills=2, players=4, seed=3, workers=2, changing=1))
    assert result.wrong == []
    assert result.kills == 2
    assert result.resumes >= 4 * 2
    assert result.desyncs == 0
